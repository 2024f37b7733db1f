"""The languages of system messages, and what a pool may change in them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.validation import effective_keywords, keyword_violations
from conversation_service.domain.templates.catalog import (
    Language,
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
    operator: str,
    keywords: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
    prefix: str = "",
) -> TemplateCatalog:
    """A language's keywords and templates with a pool's in their place.

    Raises TemplateError for unknown names, and keywords or templates that break a rule.
    """
    return _catalog(language, operator, tuple(keywords.items()), tuple(texts.items()), prefix)


# As many as there are pools: a catalog is rendered and checked once for the same settings.
@lru_cache(maxsize=256)
def _catalog(
    language: str,
    operator: str,
    keyword_items: tuple[tuple[str, tuple[str, ...]], ...],
    text_items: tuple[tuple[str, str], ...],
    prefix: str,
) -> TemplateCatalog:
    keywords, texts = dict(keyword_items), dict(text_items)
    violations = catalog_violations(language, operator, keywords, texts, prefix)
    if violations:
        raise TemplateError("; ".join(f"{field}: {problem}" for field, problem in violations))
    return _merged(_BY_CODE[language], operator, keywords, texts, prefix)


def catalog_violations(
    language: str,
    operator: str,
    keywords: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
    prefix: str = "",
) -> list[FieldViolation]:
    """Everything for which `catalog_for` would raise."""
    defaults = _BY_CODE.get(language)
    if defaults is None:
        return [FieldViolation("language", f"must be one of {', '.join(LANGUAGES)}")]
    violations = [*keyword_violations(defaults.keywords, keywords), *_unknown_templates(texts)]
    return violations or template_violations(_merged(defaults, operator, keywords, texts, prefix))


def _unknown_templates(texts: Mapping[str, str]) -> Iterator[FieldViolation]:
    unknown = (name for name in texts if name not in _TEMPLATE_NAMES)
    # Only the first: a caller could send any number of them.
    for name in islice(unknown, 1):
        expected = f"must be one of {', '.join(_TEMPLATE_NAMES)}"
        yield FieldViolation(f"templates.{name:.40}", expected)


def _merged(
    defaults: Language,
    operator: str,
    keywords: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
    prefix: str,
) -> TemplateCatalog:
    own = {Template(name): text for name, text in texts.items()}
    return TemplateCatalog(
        keywords=effective_keywords(defaults.keywords, keywords),
        durations=defaults.durations,
        operator=operator,
        templates={**defaults.templates, **own},
        prefix=prefix,
    )
