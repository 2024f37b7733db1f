"""The one normalization of keywords, and codes in the ways in which people write them."""

import time

import pytest

from conversation_service.domain.keywords.keywords import Keyword, Keywords, ParsedKeyword, parse
from conversation_service.domain.keywords.normalization import normalized
from conversation_service.domain.templates.spanish import SPANISH

CODE = "K7M2Q9"

OPT_OUTS = [
    *('"STOP"', "\u201cSTOP\u201d", "'Stop'", "\u2018stop\u2019", "(stop)", "[stop]", "*STOP*"),
    *("\u00abstop\u00bb", "\u300cSTOP\u300d", "`stop`", "\u00b4stop\u00b4", "stop\u2019", "_stop_"),
    *("STOP\u200b", "S\u200bTOP", "\ufeffSTOP", "\u200eSTOP", "STOP\ufe0f", "\u2068STOP\u2069"),
    *("ST\u00adOP", "STOP\u2060", "STOP\u034f", "\u3164STOP", "STOP\U000e0020", "STOP\u0000"),
    *("STOP\u001a", "\u0007stop", "st\u0000op", "stop\u3002", "stop\uff01", "stop\u061f"),
    *("\uff33\uff34\uff2f\uff30", "\U0001d412\U0001d413\U0001d40e\U0001d40f", "\u24e2top"),
    *("stop \U0001f6d1", "\U0001f6d1 stop", "stop \u2764\ufe0f", "stop \U0001f44d\U0001f3fd"),
    *("stop\u2122", "stop\ufffd", "stop\ud83d", "\xa0stop\xa0", "stop\u2028", "stop...", "> stop"),
    *("opt-out", "OPT\u2011OUT", "opt\u2013out", "opt  out", "stop-all", "STOP ALL", "Stop all!"),
    *("stop all texts", '"unsubscribe"', "Unsubscribe me.", "remove me", "please opt me out"),
    *("ALTO", "pare", "arr\u00eat", "arre\u0302t", "stop\n\nSent from my phone", "stop\n-- \nAnna"),
]

TALK = [
    *("start the car", "the end", "stop it", "please stop", "stop please", "nonstop", "bus stop"),
    *("cancel the order", "end better", '"stop" is a word', "\U0001f44d", "-- stop --\nlater", ""),
]

# Ways to write a code of which somebody has been told.
JOINS = [
    *(f'Join "{CODE}"', f"Join \u201c{CODE}\u201d", f"Join ({CODE})", f"Join <{CODE}>"),
    *(f"Join #{CODE}", f"join {CODE}\u200b", f'"join {CODE}"', f"JOIN: {CODE}", f"Join, {CODE}"),
    *(f"JOIN{CODE}", f"join-{CODE}", f"join\u2013{CODE}", f"Join code {CODE}", f"join = {CODE}"),
    *(f"Join {CODE} please", f"\u200ejoin {CODE}", f"join {CODE}\n\nSent from my phone"),
    *(f"join {CODE}\nAnna, Example Ltd", f"join [{CODE}]", f"join: '{CODE.lower()}'."),
    *("join K7M-2Q9 please", "join K7M 2Q9 please", "join code k7m 2q9", "join K 7 M 2 Q 9"),
    f"\uff4a\uff4f\uff49\uff4e {CODE}",
]

CODES = [
    *(
        CODE,
        CODE.lower(),
        f"#{CODE}",
        f'"{CODE}"',
        "K7M-2Q9",
        f"{CODE}.",
        f"{CODE}\u200b",
    ),
    *(f"code {CODE}", f"code: {CODE}", f"{CODE} please", f"please join {CODE}", f"start {CODE}"),
]


@pytest.mark.parametrize("body", OPT_OUTS)
def test_an_opt_out_counts_whatever_encloses_ends_or_hides_in_it(body: str) -> None:
    assert parse(body, Keywords()) == ParsedKeyword(Keyword.OPT_OUT)


@pytest.mark.parametrize("body", TALK)
def test_a_text_that_only_holds_or_begins_with_a_keyword_is_conversation(body: str) -> None:
    assert parse(body, Keywords()).kind is Keyword.TALK


@pytest.mark.parametrize("body", ["no m\u00e1s", "\u00a1NO MAS!", "dar de baja", "\u00bfpara?"])
def test_people_opt_out_in_spanish(body: str) -> None:
    assert parse(body, SPANISH.keywords).kind is Keyword.OPT_OUT


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('"start"', Keyword.START),
        ("*Help*", Keyword.HELP),
        ("(end)", Keyword.END),
        ("\u200eUNSTOP", Keyword.OPT_IN),
        ("erase-my-data", Keyword.ERASE),
    ],
)
def test_every_keyword_is_normalized_in_the_same_way(body: str, kind: Keyword) -> None:
    assert parse(body, Keywords()) == ParsedKeyword(kind)


def test_a_keyword_that_a_pool_chose_is_normalized_too() -> None:
    assert normalized("\u00a1Hola-Amigo!") == "hola amigo"
    assert parse("hola amigo", Keywords(start=(normalized("\u00a1Hola-Amigo!"),))).kind is (
        Keyword.START
    )


@pytest.mark.parametrize("body", JOINS)
def test_a_code_after_join_is_found_in_any_dress(body: str) -> None:
    assert parse(body, Keywords()) == ParsedKeyword(Keyword.JOIN, CODE)


@pytest.mark.parametrize("body", CODES)
def test_a_short_text_with_a_code_is_a_code(body: str) -> None:
    assert parse(body, Keywords()) == ParsedKeyword(Keyword.CODE, CODE)


@pytest.mark.parametrize(
    "body",
    [
        "K7M2Q",
        "end 2m9",
        "K7M2Q99",
        "KMKMKM",
        "K7M2O9",
        "we meet at the gate with the sign K7M2Q9 above it",
    ],
)
def test_what_has_another_shape_or_stands_in_a_longer_text_is_no_code(body: str) -> None:
    assert parse(body, Keywords()).kind is Keyword.TALK


@pytest.mark.parametrize(
    ("body", "found"),
    [
        *(
            (f"end {CODE}", CODE),
            (f"end #{CODE}", CODE),
            (f"END: {CODE}.", CODE),
            ("end-k7m2q9", CODE),
        ),
        *((f"end of {CODE}", None), (f"end {CODE} now", None), (f"ended {CODE}", None)),
    ],
)
def test_end_takes_a_code_only_as_its_whole_argument(body: str, found: str | None) -> None:
    parsed = parse(body, Keywords())
    assert (parsed.kind is Keyword.END) == (found is not None)
    assert found is None or parsed.argument == found


@pytest.mark.parametrize(
    "part", ["\n", " ", "\u200b", "\ufdfa", "join ", "a-", "-", "7k2 ", "e\u0302"]
)
def test_the_longest_body_is_parsed_in_little_time(part: str) -> None:
    body = (part * 10_000)[:10_000]
    started = time.process_time()
    assert parse(body, Keywords()).kind is Keyword.TALK
    assert time.process_time() - started < 0.5
