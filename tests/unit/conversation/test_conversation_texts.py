"""What Maskline itself says, in each language."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import FIELDS, Keyword, parse
from conversation_service.domain.templates.catalog import MAX_DURATION, Template, TemplateCatalog
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for

CODE = "K7M2Q9"
EVERYTHING = [(language, template) for language in LANGUAGES for template in Template]
ENDINGS = [
    Template.ENDED,
    Template.JUST_ENDED,
    Template.CANCELLED,
    Template.CODE_EXPIRED,
    Template.IDLE_EXPIRED,
    Template.LIFETIME_EXPIRED,
    Template.BLOCKED,
]
# As long as the words of a pool may be without texts of its own.
LONG_WORDS = {name: (name.replace("_", "").ljust(12, "x"),) for name in FIELDS}


def shipped(language: str, operator: str = "Test exchange") -> TemplateCatalog:
    return catalog_for(language, operator, {}, {})


def said(language: str, template: Template, span: timedelta = timedelta(minutes=15)) -> str:
    return shipped(language).say(template, code=CODE, span=span)


@pytest.mark.parametrize("language", LANGUAGES)
@given(
    code=st.text(codes.ALPHABET, min_size=codes.LENGTH, max_size=codes.LENGTH),
    span=st.timedeltas(min_value=timedelta(0)),
    operator=st.text("Mx ", min_size=1, max_size=40),
)
def test_a_system_text_is_ascii_shows_no_phone_number_and_fits_one_segment(
    language: str, code: str, span: timedelta, operator: str
) -> None:
    spoken = shipped(language, operator)
    for template in Template:
        text = spoken.say(template, code=code, span=span)
        assert text.isascii()
        assert text.isprintable()
        assert len(text) <= 160
        assert not re.search(r"\d{7}", re.sub(r"\W", "", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_system_text_has_room_for_long_words_and_a_long_operator(language: str) -> None:
    spoken = catalog_for(language, "x" * 40, LONG_WORDS, {})
    for template in Template:
        assert len(spoken.say(template, code=CODE, span=timedelta(minutes=119))) <= 160


@pytest.mark.parametrize(("language", "template"), EVERYTHING)
def test_a_system_text_that_comes_back_is_never_taken_for_a_command(
    language: str, template: Template
) -> None:
    assert parse(said(language, template), shipped(language).keywords).kind is Keyword.TALK


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", [*ENDINGS, Template.HELP, Template.OPENED])
def test_every_ending_and_every_introduction_say_how_to_stop_all_texts(
    language: str, template: Template
) -> None:
    assert re.search(r"\bSTOP\b", said(language, template))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", [Template.SOMEBODY_JOINED, Template.YOU_JOINED])
def test_both_are_told_how_to_end_and_how_to_stop_when_they_meet(
    language: str, template: Template
) -> None:
    [end, *_] = shipped(language).keywords.end
    assert f"{end.upper()} " in said(language, template)
    assert "STOP " in said(language, template)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", [Template.HELP, Template.OPENED, Template.REPORTED])
def test_who_runs_a_pool_is_said_where_people_ask_for_it(language: str, template: Template) -> None:
    assert "Test exchange" in said(language, template)


@pytest.mark.parametrize(
    ("language", "seconds", "words"),
    [
        ("en", 1, "within a minute"),
        ("en", 60, "within a minute"),
        ("en", 900, "within 15 minutes"),
        ("en", 5400, "within 90 minutes"),
        ("en", 9600, "within 2 hours"),
        ("en", 86_400, "within 24 hours"),
        ("en", 604_800, "within 7 days"),
        ("en", 10**9, "within 3650 days"),
        ("es", 60, "plazo de un minuto"),
        ("es", 900, "plazo de 15 minutos"),
        ("es", 86_400, "plazo de 24 horas"),
        ("es", 604_800, "plazo de 7 dias"),
    ],
)
def test_a_code_says_how_long_it_lives_and_never_too_long(
    language: str, seconds: int, words: str
) -> None:
    assert words in said(language, Template.CODE, timedelta(seconds=seconds))


def test_the_longest_span_is_spoken_as_it_is() -> None:
    assert "in 3650 days" in said("en", Template.LIFETIME_WARNING, MAX_DURATION)


@pytest.mark.parametrize(("minutes", "words"), [(15, "in 15 minutes"), (160, "in 3 hours")])
def test_a_time_to_be_waited_for_is_never_said_too_short(minutes: int, words: str) -> None:
    assert words in said("en", Template.JUST_ENDED, timedelta(minutes=minutes))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pools_first_words_are_shown_in_capitals_and_stop_as_the_law_has_it(
    language: str,
) -> None:
    words = {"start": ("los geht's", "go"), "join": ("dabei",), "opt_out": ("basta",)}
    spoken = catalog_for(language, "Test exchange", words, {})
    assert "LOS GEHT'S" in spoken.say(Template.ENDED)
    assert "STOP" in spoken.say(Template.ENDED)
    assert "DABEI K7M2Q9" in spoken.say(Template.OWN_CODE, code=CODE)


def test_the_beginnings_that_people_know_stay() -> None:
    assert said("en", Template.CODE).startswith("Your code is K7M2Q9.")
    assert said("en", Template.YOU_JOINED).startswith("You have joined.")
    assert said("en", Template.SOMEBODY_JOINED).startswith("The other person has joined.")
    assert said("en", Template.ENDED).startswith("The conversation has ended.")
    assert "START for a code" in said("en", Template.HELP)
