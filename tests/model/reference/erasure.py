"""What goes when a person is erased, and what stays."""

from conversation_service.domain.model.consent import OptOutSource
from support.conversations import VAULT

from model.people import MARK
from model.reference.lifecycle import end_all, expire
from model.reference.state import NO_TIME, Model
from model.reference.records import Erased, Out, Talk


def receipt_of(source: OptOutSource, name: str) -> str:
    """How the erasure is called that a text or a call asks for."""
    return VAULT.blind("erasure", source.value, name)


def erased_by_call(model: Model, person: str, receipt: str) -> None:
    """The person is told nothing; the call itself opts them out."""
    expire(model)
    model.opted_out.setdefault(person, receipt)
    erased(model, person, receipt)


def erased(model: Model, person: str, receipt: str) -> None:
    """Once for each receipt. Who has opted in again since keeps what they have begun."""
    if receipt in model.erasures:
        return
    opts_in = person not in model.opted_out
    if not opts_in:
        end_all(model, person)
        model.opted_out[person] = receipt
    gone = [one for one in model.talks if person in one.people and not one.is_live]
    dropped = [out for out in model.outbox if _goes(out, person, gone, opts_in)]
    for out in dropped:
        model.outbox.remove(out)
        for mark in MARK.findall(out.words):
            model.spoken.pop(mark, None)
    for talk in gone:
        _forget(model, talk)
    model.erasures[receipt] = Erased(model.now, len(gone), len(dropped))


def _goes(out: Out, person: str, gone: list[Talk], opts_in: bool) -> bool:
    """Whether a text is dropped: to them, or their words to somebody in what goes."""
    if out.reaches_opted_out:
        return False
    is_of_theirs = out.talk in gone
    return (out.to == person and (is_of_theirs or not opts_in)) or (
        out.author == person and is_of_theirs
    )


def _forget(model: Model, talk: Talk) -> None:
    """For both of its people. Its number rests as if it were there."""
    pool = model.pools[talk.pool]
    model.talks.remove(talk)
    model.relayed[talk.pool] -= talk.relayed
    if len(talk.people) < 2:
        return
    pool.last_numbers.pop(frozenset(talk.people), None)
    for person in talk.people:
        line = (talk.pool, talk.number, person)
        assert talk.end_time is not None
        until = talk.end_time + pool.settings.cool_off
        if pool.settings.cool_off > NO_TIME and model.live(talk.number, person) is None:
            model.rests[line] = max(until, model.rests.get(line, until))
