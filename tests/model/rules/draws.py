"""What may be drawn: people, numbers, words, wishes, spans."""

from hypothesis import strategies as st

from conversation_service.domain.keywords.keywords import Keyword
from conversation_service.domain.model.pool import NumberPreference

from model.reference.start import Wanted
from model.people import NUMBERS, PEOPLE, POOLS, TICK
from model.reference.inbound_context import PICTURE

# The how-manieth of whatever there is then, counted round and round.
PICKS = st.integers(0, 63)
PERSONS = st.sampled_from(PEOPLE)
PAIRS = st.permutations(PEOPLE).map(lambda people: people[:2])
POOL_NAMES = st.sampled_from([pool.name for pool in POOLS])
MASKED = st.sampled_from(NUMBERS)
# What people mean, and how they write it.
COMMANDS = st.sampled_from(
    [
        (Keyword.START, "start"),
        (Keyword.START, "  Start! "),
        (Keyword.START, "START"),
        (Keyword.END, "end"),
        (Keyword.END, "Bye."),
        (Keyword.OPT_OUT, "quit"),
        (Keyword.OPT_OUT, "STOP"),
        (Keyword.OPT_IN, "unstop"),
        (Keyword.YES, "yes"),
        (Keyword.HELP, "help"),
        (Keyword.BLOCK, "block"),
        (Keyword.REPORT, "report"),
        (Keyword.ERASE, "erase my data"),
        (Keyword.ERASE, " Delete my DATA! "),
        (Keyword.TALK, "   "),
    ]
)
TALK = st.sampled_from(
    [
        (Keyword.TALK, "{}"),
        (Keyword.TALK, "{} \U0001f44b ¿qué tal?"),
        (Keyword.TALK, "start the car {}"),
        (Keyword.TALK, "stop {}"),
        (Keyword.TALK, "end {}"),
        (Keyword.JOIN, "join {}"),
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
