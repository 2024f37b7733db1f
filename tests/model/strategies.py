"""What may be drawn: people, numbers, words, wishes, spans."""

from hypothesis import strategies as st

from conversation_service.domain.keywords.keywords import Kind
from conversation_service.domain.model.pool import NumberPreference

from .beginnings import Wanted
from .cast import NUMBERS, PEOPLE, POOLS, TICK
from .scene import PICTURE

# The how-manieth of whatever there is then, counted round and round.
PICKS = st.integers(0, 63)
PERSONS = st.sampled_from(PEOPLE)
PAIRS = st.permutations(PEOPLE).map(lambda people: people[:2])
POOL_NAMES = st.sampled_from([pool.name for pool in POOLS])
MASKED = st.sampled_from(NUMBERS)
# What people mean, and how they write it.
COMMANDS = st.sampled_from(
    [
        (Kind.START, "start"),
        (Kind.START, "  Start! "),
        (Kind.START, "START"),
        (Kind.END, "end"),
        (Kind.END, "Bye."),
        (Kind.OPT_OUT, "quit"),
        (Kind.OPT_OUT, "STOP"),
        (Kind.OPT_IN, "unstop"),
        (Kind.YES, "yes"),
        (Kind.HELP, "help"),
        (Kind.BLOCK, "block"),
        (Kind.REPORT, "report"),
        (Kind.ERASE, "erase my data"),
        (Kind.ERASE, " Delete my DATA! "),
        (Kind.TALK, "   "),
    ]
)
TALK = st.sampled_from(
    [
        (Kind.TALK, "{}"),
        (Kind.TALK, "{} \U0001f44b ¿qué tal?"),
        (Kind.TALK, "start the car {}"),
        (Kind.TALK, "stop {}"),
        (Kind.TALK, "end {}"),
        (Kind.JOIN, "join {}"),
    ]
)
FILES = st.sampled_from([(), (PICTURE,), (PICTURE,) * 2, ("text/x-vcard",), (PICTURE, "x/y")])
WANTED = st.builds(
    Wanted,
    number=st.sampled_from(["", "", "", *NUMBERS]),
    unique_name=st.sampled_from(["", "", "", "order 7", "order 8"]),
    preference=st.sampled_from([None, *NumberPreference]),
    allows_reserved=st.booleans(),
)
SPANS = st.sampled_from([1, 2, 3, 6, 12]).map(lambda ticks: ticks * TICK)
SWITCHES = st.sampled_from(
    ["pause_policy", "allows_block", "allows_report", "allows_erase", "end_opts_out"]
)
WRONG_CODE = "AAAAA2"
