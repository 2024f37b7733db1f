"""What the carrier is handed in the end, and what its refusals bring about."""

from conversation_service.domain.templates.catalog import Template

from model.reference.lifecycle import end_all, expire
from model.reference.state import Model
from model.reference.records import Out


def deliver(model: Model) -> list[Out]:
    """Empties the outbox; answers what is really sent, in order."""
    sent = []
    while model.outbox:
        out = model.outbox.pop(0)
        if out.to in model.opted_out and not out.reaches_opted_out:
            continue
        if out.to not in model.carrier_blocked:
            sent.append(out)
        elif out.to not in model.opted_out:
            model.opted_out[out.to] = "carrier"
            end_all(model, out.to)
    return sent


def fail(model: Model, out: Out) -> None:
    """A text did not reach its handset: who wrote it is told, if that still is about anything."""
    pool = model.pools[out.pool]
    expire(model)
    if not out.author or out.author in model.opted_out or out.number not in pool.numbers:
        return
    is_present = model.occupant(pool, out.number, out.author) is out.talk
    if is_present and pool.conduct(out.author).hears_of_failure(model.now):
        model.tell(out.number, out.author, Template.NOT_DELIVERED, out.talk)


def body(model: Model, out: Out) -> str:
    """The words that arrive."""
    if out.template is None:
        return out.words
    pool = model.pools[out.pool]
    code = out.talk.code if out.talk else ""
    return pool.speech.say(out.template, code=code, span=out.span, receipt=out.receipt)
