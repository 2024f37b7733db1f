"""What each text does, by where its sender stands (DESIGN.md, section 7)."""

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.templates.catalog import Template

from model.reference.erasure import erased, receipt_of
from model.reference.lifecycle import begin, end, end_all, expire, let_in
from model.reference.inbound_context import Scene, Text
from model.reference.state import NO_TIME, Model
from model.reference.active_sender import from_talking, from_waiting


def receive(model: Model, text: Text) -> str:
    """Takes a text; answers how it was taken."""
    pool = model.pool_of(text.number)
    if pool is None:
        is_known = any(text.text_id in one.taken for one in model.pools.values())
        return "REPEATED_OR_UNKNOWN" if is_known else "UNKNOWN_MASKED_NUMBER"
    if text.text_id in pool.taken:
        return "REPEATED"
    pool.taken.add(text.text_id)
    expire(model)
    _decide(Scene(model, pool, text))
    return "ACCEPTED"


def follow(model: Model, text: Text) -> None:
    """What a text does elsewhere, once all that came with it have been taken.

    An opt-out ends conversations on other numbers too, as long as it stands.
    """
    if text.text_id in model.erasing:
        erased(model, text.person, receipt_of(OptOutSource.TEXT, text.text_id))
    elif model.opted_out.get(text.person) == text.text_id:
        end_all(model, text.person)


def _decide(scene: Scene) -> None:
    talk = scene.live
    if scene.kind is Keyword.ERASE:
        _erase(scene)
    elif scene.text.person in scene.model.opted_out:
        _from_opted_out(scene)
    elif scene.opts_out:
        _opt_out(scene)
    elif talk is None:
        _from_stranger(scene)
    elif talk.is_waiting:
        from_waiting(scene, talk)
    else:
        from_talking(scene, talk)


def _opt_out(scene: Scene) -> None:
    """One confirmation, unless the carrier sends its own; the partner is told neutrally."""
    model, text, talk = scene.model, scene.text, scene.live
    model.opted_out[text.person] = text.text_id
    confirmation = [] if text.body.lower() == "stop" else [Template.OPTED_OUT]
    if talk is not None:
        end(model, talk, "OPTED_OUT", text.person, confirmation)
    elif confirmation:
        model.tell(text.number, text.person, Template.OPTED_OUT)


def _erase(scene: Scene) -> None:
    """One confirmation with its receipt, unless they had opted out; the rest follows."""
    model, text, talk = scene.model, scene.text, scene.live
    had_opted_out = text.person in model.opted_out
    model.opted_out.setdefault(text.person, text.text_id)
    model.erasing.add(text.text_id)
    model.receipts[text.person] = receipt_of(OptOutSource.TEXT, text.text_id)
    confirmation = [] if had_opted_out else [Template.ERASED]
    if talk is not None:
        end(model, talk, "OPTED_OUT", text.person, confirmation)
    elif confirmation:
        model.tell(text.number, text.person, Template.ERASED)


def _from_opted_out(scene: Scene) -> None:
    """Silence, until they opt in again."""
    model, text, talk = scene.model, scene.text, scene.live
    if text.kind not in (Keyword.START, Keyword.YES, Keyword.OPT_IN):
        if talk is not None:
            end(model, talk, "OPTED_OUT", text.person, ())
        return
    del model.opted_out[text.person]
    if text.kind is Keyword.START and talk is None:
        _from_stranger(scene)
    else:
        model.tell(text.number, text.person, Template.OPTED_IN)


def _from_stranger(scene: Scene) -> None:
    model, text = scene.model, scene.text
    ended = model.cooling(scene.pool, text.number, text.person)
    rest = model.rest(scene.pool, text.number, text.person)
    if text.kind is Keyword.HELP:
        scene.answer(Template.HELP)
    elif text.kind is Keyword.OPT_IN:
        pass
    elif ended is not None:
        scene.answer(Template.JUST_ENDED, span=model.cool_off_left_of(scene.pool, ended))
    elif rest > NO_TIME:
        scene.answer(Template.JUST_ENDED, span=rest)
    elif text.kind is Keyword.START:
        _start(scene)
    elif text.kind is Keyword.JOIN:
        _join(scene)
    elif scene.conduct.takes_help(model.now):
        model.tell(text.number, text.person, Template.HELP)


def _start(scene: Scene) -> None:
    """A code that nobody is told is of no use."""
    model, text = scene.model, scene.text
    if not scene.pool.numbers[text.number].accepts_new:
        scene.answer(Template.NO_NEW_HERE)
    elif scene.conduct.takes_reply(model.now):
        talk = begin(model, scene.pool.name, text.number, [text.person])
        lifetime = scene.pool.settings.code_lifetime
        model.tell(text.number, text.person, Template.CODE, talk, lifetime)


def _join(scene: Scene) -> None:
    model, text, pool = scene.model, scene.text, scene.pool
    if scene.conduct.is_locked(model.now):
        return
    talk = model.invitation(pool, text.argument)
    if talk is None or talk.number != text.number or not pool.may_meet(talk.people[0], text.person):
        _wrong_code(scene)
        return
    scene.answer(Template.YOU_JOINED, talk)
    let_in(model, talk, text.person)
    model.tell(text.number, talk.people[0], Template.SOMEBODY_JOINED, talk)


def _wrong_code(scene: Scene) -> None:
    """The same answer for wrong, used, expired and out of reach; then silence."""
    scene.conduct.guesses_wrong(scene.model.now)
    if scene.guessed_too_often():
        scene.conduct.takes_reply(scene.model.now)
    else:
        scene.answer(Template.CODE_NOT_VALID)
