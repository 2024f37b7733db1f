"""Batches in which some items are refused before the rest is carried out."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from conversation_service.domain.errors import InvalidArgument

Item = TypeVar("Item")
Result = TypeVar("Result")


async def carry_out_valid(
    items: Sequence[Item | InvalidArgument],
    carry_out: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
) -> list[Result | InvalidArgument]:
    """Carries out the well-formed items together; each item's answer is at its own place."""
    valid = [item for item in items if not isinstance(item, InvalidArgument)]
    results = iter(await carry_out(valid) if valid else ())
    return [item if isinstance(item, InvalidArgument) else next(results) for item in items]
