"""Metrics of outbound messages. No label holds a number, a body or an id."""

from prometheus_client import Counter, Gauge

OLDEST_WAITING = Gauge(
    "maskline_oldest_waiting_text_seconds",
    "Age of the oldest message that is not sent yet, 0 if there is none; the same of all replicas.",
    ["pool"],
)

WAITING = Gauge(
    "maskline_waiting_texts", "Messages that are not sent yet; the same of every replica.", ["pool"]
)

DEAD_LETTERS = Gauge(
    "maskline_dead_letters",
    "Messages that could not be processed; the same of every replica.",
    ["pool"],
)

EXPIRED_DEAD_LETTERS = Counter(
    "maskline_dead_letters_forgotten",
    "Dead letters that were neither replayed nor dropped in time.",
    ["pool"],
)

SETTLED = Counter(
    "maskline_texts_settled",
    "Messages that were settled, by their final state; DEAD for new dead letters.",
    ["pool", "state"],
)

RESOLVED = Counter(
    "maskline_unknown_resolved",
    "Uncertain sends that were resolved, by the way of their resolution.",
    ["pool", "resolution"],
)
