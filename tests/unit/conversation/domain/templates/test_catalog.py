"""The system messages of each language, rendered, and those that a pool chooses."""

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversation_service.domain.keywords import join_codes
from conversation_service.domain.keywords.keywords import FIELDS, Keyword, parse
from conversation_service.domain.templates.catalog import (
    MAX_DURATION,
    Operator,
    Template,
    TemplateCatalog,
    TemplateError,
)
from conversation_service.domain.templates.languages import LANGUAGES, catalog_for
from support.builders.conversations import OPERATOR

CODE = "K7M2Q9"
SHOW_STOP = [
    Template.ENDED,
    Template.JUST_ENDED,
    Template.CANCELLED,
    Template.CODE_EXPIRED,
    Template.IDLE_EXPIRED,
    Template.LIFETIME_EXPIRED,
    Template.BLOCKED,
    *(Template.HELP, Template.HELP_TALKING, Template.OPT_OUT_HINT, Template.OPTED_IN),
    *(Template.CODE, Template.YOU_JOINED, Template.OPENED),
]
# As long as the keywords of a pool may be without system messages of its own.
LONG_KEYWORDS = {name: (name.replace("_", "").ljust(8, "x"),) for name in FIELDS}


def catalog(language: str, operator: str = OPERATOR.name) -> TemplateCatalog:
    return catalog_for(language, Operator(operator, OPERATOR.contact), {}, {})


def rendered(language: str, template: Template, span: timedelta = timedelta(minutes=15)) -> str:
    return catalog(language).render(template, code=CODE, span=span)


@pytest.mark.parametrize("language", LANGUAGES)
@given(
    code=st.text(join_codes.ALPHABET, min_size=join_codes.LENGTH, max_size=join_codes.LENGTH),
    span=st.timedeltas(min_value=timedelta(0)),
    operator=st.text("Mx ", min_size=1, max_size=30),
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
def test_every_system_message_has_room_for_long_keywords(language: str) -> None:
    long = catalog_for(language, Operator("x", "x"), LONG_KEYWORDS, {})
    for template in Template:
        assert len(long.render(template, code=CODE, span=timedelta(minutes=119))) <= 160


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", Template)
def test_a_system_message_that_is_sent_back_is_no_keyword(
    language: str, template: Template
) -> None:
    assert parse(rendered(language, template), catalog(language).keywords).kind is Keyword.TALK


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_learn_how_to_stop_how_to_end_and_who_the_operator_is(language: str) -> None:
    for template in SHOW_STOP:
        assert re.search(r"\bSTOP\b", rendered(language, template)), template
    [end, *_] = catalog(language).keywords.end
    for template in (Template.SOMEBODY_JOINED, Template.YOU_JOINED, Template.OPENED):
        assert re.search(rf"\b{end.upper()}\b", rendered(language, template))
    for template in (Template.HELP, Template.HELP_TALKING, Template.REPORTED):
        assert "Test exchange" in rendered(language, template)


def test_time_that_is_left_is_rounded_down() -> None:
    for language, seconds, duration in (
        ("en", 1, "within a minute"),
        ("en", 60, "within a minute"),
        ("en", 900, "within 15 minutes"),
        ("en", 5400, "within 90 minutes"),
        ("en", 9600, "within 2 hours"),
        ("en", 86_400, "within 24 hours"),
        ("en", 604_800, "within 7 days"),
        ("en", 10**9, "within 3650 days"),
        ("es", 60, "en un minuto"),
        ("es", 900, "en 15 minutos"),
        ("es", 86_400, "en 24 horas"),
        ("es", 604_800, "en 7 dias"),
    ):
        assert duration in rendered(language, Template.CODE, timedelta(seconds=seconds))
    assert "in 3650 days" in rendered("en", Template.LIFETIME_WARNING, MAX_DURATION)


def test_a_waiting_time_is_rounded_up() -> None:
    for minutes, duration in ((15, "in 15 minutes"), (160, "in 3 hours")):
        assert duration in rendered("en", Template.JUST_ENDED, timedelta(minutes=minutes))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_keyword_of_a_pool_is_shown_in_capitals_and_stop_as_in_the_law(
    language: str,
) -> None:
    keywords = {"start": ("los geht's", "go"), "join": ("dabei",), "opt_out": ("basta",)}
    own = catalog_for(language, OPERATOR, keywords, {})
    assert "LOS GEHT'S" in own.render(Template.ENDED)
    assert "DABEI K7M2Q9" in own.render(Template.OWN_CODE, code=CODE)


# The rule that a message states, and the templates that break it.
REFUSED: dict[str, list[tuple[str, str]]] = {
    "empty": [("empty", ""), ("empty", "   ")],
    "printable ASCII": [
        ("empty", "caf\u00e9"),
        ("empty", "two\nlines"),
        ("empty", "a `quoted` word"),
    ],
    "exceed 160 characters": [
        ("empty", "x" * 161),
        ("empty", "[" * 81),
        ("empty", "{operator}" * 13),
        ("lifetime_warning", "{span}" + "x" * 150),
    ],
    "may only use": [
        *(("empty", text) for text in ("{colour}", "{}", "{0}", "{ operator }", "{code}")),
        *(("empty", text) for text in ("{operator.upper}", "{operator[0]}")),
        ("code_not_valid", "Not {code}"),
        ("help", "{operator} {contact} {span} STOP"),
        ("help", "{operator} {contact} {safety} STOP"),
    ],
    "braces": [
        *(
            ("empty", text)
            for text in ("{operator!r}", "{operator:>200}", "{operator", "operator}")
        ),
        ("lifetime_warning", "{span:{code}}"),
    ],
    "{code}": [("code", "Text {join} to this number within {span}. STOP")],
    "{operator}": [(n, "{start} {contact} {stop}") for n in ("opened", "help", "help_talking")],
    "{contact}": [(name, "{operator}: {start} {stop}") for name in ("help", "help_talking")],
    "STOP": [
        *((name, "It is over.") for name in ("ended", "just_ended", "cancelled", "blocked")),
        *((name, "It is over.") for name in ("idle_expired", "lifetime_expired")),
        *((name, "{operator} {contact}") for name in ("help", "help_talking", "opened")),
        *((name, "Hello.") for name in ("code_expired", "you_joined", "opted_in", "opt_out_hint")),
        ("code", "{operator}: {join} {code}"),
        ("ended", "The last stop of the bus. Stopped."),
    ],
    "phone number": [
        *(("empty", f"Call {n}") for n in ("206-555-0100", "(206) 555 0100 ext", "5550100")),
        ("empty", "Call +1.206.555.0100"),
        ("own_code", "5{code}"),
        ("idle_warning", "555 {span}"),
    ],
    "keyword": [
        *(("empty", text) for text in ("Start!", "{end}", "Stop.", "Yes!")),
        ("own_code", "{join} {code}"),
        ("own_code", "{end} {code}"),
        ("lifetime_warning", "end {span}"),
        ("lifetime_warning", "end 2{span}"),
        ("code_not_valid", "join again"),
    ],
    "must be one of": [("colour", "Blue")],
}
CASES = [(rule, name, text) for rule, cases in REFUSED.items() for name, text in cases]


def own(
    texts: dict[str, str], keywords: dict[str, tuple[str, ...]] | None = None
) -> TemplateCatalog:
    return catalog_for("en", OPERATOR, keywords or {}, texts)


@pytest.mark.parametrize(("rule", "name", "text"), CASES)
def test_an_invalid_template_is_refused_with_its_name_and_the_rule(
    rule: str, name: str, text: str
) -> None:
    with pytest.raises(TemplateError, match=f"^templates\\.{name}: .*{re.escape(rule)}"):
        own({name: text})


def test_an_error_names_every_invalid_template_and_repeats_no_name_of_any_length() -> None:
    with pytest.raises(TemplateError, match=r"templates\.ended: .*; templates\.empty: "):
        own({"ended": "Over.", "empty": ""})
    with pytest.raises(TemplateError) as refused:
        own({"x" * 100_000: "Hello"})
    assert len(str(refused.value)) < 1000


def test_a_template_of_a_pool_is_rendered_with_its_keywords() -> None:
    texts = {
        "code": "{operator} {{here}}: {code}, {join} {code}, {span}. {stop}",
        "ended": "Over. {start} again, STOP for good.",
        "help": "{operator} {contact} {help} {block} {report} {end} {stop}",
    }
    catalog = own(texts, {"start": ("go",), "join": ("meet",)})
    code = catalog.render(Template.CODE, code="K7M2Q9", span=timedelta(minutes=15))
    assert code == "Test exchange {here}: K7M2Q9, MEET K7M2Q9, 15 minutes. STOP"
    assert catalog.render(Template.ENDED) == "Over. GO again, STOP for good."
    help_text = catalog.render(Template.HELP)
    assert help_text == "Test exchange help@example.org HELP BLOCK REPORT END STOP"


def test_templates_that_a_pool_does_not_choose_stay() -> None:
    assert own({"empty": "Nothing in it."}).render(Template.ENDED) == own({}).render(Template.ENDED)


def test_braces_in_an_operators_name_are_no_placeholder() -> None:
    catalog = catalog_for("en", Operator("{code} & Co", "{end}"), {}, {})
    assert catalog.render(Template.HELP).startswith("{code} & Co help: {end}. ")


def test_keywords_too_long_for_a_default_template_need_a_template_of_the_pool() -> None:
    keywords = {name: (name.ljust(20, "x"),) for name in ("start", "join", "end")}
    with pytest.raises(TemplateError, match=r"templates\.help: .*shorter words"):
        catalog_for("en", OPERATOR, keywords, {})
    shorter = {"help": "{operator} {contact}. {stop}"}
    own_help = catalog_for("en", OPERATOR, keywords, shorter).render(Template.HELP)
    assert own_help == "Test exchange help@example.org. STOP"


def test_a_template_that_is_one_of_the_pools_keywords_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"templates\.empty: would be taken for a keyword"):
        own({"empty": "Nothing in it."}, {"report": ("nothing in it",)})


def test_a_keyword_that_is_not_ascii_is_refused_where_it_is_shown() -> None:
    with pytest.raises(TemplateError, match="the keywords that it shows"):
        own({}, {"start": ("s\u00ed empiezo",)})


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(TemplateError, match="language: must be one of en, es"):
        catalog_for("tlh", OPERATOR, {}, {})


# Most of what is drawn is valid, so that enough templates are rendered.
VALID = st.sampled_from(
    [
        *(f"{{{name}}}" for name in ("code", "span", "operator", "start", "join", "end", "stop")),
        *("555-", "(20", "+1 ", "2", "0100", ".", "[", " ", "Go", "end ", "join ", "STOP "),
    ]
)
INVALID = st.sampled_from(["{", "}", "{}", "{code.x}", "{code!r}", "{span:>99}", "`", "\u00e9"])
TEMPLATES = st.lists(VALID, max_size=12) | st.lists(VALID | INVALID | st.text(max_size=8))
KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "start": st.tuples(st.text("go5 ", min_size=1, max_size=20)),
        "end": st.tuples(st.sampled_from(["end", "over", "", "555", "x" * 20])),
        "opt_out": st.tuples(st.text(max_size=20)),
    },
)


@settings(max_examples=200)
@given(
    language=st.sampled_from(LANGUAGES),
    operator=st.text("Op5 {}", min_size=1, max_size=30),
    keywords=KEYWORDS,
    template=st.sampled_from(Template),
    pieces=TEMPLATES,
    code=st.text(join_codes.ALPHABET, min_size=join_codes.LENGTH, max_size=join_codes.LENGTH),
    span=st.timedeltas(),
)
def test_any_template_is_refused_or_safe_to_send(
    language: str,
    operator: str,
    keywords: dict[str, tuple[str, ...]],
    template: Template,
    pieces: list[str],
    code: str,
    span: timedelta,
) -> None:
    try:
        texts = {template.value: "".join(pieces)}
        catalog = catalog_for(language, Operator(operator, "x"), keywords, texts)
    except TemplateError:
        return
    body = catalog.render(template, code=code, span=span)
    assert body.isascii()
    assert len(body) <= 160
    assert not re.search(r"\d{7}", body.translate(str.maketrans("", "", " ()+-./")))
    assert parse(body, catalog.keywords).kind in (Keyword.TALK, Keyword.CODE)
