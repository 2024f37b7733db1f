"""Metrics of outbound messages. No label holds a number, a body or an id."""

from prometheus_client import Counter, Gauge

OLDEST_WAITING = Gauge(
    "maskline_oldest_waiting_text_seconds",
    "Age of the oldest text that is not sent yet, 0 if there is none; the same of every replica.",
    ["pool"],
)

WAITING = Gauge(
    "maskline_waiting_texts", "Texts that are not sent yet; the same of every replica.", ["pool"]
)

DEAD_LETTERS = Gauge(
    "maskline_dead_letters",
    "Texts that could not be processed; the same of every replica.",
    ["pool"],
)

FORGOTTEN = Counter(
    "maskline_dead_letters_forgotten",
    "Dead letters that nobody replayed or dropped in time.",
    ["pool"],
)

SETTLED = Counter(
    "maskline_texts_settled",
    "Texts that are not owed any more, by how far they got; DEAD for new dead letters.",
    ["pool", "state"],
)

RESOLVED = Counter(
    "maskline_unknown_resolved",
    "Sends whose answer was lost, by how it was found out what became of them.",
    ["pool", "resolution"],
)
