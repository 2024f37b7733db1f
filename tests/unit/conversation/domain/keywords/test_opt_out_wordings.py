"""Opt-outs by keyword in any dress, and in people's own words."""

import pytest

from conversation_service.domain.keywords.keywords import Keyword, parse
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for
from support.builders.conversations import OPERATOR

# In every pool and language.
OPT_OUTS = [
    *("stop", "stopall", "stop all", "stop all texts", "opt-out", "optout", "opt out"),
    *("opt me out", "please opt me out", "remove", "remove me", "unsubscribe", "unsubscribe me"),
    *("cancel", "quit", "revoke", "alto", "pare", "parar", "arret", "arr\u00eat"),
    *('"STOP"', "*STOP*", "(stop)", "stop \U0001f6d1", "\u26d4 Stop \U0001f44d\U0001f3fd"),
    *("stop\u200b", "st\u200bop", "stop\ufe0f", "\ufeffSTOP", "\u201cStop\u201d", "stop\u3002"),
    *("Stop all.", "OPT  OUT", "stop\n\nSent from my phone", "stop\n--\nJane"),
]
SPANISH_OPT_OUTS = [
    *("para", "detener", "no mas", "no m\u00e1s", "baja", "dar de baja", "darme de baja"),
    *("cancelar", "\u00a1No m\u00e1s!"),
]
HELP = ["help", "info", "aide", "Aide!"]

# No keywords: they opt out only where nobody hears them.
REQUESTS = [
    *("stop please", "please stop", "Please stop!", "stop texting me", "no more texts"),
    *(
        "wrong number",
        "Wrong number, sorry",
        "you have the wrong number",
        "this is the wrong person",
    ),
    *("STOP\nJane Doe\nExample Corp", "stop sending me messages", "stop it"),
    *("don't text me", "Don\u2019t text me again", "do not contact me", "dont message me anymore"),
    *("I don't want these texts", "I do not want to receive any more messages"),
    *("remove me from this list", "take me off your list", "take my number off the list"),
    *(
        "please remove my number",
        "delete my number",
        "I want to opt out",
        "I'd like to unsubscribe",
    ),
    *(
        "unsubscribe from all messages",
        "opt out of all texts",
        "stop the messages",
        "leave me alone",
    ),
    *("please cancel", "hello, please stop texting this number, thanks", "STOP! Who is this?"),
    *("stop messaging me, you have the wrong number", "no more messages please"),
    *(
        "por favor pare",
        "no me escriba m\u00e1s",
        "no me env\u00ede mensajes",
        "no mande mas mensajes",
    ),
    *("n\u00famero equivocado", "deje de escribirme", "dejen de mandarme mensajes, por favor"),
    *("ya no quiero recibir mensajes", "no mas mensajes", "quiero darme de baja"),
    *("arr\u00eatez", "arretez de m'ecrire", "mauvais num\u00e9ro", "stop svp", "plus de messages"),
]
CONVERSATION = [
    *("start the car", "stop by at 8", "the bus stop is there", "don't stop now, keep going"),
    *("I told him to stop", "can you stop at the store", "no more milk", "wrong turn", "stop here"),
    *("remove the lid", "please text me", "I want to opt for tea", "don't forget", "take me home"),
    *(
        "quit smoking",
        "we should cancel tomorrow",
        "my number is wrong",
        "take me out",
        "yes please",
    ),
    *("para ti", "no, gracias", "envie el libro", "deje la puerta abierta", "pare en la esquina"),
    *("numero de casa", "plus de pain", "", "?!", "hello", "text me when you stop"),
]


def kinds(body: str, language: str) -> tuple[Keyword, bool]:
    keyword = parse(body, catalog_for(language, OPERATOR, {}, {}).keywords)
    return keyword.kind, keyword.requests_opt_out


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_opt_outs_of_every_pool_work_however_they_are_dressed_up(language: str) -> None:
    for body in OPT_OUTS:
        assert kinds(body, language) == (Keyword.OPT_OUT, False), body


def test_spanish_pools_understand_more() -> None:
    for body in SPANISH_OPT_OUTS:
        assert kinds(body, "es") == (Keyword.OPT_OUT, False), body


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_works_in_three_languages(language: str) -> None:
    for body in HELP:
        assert kinds(body, language) == (Keyword.HELP, False), body


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_words_that_ask_for_no_more_texts_are_recognised(language: str) -> None:
    for body in REQUESTS:
        assert kinds(body, language) == (Keyword.TALK, True), body


@pytest.mark.parametrize("language", LANGUAGES)
def test_conversation_asks_for_nothing(language: str) -> None:
    for body in CONVERSATION:
        assert kinds(body, language) == (Keyword.TALK, False), body


def test_opt_out_words_of_a_pool_count_in_a_request_too() -> None:
    keywords = catalog_for("en", OPERATOR, {"opt_out": ("basta",)}, {}).keywords
    assert parse("please, basta", keywords).requests_opt_out
