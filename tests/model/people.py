"""People, masked numbers and two pools with different settings."""

import re
from datetime import timedelta

from conversation_service.domain.model.pool import (
    ConsentSettings,
    KeywordSettings,
    LifecycleSettings,
    MaskedNumber,
    NumberPreference,
    PausePolicy,
    PoolSettings,
    RelaySettings,
    RetentionSettings,
    SeededPool,
)

# Every duration and every move of the clock is a multiple of this, so that expiry in Redis can
# follow exactly (redis_time.py).
TICK = timedelta(minutes=5)

PEOPLE = (
    "+14255550111",
    "+14255550122",
    "+13605550133",
    "+14255550144",
    "+13605550155",
    "+12065550166",
)
FIRST, SECOND, RESERVED = "+12065550100", "+12065550101", "+12065550102"
ELSEWHERE, SPARE = "+13605550103", "+14255550104"
NUMBERS = (FIRST, SECOND, RESERVED, ELSEWHERE, SPARE)

MAIN = SeededPool(
    "main",
    PoolSettings(
        operator_name="Model exchange",
        contact="help@example.org",
        lifecycle=LifecycleSettings(
            join_code_lifetime=3 * TICK,
            idle_timeout=6 * TICK,
            max_lifetime=8 * TICK,
            expiry_warning_lead=3 * TICK,
            cool_off=2 * TICK,
            reopen_window=4 * TICK,
        ),
        retention=RetentionSettings(conversations=12 * TICK),
        consent=ConsentSettings(max_openings_per_day=3, reopen_pause=3 * TICK),
    ),
    (MaskedNumber(FIRST), MaskedNumber(SECOND), MaskedNumber(RESERVED, is_reserved=True)),
)
# It begins with the other choice everywhere, and does not let numbers erased_cool_off.
EAST = SeededPool(
    "east",
    PoolSettings(
        operator_name="Modelo del este",
        contact="ayuda@example.org",
        language="es",
        lifecycle=LifecycleSettings(
            join_code_lifetime=TICK,
            idle_timeout=4 * TICK,
            max_lifetime=5 * TICK,
            cool_off=timedelta(0),
            reopen_window=2 * TICK,
        ),
        retention=RetentionSettings(conversations=12 * TICK),
        relay=RelaySettings(
            number_preference=NumberPreference.AVOID_STICKY,
            pause_policy=PausePolicy.REFUSE,
            max_messages_per_minute=2,
            max_messages_per_day=4,
        ),
        consent=ConsentSettings(max_openings_per_day=1000, reopen_pause=timedelta(0)),
        keywords=KeywordSettings(
            block_enabled=False, report_enabled=False, erase_enabled=True, end_opts_out=True
        ),
    ),
    (MaskedNumber(ELSEWHERE),),
)
POOLS = (MAIN, EAST)

# In every body of a person or client, and in nothing else. No number is used twice.
MARK = re.compile(r"~w(\d+)~")
