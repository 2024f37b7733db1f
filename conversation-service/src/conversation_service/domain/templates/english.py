"""English: the keywords and system messages of a pool that chooses no others."""

from conversation_service.domain.keywords.keywords import Keywords
from conversation_service.domain.templates.catalog import (
    AboutFormat,
    DurationFormat,
    Language,
    SafetyFormat,
    Template,
)

ENGLISH = Language(
    keywords=Keywords(),
    durations=DurationFormat(minute="a minute", minutes="minutes", hours="hours", days="days"),
    safety=SafetyFormat(between=" or ", after=" abuse. "),
    about=AboutFormat(before=": ", without="; neither sees the other's number"),
    templates={
        Template.CODE: "{operator}: your code is {code}. The other person texts {join} {code} to "
        "this number within {span}. {help} for help, {stop} to opt out.",
        Template.STILL_WAITING: "Nobody has joined yet. Have the other person text {join} {code} "
        "to this number. {end} drops your code, {stop} to opt out.",
        Template.SOMEBODY_JOINED: "The other person has joined. Text here to talk; neither of you "
        "sees the other's number. {end} to end, {help} for help, {stop} to opt out.",
        Template.YOU_JOINED: "{operator}: you are connected. Text here to talk; neither of you "
        "sees the other's number. {end} to end, {help} for help, {stop} to opt out.",
        Template.OPENED: "{operator} has connected you with someone. Text here to talk{about}. "
        "{end} to end, {help} for help, {stop} to opt out.",
        Template.ALREADY_TALKING: "You are already in a conversation here. Text {end} to end it, "
        "then {start}, or {join} and a code.",
        Template.OWN_CODE: "That is your own code. The other person has to text {join} {code} to "
        "this number.",
        Template.CODE_NOT_VALID: "That code does not work. Check it, ask for a new one, or text "
        "{start} to get your own.",
        Template.TOO_MANY_TRIES: "Too many wrong codes. Please wait {span}, then try again.",
        Template.END_OF_ANOTHER: "That is not this conversation's code. Text {end} to end this "
        "one.",
        Template.ENDED: "This conversation has ended. Text {start} for a new one, or {stop} to "
        "opt out.",
        Template.JUST_ENDED: "That conversation has ended, so your text went to nobody. You can "
        "start a new one in {span}. {stop} to opt out.",
        Template.CANCELLED: "Your code no longer works. Text {start} for a new one, or {stop} to "
        "opt out.",
        Template.CODE_EXPIRED: "Nobody joined in time, so your code has expired. Text {start} for "
        "a new one, or {stop} to opt out.",
        Template.IDLE_EXPIRED: "This conversation has ended because nobody texted for a while. "
        "Text {start} for a new one, or {stop} to opt out.",
        Template.LIFETIME_EXPIRED: "This conversation has ended because its time was up. Text "
        "{start} for a new one, or {stop} to opt out.",
        Template.IDLE_WARNING: "This conversation ends in {span} unless one of you texts.",
        Template.LIFETIME_WARNING: "This conversation ends in {span}, when its time is up. You "
        "can start a new one after that.",
        Template.HELP: "{operator} help: {contact}. {start} gets a code, {join} + code joins, "
        "{end} ends. {stop} to opt out. Msg&data rates may apply.",
        Template.HELP_TALKING: "{operator}: you text another person here. {end} to end. "
        "{safety}Help: {contact}. {stop} to opt out.",
        Template.OPTED_OUT: "{operator}: you are opted out and get no more texts from us. Text "
        "{start} to get texts again.",
        Template.OPT_OUT_HINT: "To opt out of all texts from {operator}, text {stop}. To end only "
        "this conversation, text {end}.",
        Template.ERASED: "{operator}: your data is erased (receipt {receipt}). You get no more "
        "texts from us unless you text {start}.",
        Template.OPTED_IN: "{operator}: you get texts from us again. {start} for a code, {help} "
        "for help, {stop} to opt out.",
        Template.NUMBERS_STOPPED: "{operator}: numbers that you sent STOP to stay silent. Text "
        "UNSTOP to a number to hear from it again.",
        Template.EMPTY: "Your text was empty, so nothing was sent.",
        Template.NO_ATTACHMENTS: "Pictures and files cannot be sent here. Please send text only.",
        Template.ATTACHMENT_NOT_PASSED_ON: "A picture or file of yours was not delivered. Try "
        "another one, or send text.",
        Template.UNSUITABLE: "Not sent: your text is too long or has characters that cannot be "
        "texted. Change it and try again.",
        Template.TOO_LONG: "Not sent: your text is too long. Split it into shorter ones and try "
        "again.",
        Template.TOO_MANY_TEXTS: "Not sent: you have sent too many texts here. Please wait "
        "{span}, then try again.",
        Template.NOT_DELIVERED: "Not delivered: something you texted here did not reach the other "
        "person. You can try again later.",
        Template.MAYBE_NOT_DELIVERED: "Something you texted here may not have arrived. If you "
        "hear nothing, send it again.",
        Template.BLOCKED: "Blocked: this conversation has ended, and you two will not be "
        "connected here again. Text {start} for a new one, or {stop} to opt out.",
        Template.REPORTED: "Reported to {operator}. Your texts still go to the other person. Text "
        "{end} to end this conversation.",
        Template.PAUSED_HELD: "This conversation is on hold. Your text is kept and delivered when "
        "the conversation resumes.",
        Template.PAUSED_REFUSED: "This conversation is on hold, so your text was not delivered. "
        "Try again later.",
        Template.NOT_PASSED_ON: "Texts you sent while this conversation was on hold were not "
        "delivered.",
        Template.RESUMED: "This conversation is on again. What you text here goes to the other "
        "person.",
        Template.REOPENED: "This conversation is open again. What you text here goes to the other "
        "person. {end} to end, {stop} to opt out.",
        Template.NO_NEW_HERE: "No new conversations can start on this number. Contact {operator}: "
        "{contact}.",
        Template.LOOP_STOPPED: "Not sent: the same two texts keep going back and forth. Text "
        "something different.",
    },
)
