"""The system messages of each language, rendered."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.keywords import FIELDS, Keyword, parse
from conversation_service.domain.templates.catalog import MAX_DURATION, Template, TemplateCatalog
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for

CODE = "K7M2Q9"
SHOW_STOP = [
    Template.ENDED,
    Template.JUST_ENDED,
    Template.CANCELLED,
    Template.CODE_EXPIRED,
    Template.IDLE_EXPIRED,
    Template.LIFETIME_EXPIRED,
    Template.BLOCKED,
    Template.HELP,
    Template.OPENED,
]
# As long as the keywords of a pool may be without system messages of its own.
LONG_KEYWORDS = {name: (name.replace("_", "").ljust(12, "x"),) for name in FIELDS}


def catalog(language: str, operator: str = "Test exchange") -> TemplateCatalog:
    return catalog_for(language, operator, {}, {})


def rendered(language: str, template: Template, span: timedelta = timedelta(minutes=15)) -> str:
    return catalog(language).render(template, code=CODE, span=span)


@pytest.mark.parametrize("language", LANGUAGES)
@given(
    code=st.text(join_codes.ALPHABET, min_size=join_codes.LENGTH, max_size=join_codes.LENGTH),
    span=st.timedeltas(min_value=timedelta(0)),
    operator=st.text("Mx ", min_size=1, max_size=40),
)
def test_a_system_message_is_ascii_without_a_phone_number_and_fits_one_segment(
    language: str, code: str, span: timedelta, operator: str
) -> None:
    for template in Template:
        body = catalog(language, operator).render(template, code=code, span=span)
        assert body.isascii()
        assert body.isprintable()
        assert len(body) <= 160
        assert not re.search(r"\d{7}", re.sub(r"\W", "", body))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_system_message_has_room_for_long_keywords_and_a_long_operator(
    language: str,
) -> None:
    long = catalog_for(language, "x" * 40, LONG_KEYWORDS, {})
    for template in Template:
        assert len(long.render(template, code=CODE, span=timedelta(minutes=119))) <= 160


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", Template)
def test_a_system_message_that_is_sent_back_is_no_keyword(
    language: str, template: Template
) -> None:
    assert parse(rendered(language, template), catalog(language).keywords).kind is Keyword.TALK


@pytest.mark.parametrize("language", LANGUAGES)
def test_endings_and_introductions_say_how_to_stop_all_messages(language: str) -> None:
    for template in SHOW_STOP:
        assert re.search(r"\bSTOP\b", rendered(language, template)), template


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_learn_how_to_end_and_how_to_stop_when_they_are_connected(language: str) -> None:
    [end, *_] = catalog(language).keywords.end
    for template in (Template.SOMEBODY_JOINED, Template.YOU_JOINED):
        assert f"{end.upper()} " in rendered(language, template)
        assert "STOP " in rendered(language, template)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_operator_is_named_where_people_ask_for_it(language: str) -> None:
    for template in (Template.HELP, Template.OPENED, Template.REPORTED):
        assert "Test exchange" in rendered(language, template)


@pytest.mark.parametrize(
    ("language", "seconds", "duration"),
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
def test_time_that_is_left_is_rounded_down(language: str, seconds: int, duration: str) -> None:
    assert duration in rendered(language, Template.CODE, timedelta(seconds=seconds))


@pytest.mark.parametrize(("minutes", "duration"), [(15, "in 15 minutes"), (160, "in 3 hours")])
def test_a_waiting_time_is_rounded_up(minutes: int, duration: str) -> None:
    assert duration in rendered("en", Template.JUST_ENDED, timedelta(minutes=minutes))


def test_the_longest_duration_is_shown_in_full() -> None:
    assert "in 3650 days" in rendered("en", Template.LIFETIME_WARNING, MAX_DURATION)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_keyword_of_a_pool_is_shown_in_capitals_and_stop_as_in_the_law(
    language: str,
) -> None:
    keywords = {"start": ("los geht's", "go"), "join": ("dabei",), "opt_out": ("basta",)}
    own = catalog_for(language, "Test exchange", keywords, {})
    assert "LOS GEHT'S" in own.render(Template.ENDED)
    assert "STOP" in own.render(Template.ENDED)
    assert "DABEI K7M2Q9" in own.render(Template.OWN_CODE, code=CODE)


def test_the_published_beginnings_of_system_messages_stay() -> None:
    assert rendered("en", Template.CODE).startswith("Your code is K7M2Q9.")
    assert rendered("en", Template.YOU_JOINED).startswith("You have joined.")
    assert rendered("en", Template.SOMEBODY_JOINED).startswith("The other person has joined.")
    assert rendered("en", Template.ENDED).startswith("The conversation has ended.")
    assert "START for a code" in rendered("en", Template.HELP)
