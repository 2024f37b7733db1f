"""English: the keywords and system messages of a pool that chooses no others."""

from conversation_service.domain.keywords.keywords import Keywords
from conversation_service.domain.templates.catalog import DurationFormat, Language, Template

_AFTERWARDS = "Text {start} for a new one, or {stop} to get no more texts."

_WHILE_TALKING = "{end} to end it, {stop} to stop all texts."

_UNSEEN = "neither of you sees the other's number."

ENGLISH = Language(
    keywords=Keywords(),
    durations=DurationFormat(minute="a minute", minutes="minutes", hours="hours", days="days"),
    templates={
        Template.CODE: "Your code is {code}. The other person texts {join} {code} to this number "
        "within {span}. {end} to cancel.",
        Template.STILL_WAITING: "Nobody has joined yet. Your code is {code}: the other person "
        "texts {join} {code} to this number. {end} to cancel.",
        Template.SOMEBODY_JOINED: "The other person has joined. What you text here goes to them; "
        f"{_UNSEEN} {_WHILE_TALKING}",
        Template.YOU_JOINED: "You have joined. What you text here goes to the other person; "
        f"{_UNSEEN} {_WHILE_TALKING}",
        Template.OPENED: "{operator}: your texts here reach the other person; neither sees the "
        "other's number. {end} to end, {stop} to stop all texts.",
        Template.ALREADY_TALKING: "You are in a conversation here. Text {end} to end it first, "
        "then {start} or {join}.",
        Template.OWN_CODE: "That is your own code. The other person texts {join} {code} to this "
        "number.",
        Template.CODE_NOT_VALID: "That code does not work. Ask for a new one, or text {start} for "
        "a code of your own.",
        Template.END_OF_ANOTHER: "That is not the code of this conversation. Text {end} to end it.",
        Template.ENDED: f"The conversation has ended. {_AFTERWARDS}",
        Template.JUST_ENDED: "That conversation has ended. A new one can be started here in "
        "{span}. {stop} to get no more texts.",
        Template.CANCELLED: f"Your code no longer works. {_AFTERWARDS}",
        Template.CODE_EXPIRED: f"Nobody joined in time and your code has expired. {_AFTERWARDS}",
        Template.IDLE_EXPIRED: "The conversation has ended, as nobody texted for a while. "
        f"{_AFTERWARDS}",
        Template.LIFETIME_EXPIRED: "The conversation has ended, as its time is over. "
        f"{_AFTERWARDS}",
        Template.IDLE_WARNING: "This conversation ends in {span}, unless one of you texts.",
        Template.LIFETIME_WARNING: "This conversation ends in {span}, as its time is over then.",
        Template.HELP: "{operator}: {start} for a code, {join} and a code to talk to who gave "
        "it, {end} to end. {stop} for no more texts.",
        Template.OPTED_OUT: "You get no more texts from here, unless you text {start}.",
        Template.ERASED: "Your data here is erased (receipt {receipt}). You get no more texts "
        "from here, unless you text {start}.",
        Template.OPTED_IN: "You get texts from here again. Text {start} for a code, or {stop} to "
        "get no more texts.",
        Template.EMPTY: "Your text was empty, so nothing was passed on.",
        Template.NO_ATTACHMENTS: "Pictures and files cannot be passed on here, only text.",
        Template.ATTACHMENT_NOT_PASSED_ON: "A picture or file that you sent here could not be "
        "passed on.",
        Template.UNSUITABLE: "Your text was not passed on, as it is too long or has characters "
        "that cannot be texted.",
        Template.TOO_LONG: "Not sent: your text is too long. Split it into shorter ones and "
        "try again.",
        Template.TOO_MANY_TEXTS: "Not sent: you have sent too many texts here. Please wait {span}, "
        "then try again.",
        Template.NOT_DELIVERED: "Not delivered: something that you texted here could not be "
        "passed on.",
        Template.MAYBE_NOT_DELIVERED: "Something that you texted here may not have arrived. Text "
        "it again if you hear nothing.",
        Template.BLOCKED: "The conversation has ended, and you two will not meet here again. "
        f"{_AFTERWARDS}",
        Template.REPORTED: "{operator} has been told. {end} ends the conversation.",
        Template.PAUSED_HELD: "This conversation is paused. Your text is kept, and passed on when "
        "it goes on.",
        Template.PAUSED_REFUSED: "This conversation is paused. Your text was not passed on.",
        Template.NOT_PASSED_ON: "Some of what you texted here was not passed on.",
        Template.RESUMED: "This conversation goes on. What you text here goes to the other person "
        "again.",
        Template.REOPENED: "The conversation goes on. What you text here goes to the other person "
        f"again. {_WHILE_TALKING}",
        Template.NO_NEW_HERE: "No new conversations can begin on this number.",
        Template.LOOP_STOPPED: "Your text was not passed on, as the same two texts keep going "
        "back and forth here.",
    },
)
