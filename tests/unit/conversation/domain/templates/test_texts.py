"""Every system message word for word, as it was judged, and how long each may become."""

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from conversation_service.domain.templates.catalog import (
    MAX_DURATION,
    Operator,
    Template,
    TemplateCatalog,
    TemplateError,
)
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for
from conversation_service.domain.templates.validation import MAX_ABOUT_LENGTH

TEXTS = tomllib.loads(Path(__file__).with_name("texts.toml").read_text())
DEMO = Operator("Maskline demo", "help@example.org")
LONGEST = Operator("x" * 30, "x" * 30)
CASES = [(language, Template(name)) for language in LANGUAGES for name in TEXTS[language]]
DURATIONS = (timedelta(minutes=119), MAX_DURATION)
FIRST = (Template.CODE, Template.YOU_JOINED, Template.OPENED)


def rendered(catalog: TemplateCatalog, template: Template, span: timedelta) -> str:
    return catalog.render(template, code="7K2M9P", span=span, receipt="A" * 22)


@pytest.mark.parametrize(("language", "template"), CASES)
def test_a_system_message_reads_as_judged(language: str, template: Template) -> None:
    expected = TEXTS[language][template.value]
    demo = catalog_for(language, DEMO, {}, {})
    assert rendered(demo, template, timedelta(minutes=15)) == expected["text"]
    longest = catalog_for(language, LONGEST, {}, {})
    lengths = {len(rendered(longest, template, span)) for span in DURATIONS}
    assert max(lengths) <= expected["most"] <= 160


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            "Maskline demo has connected you with someone. Text here to talk: your ride at 5. END "
            "to end, HELP for help, STOP to opt out.",
        ),
        (
            "es",
            "Maskline demo: aqui escribe a otra persona sobre your ride at 5. FIN: terminar. "
            "AYUDA: info. STOP: no recibir mas.",
        ),
    ],
)
def test_a_subject_is_shown_within_one_segment_and_recognized(language: str, expected: str) -> None:
    demo = catalog_for(language, DEMO, {}, {})
    text = demo.render(Template.OPENED, about="your ride at 5")
    assert text == expected
    assert demo.is_system_message(text)
    longest = catalog_for(language, LONGEST, {}, {})
    assert len(longest.render(Template.OPENED, about="x" * MAX_ABOUT_LENGTH)) <= 160


def test_a_pools_text_that_has_no_room_for_a_subject_is_refused() -> None:
    text = "{operator}: {stop}{about}" + "x" * 85
    with pytest.raises(TemplateError, match="exceed 160"):
        catalog_for("en", LONGEST, {}, {"opened": text + "x" * 20})
    assert catalog_for("en", LONGEST, {}, {"opened": text}).render(Template.OPENED).endswith("x")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_may_be_a_first_message_names_the_operator_help_and_stop(language: str) -> None:
    catalog = catalog_for(language, DEMO, {}, {})
    [help_keyword, *_] = catalog.keywords.help
    for template in FIRST:
        text = rendered(catalog, template, timedelta(minutes=15))
        assert all(part in text for part in (DEMO.name, help_keyword.upper(), "STOP")), template


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_system_message_teaches_a_word_that_opts_out_except_stop(language: str) -> None:
    catalog = catalog_for(language, DEMO, {}, {})
    for template in Template:
        text = rendered(catalog, template, timedelta(minutes=15)).lower()
        assert not any(word in text for word in ("cancel", "unsubscribe", "stop all"))


def test_help_in_a_conversation_names_what_the_pool_offers_against_abuse() -> None:
    for keywords, sentence in (
        (("block", "report"), "END to end. BLOCK or REPORT abuse. Help:"),
        (("block",), "END to end. BLOCK abuse. Help:"),
        (("report",), "END to end. REPORT abuse. Help:"),
        ((), "END to end. Help:"),
    ):
        catalog = catalog_for("en", DEMO, {}, {}, safety_keywords=keywords)
        assert sentence in catalog.render(Template.HELP_TALKING)


def test_only_the_contact_may_be_a_phone_number() -> None:
    catalog = catalog_for("en", Operator("Acme", "+1 (206) 555-0100"), {}, {})
    assert "Acme help: +1 (206) 555-0100." in catalog.render(Template.HELP)
