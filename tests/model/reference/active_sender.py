"""Texts of people who are in a conversation of the model."""

from datetime import timedelta

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.pool import PausePolicy
from conversation_service.domain.templates.catalog import Template

from model.reference.lifecycle import end, ending_words, talked
from model.reference.inbound_context import Scene
from model.reference.records import Talk

HELD_LIMIT = 50
# Two machines that answer each other are stopped at the eighth repetition.
LOOP_LENGTH = 8
LOOP_PAUSE = timedelta(minutes=3)
CODE_LENGTH = 6
FILE_REFUSED = Template.ATTACHMENT_NOT_PASSED_ON


def from_waiting(scene: Scene, talk: Talk) -> None:
    """The same code again, the end of it, help; anything else: nobody has joined."""
    kind, argument = scene.text.kind, scene.text.argument
    if kind is Keyword.END and argument in ("", talk.code):
        _end(scene, talk)
        return
    if kind is Keyword.OPT_IN:
        return
    template = {Keyword.START: Template.CODE, Keyword.HELP: Template.HELP}.get(kind)
    if kind is Keyword.JOIN and argument and argument == talk.code:
        template = Template.OWN_CODE
    left = talk.next_end - scene.model.now
    scene.answer(template or Template.STILL_WAITING, talk, left)


def from_talking(scene: Scene, talk: Talk) -> None:
    """A command does what it says; everything else is passed on as it is."""
    argument = scene.text.argument
    match scene.kind:
        case Keyword.START:
            scene.answer(Template.ALREADY_TALKING, talk)
        case Keyword.JOIN if len(argument) == CODE_LENGTH:
            scene.answer(Template.ALREADY_TALKING, talk)
        case Keyword.HELP:
            scene.answer(Template.HELP, talk)
        case Keyword.END if argument in ("", talk.code):
            _end(scene, talk)
        case Keyword.END:
            scene.answer(Template.END_OF_ANOTHER, talk)
        case Keyword.BLOCK:
            _block(scene, talk)
        case Keyword.REPORT:
            talk.is_reported = True
            scene.answer(Template.REPORTED, talk)
        case Keyword.OPT_IN:
            pass
        case _:
            _relay(scene, talk)


def _end(scene: Scene, talk: Talk) -> None:
    reason = "PARTICIPANT_ENDED"
    farewell = scene.farewell(ending_words(talk, reason))
    end(scene.model, talk, reason, scene.text.person, farewell)


def _block(scene: Scene, talk: Talk) -> None:
    """It is over, and the two never meet again."""
    people, others = frozenset(talk.people), scene.model.live_talks()
    scene.pool.spared |= {one.conversation_id for one in others if people == set(one.people)}
    scene.pool.blocked.add(people)
    farewell = scene.farewell(Template.BLOCKED)
    end(scene.model, talk, "BLOCKED", scene.text.person, farewell)


def _relay(scene: Scene, talk: Talk) -> None:
    text = scene.text
    if not text.passed.strip():
        scene.answer(FILE_REFUSED if text.keeps_files_back else Template.EMPTY, talk)
    elif talk.is_paused:
        _hold(scene, talk)
    elif _goes_round(scene, talk):
        scene.answer(Template.LOOP_STOPPED, talk)
    else:
        scene.model.accept(talk, text.person, text.body)
        scene.model.relay(talk, text.person, text.passed)
        if text.keeps_files_back:
            scene.answer(FILE_REFUSED, talk)
        talked(scene.model, talk)


def _hold(scene: Scene, talk: Talk) -> None:
    if not may_hold(scene.pool.settings.pause_policy, talk):
        scene.answer(Template.PAUSED_REFUSED, talk)
        return
    if not talk.has_held(scene.text.person):
        scene.answer(Template.PAUSED_HELD, talk)
    if scene.text.keeps_files_back:
        scene.answer(FILE_REFUSED, talk)
    scene.model.accept(talk, scene.text.person, scene.text.body)
    talk.held.append((scene.text.person, scene.text.passed))
    talked(scene.model, talk)


def may_hold(policy: PausePolicy, talk: Talk) -> bool:
    """Whether a paused conversation keeps another text."""
    return policy is PausePolicy.HOLD and len(talk.held) < HELD_LIMIT


def _goes_round(scene: Scene, talk: Talk) -> bool:
    """Whether two machines seem to answer each other; if not, the turn is remembered."""
    text, now = scene.text, scene.model.now
    is_turn = talk.speaker != text.person and talk.last_message is not None
    is_quick = talk.last_message is not None and now - talk.last_message <= LOOP_PAUSE
    is_same = text.body.strip() != "" and talk.said.get(text.person) == text.body
    repeats = is_turn and is_quick and is_same
    rounds = talk.rounds + 1 if repeats else 0
    if rounds >= LOOP_LENGTH:
        return True
    talk.said[text.person], talk.speaker, talk.rounds = text.body, text.person, rounds
    return False
