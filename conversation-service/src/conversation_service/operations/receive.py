"""Inbound texts, in batches that may concern several pools."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from conversation_service.domain.change import Line
from conversation_service.domain.errors import UnknownMaskedNumber
from conversation_service.domain.receive_text import ReceiveText
from conversation_service.operations.directory import Directory, OpenPool
from conversation_service.operations.executor import Result
from conversation_service.operations.people import People


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text as the carrier handed it in, well-formed."""

    carrier_message_id: str
    from_number: str = field(repr=False)
    to_number: str
    body: str = field(repr=False)
    has_attachments: bool


async def receive(
    directory: Directory, people: People, inbound: Sequence[InboundText]
) -> list[Result]:
    """Carries out each text in its number's pool; answers in the order given."""
    results: dict[int, Result] = {}
    by_pool: dict[OpenPool, dict[int, ReceiveText]] = defaultdict(dict)
    for at, text in enumerate(inbound):
        try:
            pool = directory.owner(text.to_number)
        except UnknownMaskedNumber as refusal:
            results[at] = refusal
        else:
            by_pool[pool][at] = _intent(pool, people, text)
    for carried in await asyncio.gather(*(_run(*one) for one in by_pool.items())):
        results |= carried
    return [results[at] for at in range(len(inbound))]


async def _run(pool: OpenPool, intents: dict[int, ReceiveText]) -> dict[int, Result]:
    results = await pool.executor.run_all(list(intents.values()))
    return dict(zip(intents, results, strict=True))


def _intent(pool: OpenPool, people: People, text: InboundText) -> ReceiveText:
    person = people.person(pool.pool.name, text.from_number)
    return ReceiveText(
        carrier_message_id=text.carrier_message_id,
        line=Line(text.to_number, person),
        body=text.body,
        has_attachments=text.has_attachments,
        words=pool.pool.words,
    )
