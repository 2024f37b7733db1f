"""A pool's own system texts."""

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import Keyword, parse
from conversation_service.domain.templates.catalog import Template, TemplateCatalog, TemplateError
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for

BRACES = "braces"
TOO_LONG = "exceed 160 characters"
SHOWS_A_NUMBER = "phone number"

REFUSED = [
    ("empty", "", "empty"),
    ("empty", "   ", "empty"),
    ("empty", "caf\u00e9", "printable ASCII"),
    ("empty", "two\nlines", "printable ASCII"),
    ("empty", "a `quoted` word", "printable ASCII"),
    ("empty", "x" * 161, TOO_LONG),
    ("empty", "[" * 81, TOO_LONG),
    ("empty", "{operator}" * 13, TOO_LONG),
    ("lifetime_warning", "{span}" + "x" * 150, TOO_LONG),
    ("empty", "{colour}", "may only use"),
    ("empty", "{}", "may only use"),
    ("empty", "{0}", "may only use"),
    ("empty", "{ operator }", "may only use"),
    ("empty", "{operator.upper}", "may only use"),
    ("empty", "{operator[0]}", "may only use"),
    ("empty", "{code}", "may only use"),
    ("code_not_valid", "Not {code}", "may only use"),
    ("help", "{span} STOP", "may only use"),
    ("empty", "{operator!r}", BRACES),
    ("empty", "{operator:>200}", BRACES),
    ("lifetime_warning", "{span:{code}}", BRACES),
    ("empty", "{operator", BRACES),
    ("empty", "operator}", BRACES),
    ("code", "Text {join} to this number within {span}.", "{code}"),
    *((name, "It is over.", "STOP") for name in ("ended", "just_ended", "cancelled", "blocked")),
    *((name, "It is over.", "STOP") for name in ("idle_expired", "lifetime_expired")),
    *((name, "It is over.", "STOP") for name in ("code_expired", "help", "opened")),
    ("ended", "The last stop of the bus. Stopped.", "STOP"),
    ("empty", "Call 206-555-0100", SHOWS_A_NUMBER),
    ("empty", "Call (206) 555 0100 ext", SHOWS_A_NUMBER),
    ("empty", "Call +1.206.555.0100", SHOWS_A_NUMBER),
    ("empty", "Call 5550100", SHOWS_A_NUMBER),
    ("own_code", "5{code}", SHOWS_A_NUMBER),
    ("idle_warning", "555 {span}", SHOWS_A_NUMBER),
    ("empty", "Start!", "keyword"),
    ("empty", "{end}", "keyword"),
    ("empty", "Stop.", "keyword"),
    ("empty", "Yes!", "keyword"),
    ("own_code", "{join} {code}", "keyword"),
    ("own_code", "{end} {code}", "keyword"),
    ("lifetime_warning", "end {span}", "keyword"),
    ("lifetime_warning", "end 2{span}", "keyword"),
    ("code_not_valid", "join again", "keyword"),
    ("colour", "Blue", "must be one of"),
]


def own(texts: dict[str, str], words: dict[str, tuple[str, ...]] | None = None) -> TemplateCatalog:
    return catalog_for("en", "Test exchange", words or {}, texts)


@pytest.mark.parametrize(("name", "template", "told"), REFUSED)
def test_a_template_that_breaks_a_rule_is_refused_by_name_with_its_reason(
    name: str, template: str, told: str
) -> None:
    with pytest.raises(TemplateError, match=f"^texts.{name}: .*{re.escape(told)}"):
        own({name: template})


def test_a_refusal_names_every_template_that_breaks_a_rule() -> None:
    with pytest.raises(TemplateError, match=r"texts\.ended: .*; texts\.empty: "):
        own({"ended": "Over.", "empty": ""})


def test_a_refusal_does_not_repeat_a_name_of_any_length() -> None:
    with pytest.raises(TemplateError) as refused:
        own({"x" * 100_000: "Hello"})
    assert len(str(refused.value)) < 1000


def test_a_pools_own_template_is_said_filled_with_its_own_words() -> None:
    texts = {
        "code": "{operator} {{here}}: {code}, {join} {code}, {span}.",
        "ended": "Over. {start} again, STOP for good.",
        "help": "{help} {block} {report} {end} {stop}",
    }
    spoken = own(texts, {"start": ("go",), "join": ("meet",)})
    span = timedelta(minutes=15)
    said = spoken.say(Template.CODE, code="K7M2Q9", span=span)
    assert said == "Test exchange {here}: K7M2Q9, MEET K7M2Q9, 15 minutes."
    assert spoken.say(Template.ENDED) == "Over. GO again, STOP for good."
    assert spoken.say(Template.HELP) == "HELP BLOCK REPORT END STOP"


def test_templates_that_a_pool_does_not_choose_stay() -> None:
    assert own({"empty": "Nothing in it."}).say(Template.ENDED) == own({}).say(Template.ENDED)


def test_a_braces_like_operator_is_said_as_it_is_written() -> None:
    spoken = catalog_for("en", "{code} & Co", {}, {})
    assert spoken.say(Template.HELP).startswith("{code} & Co: ")


def test_words_too_long_for_a_shipped_text_are_refused_until_the_pool_writes_its_own() -> None:
    words = {name: (name.ljust(20, "x"),) for name in ("start", "join", "end")}
    with pytest.raises(TemplateError, match=r"texts\.help: .*shorter words"):
        catalog_for("en", "x" * 40, words, {})
    shorter = {"help": "{operator}. {stop}", "opened": "{end}, {stop}"}
    assert catalog_for("en", "x" * 40, words, shorter).say(Template.HELP).endswith(". STOP")


def test_a_template_that_one_of_the_pools_own_words_would_make_a_command_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"texts\.empty: would be taken for a keyword"):
        own({"empty": "Nothing in it."}, {"report": ("nothing in it",)})


def test_a_first_word_that_is_not_ascii_is_refused_where_it_is_shown() -> None:
    with pytest.raises(TemplateError, match="the keywords that it shows"):
        own({}, {"start": ("s\u00ed empiezo",)})


def test_a_language_that_nobody_speaks_here_is_refused() -> None:
    with pytest.raises(TemplateError, match="language: must be one of en, es"):
        catalog_for("tlh", "Test exchange", {}, {})


# Most of what is drawn is allowed, so that something remains to be said.
SOUND = st.sampled_from(
    [
        *(f"{{{name}}}" for name in ("code", "span", "operator", "start", "join", "end", "stop")),
        *("555-", "(20", "+1 ", "2", "0100", ".", "[", " ", "Go", "end ", "join ", "STOP "),
    ]
)
UNSOUND = st.sampled_from(["{", "}", "{}", "{code.x}", "{code!r}", "{span:>99}", "`", "\u00e9"])
TEMPLATES = st.lists(SOUND, max_size=12) | st.lists(SOUND | UNSOUND | st.text(max_size=8))
WORDS = st.fixed_dictionaries(
    {},
    optional={
        "start": st.tuples(st.text("go5 ", min_size=1, max_size=20)),
        "end": st.tuples(st.sampled_from(["end", "over", "", "555", "x" * 20])),
        "opt_out": st.tuples(st.text(max_size=20)),
    },
)


@settings(max_examples=500)
@given(
    language=st.sampled_from(LANGUAGES),
    operator=st.text("Op5 {}", min_size=1, max_size=40),
    words=WORDS,
    template=st.sampled_from(Template),
    pieces=TEMPLATES,
    code=st.text(codes.ALPHABET, min_size=codes.LENGTH, max_size=codes.LENGTH),
    span=st.timedeltas(),
)
def test_whatever_a_pool_writes_is_refused_or_safe_to_say(
    language: str,
    operator: str,
    words: dict[str, tuple[str, ...]],
    template: Template,
    pieces: list[str],
    code: str,
    span: timedelta,
) -> None:
    try:
        spoken = catalog_for(language, operator, words, {template.value: "".join(pieces)})
    except TemplateError:
        return
    said = spoken.say(template, code=code, span=span)
    assert said.isascii()
    assert len(said) <= 160
    assert not re.search(r"\d{7}", said.translate(str.maketrans("", "", " ()+-./")))
    assert parse(said, spoken.keywords).kind is Keyword.TALK
