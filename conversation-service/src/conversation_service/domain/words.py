"""The words that are commands. A pool may choose others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Whole messages that mean something, in lower case.

    Opt-out words follow 47 CFR 64.1200(a)(10) and the carriers' lists, "end" excepted: it ends a
    conversation, and every ending says how to opt out.
    """

    start: tuple[str, ...] = ("start",)
    join: tuple[str, ...] = ("join",)
    end: tuple[str, ...] = ("end", "bye", "leave")
    help: tuple[str, ...] = ("help", "info")
    opt_out: tuple[str, ...] = (
        "stop",
        "stopall",
        "unsubscribe",
        "cancel",
        "quit",
        "revoke",
        "optout",
        "opt out",
    )
    opt_in: tuple[str, ...] = ("unstop",)
