"""The languages Maskline speaks, and how a pool departs from them."""

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

_SPOKEN: Mapping[str, Language] = {"en": ENGLISH, "es": SPANISH}

LANGUAGES = tuple(_SPOKEN)

_NAMES = tuple(template.value for template in Template)


def catalog_for(
    language: str, operator: str, words: Mapping[str, tuple[str, ...]], texts: Mapping[str, str]
) -> TemplateCatalog:
    """A language's words and templates with a pool's in their place; opt-out words are added.

    Raises TemplateError for names that are not known, and words or templates that break a rule.
    """
    return _catalog(language, operator, tuple(words.items()), tuple(texts.items()))


# As many as there are pools; a catalog is rendered and checked once for the same settings.
@lru_cache(maxsize=256)
def _catalog(
    language: str,
    operator: str,
    word_items: tuple[tuple[str, tuple[str, ...]], ...],
    text_items: tuple[tuple[str, str], ...],
) -> TemplateCatalog:
    words, texts = dict(word_items), dict(text_items)
    violations = speech_violations(language, operator, words, texts)
    if violations:
        raise TemplateError("; ".join(f"{field}: {told}" for field, told in violations))
    return _merged(_SPOKEN[language], operator, words, texts)


def speech_violations(
    language: str, operator: str, words: Mapping[str, tuple[str, ...]], texts: Mapping[str, str]
) -> list[FieldViolation]:
    """Everything because of which `speech` would raise."""
    spoken = _SPOKEN.get(language)
    if spoken is None:
        return [FieldViolation("language", f"must be one of {', '.join(LANGUAGES)}")]
    found = [*keyword_violations(spoken.words, words), *_unknown_templates(texts)]
    return found or template_violations(_merged(spoken, operator, words, texts))


def _unknown_templates(texts: Mapping[str, str]) -> Iterator[FieldViolation]:
    unknown = (name for name in texts if name not in _NAMES)
    # One is enough: a caller could send any number of them.
    for name in islice(unknown, 1):
        yield FieldViolation(f"texts.{name:.40}", f"must be one of {', '.join(_NAMES)}")


def _merged(
    spoken: Language,
    operator: str,
    words: Mapping[str, tuple[str, ...]],
    texts: Mapping[str, str],
) -> TemplateCatalog:
    own = {Template(name): text for name, text in texts.items()}
    return TemplateCatalog(
        words=effective_keywords(spoken.words, words),
        spans=spoken.spans,
        operator=operator,
        templates={**spoken.templates, **own},
    )
