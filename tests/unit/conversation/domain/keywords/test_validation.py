"""The keywords of each language, and those that a pool may choose."""

from collections import Counter
from dataclasses import replace

import pytest

from conversation_service.domain.keywords.keywords import (
    FIELDS,
    OPT_OUT,
    Keyword,
    Keywords,
    ParsedKeyword,
    parse,
)
from conversation_service.domain.keywords.normalization import normalized
from conversation_service.domain.model.pool import Pool, PoolSettings
from conversation_service.domain.model.pool_validation import settings_violations
from conversation_service.domain.templates.catalog import Template, TemplateError
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for

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
    ({"colour": ("blue",)}, "words.colour: must be one of"),
    ({"start": ()}, "words.start: must hold 1 to 20 words"),
    ({"start": tuple(f"go{n}" for n in range(21))}, "words.start: must hold 1 to 20 words"),
    *(({"start": (word,)}, "words.start: each must have 1 to 20") for word in ("", "?!", "x" * 21)),
    ({"start": ("go\x07on",)}, "words.start: each must have 1 to 20"),
    ({"start": ("go", "Help!")}, "words.start: 'help' already means help"),
    ({"start": ("go",), "join": ("GO",)}, "words.join: 'go' already means start"),
    *(({"start": (word,)}, f"words.start: '{word}' already means opt_out") for word in LAW),
    ({"start": ("stop",), "opt_out": ("basta",)}, "words.start: 'stop' already means opt_out"),
    ({"start": ("end",)}, "words.start: 'end' already means end"),
    ({"start": ("end",), "end": ("fin",)}, "words.start: 'end' already means end"),
    ({"end": ("end",), "opt_out": ("end",)}, "words.end: must hold another word where"),
]


def chosen(keywords: dict[str, tuple[str, ...]], language: str = "en") -> Keywords:
    return catalog_for(language, "Test exchange", keywords, {}).keywords


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


@pytest.mark.parametrize(("language", "shown"), [("en", "BYE"), ("es", "FIN")])
def test_where_a_bare_end_opts_out_another_keyword_for_ending_is_shown(
    language: str, shown: str
) -> None:
    settings = PoolSettings("Test exchange", language, end_opts_out=True)
    assert settings_violations(settings) == []
    pool = Pool("main", settings)
    assert parse("END", pool.keywords).kind is Keyword.OPT_OUT
    assert parse(shown, pool.keywords).kind is Keyword.END
    assert f"{shown} " in pool.catalog.render(Template.YOU_JOINED)
    by_default = replace(pool, settings=PoolSettings("Test exchange"))
    assert parse("end", by_default.keywords).kind is Keyword.END


def test_a_keyword_of_several_words_may_have_a_code_as_its_argument() -> None:
    keywords = chosen({"join": ("let me in", "let"), "end": ("good bye",)})
    assert parse("Let me in K7M2Q9", keywords) == ParsedKeyword(Keyword.JOIN, "K7M2Q9")
    assert parse("good bye K7M2Q9", keywords) == ParsedKeyword(Keyword.END, "K7M2Q9")
    assert parse("let me in now please", keywords).kind is Keyword.TALK
