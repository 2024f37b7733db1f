"""The languages of system messages, and what a pool may change in them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.validation import effective_keywords, keyword_violations
from conversation_service.domain.templates.catalog import (
    SAFETY_KEYWORDS,
    Language,
    Operator,
    Template,
    TemplateCatalog,
    TemplateError,
)
from conversation_service.domain.templates.english import ENGLISH
from conversation_service.domain.templates.spanish import SPANISH
from conversation_service.domain.templates.validation import template_violations

_BY_CODE: Mapping[str, Language] = {"en": ENGLISH, "es": SPANISH}

LANGUAGES = tuple(_BY_CODE)

_TEMPLATE_NAMES = tuple(template.value for template in Template)


def catalog_for(
    language: str,
    operator: Operator,
    keywords: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
    prefix: str = "",
    safety_keywords: tuple[str, ...] = SAFETY_KEYWORDS,
) -> TemplateCatalog:
    """A language's keywords and templates with a pool's in their place.

    Raises TemplateError for unknown names, and keywords or templates that break a rule.
    """
    items = (tuple(keywords.items()), tuple(texts.items()))
    return _catalog(language, operator, *items, prefix, safety_keywords)


# As many as there are pools: a catalog is rendered and checked once for the same settings.
@lru_cache(maxsize=256)
def _catalog(
    language: str,
    operator: Operator,
    keyword_items: tuple[tuple[str, tuple[str, ...]], ...],
    text_items: tuple[tuple[str, str], ...],
    prefix: str,
    safety_keywords: tuple[str, ...],
) -> TemplateCatalog:
    keywords, texts = dict(keyword_items), dict(text_items)
    violations = catalog_violations(language, operator, keywords, texts, prefix, safety_keywords)
    if violations:
        raise TemplateError("; ".join(f"{field}: {problem}" for field, problem in violations))
    return _merged(_BY_CODE[language], operator, keywords, texts, prefix, safety_keywords)


def catalog_violations(
    language: str,
    operator: Operator,
    keywords: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
    prefix: str = "",
    safety_keywords: tuple[str, ...] = SAFETY_KEYWORDS,
) -> list[FieldViolation]:
    """Everything for which `catalog_for` would raise."""
    defaults = _BY_CODE.get(language)
    if defaults is None:
        return [FieldViolation("language", f"must be one of {', '.join(LANGUAGES)}")]
    violations = [*keyword_violations(defaults.keywords, keywords), *_unknown_templates(texts)]
    merged = (defaults, operator, keywords, texts, prefix, safety_keywords)
    return violations or template_violations(_merged(*merged))


def _unknown_templates(texts: Mapping[str, str]) -> Iterator[FieldViolation]:
    unknown = (name for name in texts if name not in _TEMPLATE_NAMES)
    # Only the first: a caller could send any number of them.
    for name in islice(unknown, 1):
        expected = f"must be one of {', '.join(_TEMPLATE_NAMES)}"
        yield FieldViolation(f"templates.{name:.40}", expected)


def _merged(
    defaults: Language,
    operator: Operator,
    keywords: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
    prefix: str,
    safety_keywords: tuple[str, ...],
) -> TemplateCatalog:
    own = {Template(name): text for name, text in texts.items()}
    return TemplateCatalog(
        keywords=effective_keywords(defaults.keywords, keywords),
        durations=defaults.durations,
        safety=defaults.safety,
        about=defaults.about,
        operator=operator,
        templates={**defaults.templates, **own},
        safety_keywords=safety_keywords,
        prefix=prefix,
    )
