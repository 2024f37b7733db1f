"""What Maskline itself says: plain ASCII, one segment of 160 characters in its default form."""

from datetime import timedelta

from conversation_service.domain.pool import Pool

_AFTERWARDS = "Text START for a new one, or STOP to get no more texts."


def code(pool: Pool, code: str) -> str:
    """To somebody who started."""
    return (
        f"Your code is {code}. The other person texts JOIN {code} to this number within "
        f"{_spoken(pool.code_lifetime)}. END to cancel."
    )


def still_waiting(code: str) -> str:
    """To somebody who texts before anyone has joined."""
    return (
        f"Nobody has joined yet. Your code is {code}: the other person texts JOIN {code} to this "
        "number. END to cancel."
    )


def somebody_joined() -> str:
    """To the one who started."""
    return (
        "The other person has joined. What you text here goes to them; neither of you sees the "
        "other's number. END to end it, STOP to stop all texts."
    )


def you_joined() -> str:
    """To the one who joined."""
    return (
        "You have joined. What you text here goes to the other person; neither of you sees the "
        "other's number. END to end it, STOP to stop all texts."
    )


def already_talking() -> str:
    """To somebody who starts or joins while talking."""
    return "You are in a conversation here. Text END to end it first, then START or JOIN."


def own_code(code: str) -> str:
    """To somebody who joins their own code."""
    return f"That is your own code. The other person texts JOIN {code} to this number."


def code_not_valid() -> str:
    """To somebody whose code is wrong, used or expired: the same words for all."""
    return "That code does not work. Ask for a new one, or text START for a code of your own."


def end_of_another() -> str:
    """To somebody who wants to end with another conversation's code."""
    return "That is not the code of this conversation. Text END to end it."


def ended() -> str:
    """To both when a conversation is over, and neutral about who ended it."""
    return f"The conversation has ended. {_AFTERWARDS}"


def cancelled() -> str:
    """To somebody who ended before anyone joined."""
    return f"Your code no longer works. {_AFTERWARDS}"


def code_expired() -> str:
    """To somebody whose code nobody used in time."""
    return f"Nobody joined in time and your code has expired. {_AFTERWARDS}"


def idle_expired() -> str:
    """To both when nobody texted for long."""
    return f"The conversation has ended, as nobody texted for a while. {_AFTERWARDS}"


def help_text(pool: Pool) -> str:
    """Who runs this, the commands, how to opt out."""
    return (
        f"{pool.operator}: START for a code to give to somebody, JOIN and a code to talk with "
        "who gave it, END to end. STOP for no more texts."
    )


def opted_out() -> str:
    """The one confirmation the rules allow (47 CFR 64.1200(a)(12))."""
    return "You get no more texts from here, unless you text START."


def empty() -> str:
    """To somebody whose text has nothing in it."""
    return "Your text was empty, so nothing was passed on."


def no_attachments() -> str:
    """To somebody who sends a picture."""
    return "Pictures and files cannot be passed on here, only text."


def _spoken(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    if minutes < 120:
        return f"{minutes} minutes" if minutes > 1 else "a minute"
    return f"{round(minutes / 60)} hours"
