"""What reaches the carrier, and the effects of its refusals and failures."""

from model.reference.lifecycle import end_all, expire
from model.reference.records import ExpectedMessage
from model.reference.state import Model

from conversation_service.domain.templates.catalog import Template


def deliver(model: Model) -> list[ExpectedMessage]:
    """Empties the outbox; returns what the carrier accepts, in order."""
    sent = []
    while model.outbox:
        message = model.outbox.pop(0)
        if message.to in model.opted_out and not message.reaches_opted_out:
            continue
        if message.to not in model.carrier_blocked:
            sent.append(message)
            continue
        model.pools[message.pool].carrier_blocks.add((message.number, message.to))
        if message.to not in model.opted_out:
            model.opted_out[message.to] = "carrier"
            end_all(model, message.to)
    return sent


def fail(model: Model, message: ExpectedMessage) -> None:
    """A delivery failed: its author gets a notice if they are still in that conversation."""
    pool, author = model.pools[message.pool], message.author
    expire(model)
    if not author or author in model.opted_out or message.number not in pool.numbers:
        return
    is_current = model.current(pool, message.number, author) is message.conversation
    if is_current and pool.limits_of(author).may_send_failure_notice(model.now):
        model.notify(message.number, author, Template.NOT_DELIVERED, message.conversation)


def body_of(model: Model, message: ExpectedMessage) -> str:
    """The body as the carrier receives it."""
    if message.template is None:
        return message.body
    catalog = model.pools[message.pool].catalog
    body = catalog.render(
        message.template,
        code=message.conversation.code if message.conversation else "",
        span=message.duration,
        receipt=message.erasure_id,
    )
    if not message.tells_of_files:
        return body
    return f"{body} {catalog.render(Template.ATTACHMENT_NOT_PASSED_ON)}"
