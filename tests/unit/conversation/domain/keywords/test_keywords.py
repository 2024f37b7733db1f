"""Parsing a body into a keyword, the keywords of each language, those that a pool may choose."""

import string
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.keywords import (
    FIELDS,
    OPT_OUT,
    Keyword,
    Keywords,
    ParsedKeyword,
    parse,
)
from conversation_service.domain.keywords.normalization import normalized
from conversation_service.domain.model.pool import KeywordSettings, Pool, PoolSettings
from conversation_service.domain.model.pool_validation import settings_violations
from conversation_service.domain.templates.catalog import Template, TemplateError
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for
from support.builders.conversations import OPERATOR

WITHOUT_ARGUMENT = {
    Keyword.START: ("start", "  Start ", "START!", "start ...", "start . !", "start\u2026"),
    Keyword.END: ("end", "End.", "bye!", "leave"),
    Keyword.HELP: ("help", "INFO?"),
    Keyword.OPT_OUT: (
        *("stop", "STOPALL", "Unsubscribe", "cancel", "quit", "revoke", "optout", "Opt Out"),
        *("stop.", "\u00a1stop!"),
    ),
    Keyword.OPT_IN: ("unstop",),
    Keyword.YES: ("Yes!",),
    Keyword.BLOCK: ("block",),
    Keyword.REPORT: ("Report.",),
    Keyword.TALK: (
        *("start the car", "starting", "join", "join us at 8", "end better", "the end"),
        *("leave me alone", "help me", "stop it", "yes please", "block him", "report it"),
        *("", "   ", "?!", "hello"),
    ),
}
WITH_ARGUMENT = [
    ("join K7M2Q9", Keyword.JOIN, "K7M2Q9"),
    ("Join k7m2q9.", Keyword.JOIN, "K7M2Q9"),
    ("JOIN k7m-2q9", Keyword.JOIN, "K7M2Q9"),
    ("join k7m 2q9", Keyword.JOIN, "K7M2Q9"),
    ("join\tK7M2Q9\n", Keyword.JOIN, "K7M2Q9"),
    ("join mistyped", Keyword.JOIN, "MISTYPED"),
    ("end k7m2q9", Keyword.END, "K7M2Q9"),
]
CASES = [
    *((body, keyword, "") for keyword, bodies in WITHOUT_ARGUMENT.items() for body in bodies),
    *WITH_ARGUMENT,
]


def test_a_keyword_counts_only_as_a_whole_message() -> None:
    for body, keyword, argument in CASES:
        parsed = parse(body, Keywords())
        assert (parsed.kind, parsed.argument) == (keyword, argument), body


@given(st.text())
def test_any_body_is_parsed_and_normalizing_it_twice_changes_nothing(body: str) -> None:
    assert parse(body, Keywords()).kind in Keyword
    assert normalized(normalized(body)) == normalized(body)


@given(
    st.sampled_from(sorted(Keywords().opt_out)),
    st.sampled_from(["", " ", "\n"]),
    st.text(string.punctuation, max_size=3),
)
def test_an_opt_out_does_not_depend_on_case_spaces_and_final_punctuation(
    word: str, space: str, end: str
) -> None:
    for written in (word, word.upper(), word.title()):
        assert parse(f"{space}{written}{end}{space}", Keywords()).kind is Keyword.OPT_OUT


def test_a_text_with_two_meanings_opts_out_if_one_of_them_does() -> None:
    assert parse("stop", Keywords(start=("stop",), report=("stop",))).kind is Keyword.OPT_OUT


@given(st.integers())
def test_every_drawn_code_can_be_joined_with_in_any_spelling(seed: int) -> None:
    code = join_codes.draw(Random(seed).choice)
    assert len(code) == join_codes.LENGTH
    for written in (code, code.lower(), f"{code[:3]}-{code[3:]}", f" {code[:3]} {code[3:]}. "):
        assert parse(f"join {written}", Keywords()) == ParsedKeyword(Keyword.JOIN, code)


@given(st.text(join_codes.LETTERS.lower(), min_size=6, max_size=6))
def test_a_word_without_a_digit_is_not_taken_for_a_code(word: str) -> None:
    assert parse(f"end {word}", Keywords()).kind is Keyword.TALK
    assert not join_codes.is_code_shaped(join_codes.normalized(word))


# 47 CFR 64.1200(a)(10), written out so that nobody changes both by accident; "end" is apart.
LAW = ("stop", "quit", "revoke", "opt out", "cancel", "unsubscribe")

SPANISH = {
    Keyword.START: ("inicio", "Empezar", "start"),
    Keyword.END: ("fin", "terminar", "adios", "Adi\u00f3s", "end", "bye"),
    Keyword.HELP: ("ayuda", "help", "info"),
    Keyword.OPT_OUT: ("\u00a1Alto!", "parar", "baja", "cancelar", *LAW),
    Keyword.YES: ("si", "S\u00ed.", "SI\u0301", "yes"),
    Keyword.BLOCK: ("bloquear", "block"),
    Keyword.REPORT: ("denunciar", "report"),
    Keyword.OPT_IN: ("unstop",),
}

REFUSED = [
    ({"colour": ("blue",)}, "keywords.words.colour: must be one of"),
    ({"start": ()}, "keywords.words.start: must hold 1 to 20 words"),
    (
        {"start": tuple(f"go{n}" for n in range(21))},
        "keywords.words.start: must hold 1 to 20 words",
    ),
    *(
        ({"start": (word,)}, "keywords.words.start: each must have 1 to 20")
        for word in ("", "?!", "x" * 21)
    ),
    ({"start": ("go\x07on",)}, "keywords.words.start: each must have 1 to 20"),
    ({"start": ("go", "Help!")}, "keywords.words.start: 'help' already means help"),
    ({"start": ("go",), "join": ("GO",)}, "keywords.words.join: 'go' already means start"),
    *(
        ({"start": (word,)}, f"keywords.words.start: '{word}' already means opt_out")
        for word in LAW
    ),
    (
        {"start": ("stop",), "opt_out": ("basta",)},
        "keywords.words.start: 'stop' already means opt_out",
    ),
    ({"start": ("end",)}, "keywords.words.start: 'end' already means end"),
    ({"start": ("end",), "end": ("fin",)}, "keywords.words.start: 'end' already means end"),
    ({"end": ("end",), "opt_out": ("end",)}, "keywords.words.end: must hold another word where"),
]


def chosen(keywords: dict[str, tuple[str, ...]], language: str = "en") -> Keywords:
    return catalog_for(language, OPERATOR, keywords, {}).keywords


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keywords_of_a_language_are_unambiguous_and_normalized(language: str) -> None:
    keywords = chosen({}, language)
    texts = [text for name in FIELDS for text in getattr(keywords, name)]
    assert max(Counter(texts).values()) == 1
    assert [normalized(text) for text in texts] == texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_opt_out_keywords_of_the_law_work_in_every_language(language: str) -> None:
    for word in LAW:
        assert parse(word, chosen({}, language)).kind is Keyword.OPT_OUT
    assert parse("end", chosen({}, language)).kind is Keyword.END


def test_spanish_keywords_work_with_and_without_accents_and_english_ones_too() -> None:
    keywords = chosen({}, "es")
    for keyword, texts in SPANISH.items():
        assert {text: parse(text, keywords).kind for text in texts} == dict.fromkeys(texts, keyword)
    for join in ("unirse", "Unir", "join"):
        assert parse(f"{join} k7m2q9", keywords) == ParsedKeyword(Keyword.JOIN, "K7M2Q9")


@pytest.mark.parametrize(("keywords", "violation"), REFUSED)
def test_invalid_keywords_are_refused_with_their_field_and_the_rule(
    keywords: dict[str, tuple[str, ...]], violation: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        chosen(keywords)
    assert str(refused.value).startswith(violation)


def test_keywords_of_a_pool_replace_those_of_the_language() -> None:
    keywords = chosen({"start": ("Go on!", "inicio"), "yes": ("s\u00ed",)})
    assert keywords.start == ("go on", "inicio")
    assert keywords.join == Keywords().join
    assert parse("GO ON", keywords).kind is Keyword.START
    assert parse("start", keywords).kind is Keyword.TALK
    assert parse("S\u00cd", keywords).kind is Keyword.YES


def test_opt_out_keywords_are_added_and_none_is_removed() -> None:
    assert chosen({"opt_out": ("Basta",)}).opt_out == (*OPT_OUT, "basta")


def test_end_ends_a_conversation_whatever_a_pool_chooses_unless_it_opts_out() -> None:
    assert parse("end", chosen({"end": ("over",)})).kind is Keyword.END
    for keywords in (
        chosen({"end": ("over",), "opt_out": ("end",)}),
        chosen({"opt_out": ("End",)}),
    ):
        assert parse("end", keywords).kind is Keyword.OPT_OUT
        assert parse("end K7M2Q9", keywords) == ParsedKeyword(Keyword.END, "K7M2Q9")


def test_where_a_bare_end_opts_out_another_keyword_for_ending_is_shown() -> None:
    for language, shown in [("en", "BYE"), ("es", "FIN")]:
        settings = PoolSettings(
            "Test exchange",
            "help@example.org",
            language,
            keywords=KeywordSettings(end_opts_out=True),
        )
        assert settings_violations(settings) == [], language
        pool = Pool("main", settings)
        assert parse("END", pool.keywords).kind is Keyword.OPT_OUT, language
        assert parse(shown, pool.keywords).kind is Keyword.END, language
        assert f" {shown}" in pool.catalog.render(Template.YOU_JOINED), language
        by_default = replace(pool, settings=PoolSettings("Test exchange", "help@example.org"))
        assert parse("end", by_default.keywords).kind is Keyword.END, language


def test_a_keyword_of_several_words_may_have_a_code_as_its_argument() -> None:
    keywords = chosen({"join": ("let me in", "let"), "end": ("good bye",)})
    assert parse("Let me in K7M2Q9", keywords) == ParsedKeyword(Keyword.JOIN, "K7M2Q9")
    assert parse("good bye K7M2Q9", keywords) == ParsedKeyword(Keyword.END, "K7M2Q9")
    assert parse("let me in now please", keywords).kind is Keyword.TALK
