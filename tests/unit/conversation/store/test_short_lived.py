"""Values in memory: dropped after their time even if nobody asks for them."""

import gc
import weakref

from conversation_service.store.short_lived import LIMIT, ShortLived
from support.eventually import eventually


class Secret:
    """Something that must not stay in memory."""


async def test_a_value_is_kept_until_it_is_taken() -> None:
    values = ShortLived[str, str]()
    values.keep("a", "first")
    values.keep("a", "second")
    assert values.get("a") == "second"
    assert values.pop("a") == "second"
    assert values.get("a") is None
    assert values.pop("a") is None


async def test_a_value_leaves_the_memory_without_being_asked_for() -> None:
    values = ShortLived[str, Secret](life_seconds=0.0)
    secret = Secret()
    reference = weakref.ref(secret)
    values.keep("a", secret)
    assert values.get("a") is secret
    del secret

    async def is_gone() -> bool:
        gc.collect()
        return reference() is None

    await eventually(is_gone)
    assert values.get("a") is None


async def test_no_more_values_are_kept_than_the_limit_allows() -> None:
    values = ShortLived[int, int]()
    for number in range(LIMIT + 1):
        values.keep(number, -1)
    assert values.get(LIMIT - 1) == -1
    assert values.get(LIMIT) is None
