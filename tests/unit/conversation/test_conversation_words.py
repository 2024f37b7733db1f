"""Command words, shipped and chosen."""

from collections import Counter
from dataclasses import replace

import pytest

from conversation_service.domain.keywords.keywords import (
    FIELDS,
    OPT_OUT,
    Keyword,
    Keywords,
    ParsedKeyword,
    normalized,
    parse,
)
from conversation_service.domain.model.pool import Pool, PoolSettings
from conversation_service.domain.model.pool_validation import settings_violations
from conversation_service.domain.templates.catalog import Template, TemplateError
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for

# 47 CFR 64.1200(a)(10), written out so that nobody changes both by accident; "end" is apart.
LAW = ("stop", "quit", "revoke", "opt out", "cancel", "unsubscribe")

SPANISH = [
    *((word, Keyword.START) for word in ("inicio", "Empezar", "start")),
    *((word, Keyword.END) for word in ("fin", "terminar", "adios", "Adi\u00f3s", "end", "bye")),
    *((word, Keyword.HELP) for word in ("ayuda", "help", "info")),
    *((word, Keyword.OPT_OUT) for word in ("\u00a1Alto!", "parar", "baja", "cancelar", *LAW)),
    *((word, Keyword.YES) for word in ("si", "S\u00ed.", "SI\u0301", "yes")),
    *((word, Keyword.BLOCK) for word in ("bloquear", "block")),
    *((word, Keyword.REPORT) for word in ("denunciar", "report")),
    ("unstop", Keyword.OPT_IN),
]

REFUSED = [
    ({"colour": ("blue",)}, "words.colour: must be one of"),
    ({"start": ()}, "words.start: must hold 1 to 20 words"),
    ({"start": tuple(f"go{n}" for n in range(21))}, "words.start: must hold 1 to 20 words"),
    ({"start": ("",)}, "words.start: each must have 1 to 20"),
    ({"start": ("?!",)}, "words.start: each must have 1 to 20"),
    ({"start": ("x" * 21,)}, "words.start: each must have 1 to 20"),
    ({"start": ("go\x07on",)}, "words.start: each must have 1 to 20"),
    ({"start": ("go", "Help!")}, "words.start: 'help' already means help"),
    ({"start": ("go",), "join": ("GO",)}, "words.join: 'go' already means start"),
    *(({"start": (word,)}, f"words.start: '{word}' already means opt_out") for word in LAW),
    (
        {"start": ("stop",), "opt_out": ("basta",)},
        "words.start: 'stop' already means opt_out",
    ),
    ({"start": ("end",)}, "words.start: 'end' already means end"),
    ({"start": ("end",), "end": ("fin",)}, "words.start: 'end' already means end"),
    ({"end": ("end",), "opt_out": ("end",)}, "words.end: must hold another word where"),
]


def chosen(words: dict[str, tuple[str, ...]], language: str = "en") -> Keywords:
    return catalog_for(language, "Test exchange", words, {}).keywords


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_shipped_word_means_two_things_or_is_written_as_no_text_can_be(language: str) -> None:
    words = chosen({}, language)
    every = [word for name in FIELDS for word in getattr(words, name)]
    assert max(Counter(every).values()) == 1
    assert [normalized(word) for word in every] == every


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_laws_ways_of_opting_out_are_understood_in_every_language(language: str) -> None:
    for word in LAW:
        assert parse(word, chosen({}, language)).kind is Keyword.OPT_OUT
    assert parse("end", chosen({}, language)).kind is Keyword.END


@pytest.mark.parametrize(("text", "kind"), SPANISH)
def test_spanish_is_understood_with_and_without_accents_and_english_with_it(
    text: str, kind: Keyword
) -> None:
    assert parse(text, chosen({}, "es")).kind is kind


@pytest.mark.parametrize("join", ["unirse", "Unir", "join"])
def test_a_code_is_joined_with_in_spanish_or_english(join: str) -> None:
    assert parse(f"{join} k7m2q9", chosen({}, "es")) == ParsedKeyword(Keyword.JOIN, "K7M2Q9")


@pytest.mark.parametrize(("words", "told"), REFUSED)
def test_words_that_break_a_rule_are_refused_by_field_with_the_reason(
    words: dict[str, tuple[str, ...]], told: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        chosen(words)
    assert str(refused.value).startswith(told)


def test_a_pools_words_take_the_place_of_the_languages() -> None:
    words = chosen({"start": ("Go on!", "inicio"), "yes": ("s\u00ed",)})
    assert words.start == ("go on", "inicio")
    assert words.join == Keywords().join
    assert parse("GO ON", words).kind is Keyword.START
    assert parse("start", words).kind is Keyword.TALK
    assert parse("S\u00cd", words).kind is Keyword.YES


def test_words_to_opt_out_are_added_and_none_is_taken_away() -> None:
    assert chosen({"opt_out": ("Basta",)}).opt_out == (*OPT_OUT, "basta")


def test_end_ends_whatever_words_a_pool_chooses_unless_it_opts_out() -> None:
    assert parse("end", chosen({"end": ("over",)})).kind is Keyword.END
    for words in (chosen({"end": ("over",), "opt_out": ("end",)}), chosen({"opt_out": ("End",)})):
        assert parse("end", words).kind is Keyword.OPT_OUT
        assert parse("end K7M2Q9", words) == ParsedKeyword(Keyword.END, "K7M2Q9")


@pytest.mark.parametrize(("language", "shown"), [("en", "BYE"), ("es", "FIN")])
def test_a_pool_where_a_bare_end_opts_out_shows_people_another_word_for_ending(
    language: str, shown: str
) -> None:
    settings = PoolSettings("Test exchange", language, end_opts_out=True)
    assert settings_violations(settings) == []
    pool = Pool("main", settings)
    assert parse("END", pool.keywords).kind is Keyword.OPT_OUT
    assert parse(shown, pool.keywords).kind is Keyword.END
    assert f"{shown} " in pool.speech.say(Template.YOU_JOINED)
    assert (
        parse("end", replace(pool, settings=PoolSettings("Test exchange")).keywords).kind
        is Keyword.END
    )


def test_a_command_may_have_several_words_and_still_take_a_code() -> None:
    words = chosen({"join": ("let me in", "let"), "end": ("good bye",)})
    assert parse("Let me in K7M2Q9", words) == ParsedKeyword(Keyword.JOIN, "K7M2Q9")
    assert parse("good bye K7M2Q9", words) == ParsedKeyword(Keyword.END, "K7M2Q9")
    assert parse("let me in now please", words).kind is Keyword.TALK
