"""Which keywords a pool may choose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.keywords import END, FIELDS, Keywords
from conversation_service.domain.keywords.normalization import normalized

# People type them, and a system message has room for a few of them.
MAX_WORD_LENGTH = 20

# Keywords are not relayed: each further one takes a text away from the conversation.
MAX_WORDS = 20


def effective_keywords(defaults: Keywords, chosen: Mapping[str, Sequence[str]]) -> Keywords:
    """A language's keywords with a pool's in their place; opt-out keywords are only added."""
    own = _normalized(chosen)
    added = own.pop("opt_out", ())
    merged = replace(defaults, **own, opt_out=(*defaults.opt_out, *added))
    # "end" is an opt-out keyword in law: if it does not opt out, it ends and tells how to opt out.
    if END in merged.opt_out:
        return replace(merged, end=tuple(text for text in merged.end if text != END))
    return merged if END in merged.end else replace(merged, end=(*merged.end, END))


def keyword_violations(
    defaults: Keywords, chosen: Mapping[str, Sequence[str]]
) -> list[FieldViolation]:
    """The violations of a pool's choice of keywords in place of a language's `defaults`."""
    violations = list(_form_violations(chosen))
    if violations:
        return violations
    merged = effective_keywords(defaults, chosen)
    if not merged.end:
        return [FieldViolation("keywords.words.end", 'must hold another word where "end" opts out')]
    return list(_ambiguities(merged, chosen))


def _form_violations(chosen: Mapping[str, Sequence[str]]) -> Iterator[FieldViolation]:
    for field, texts in chosen.items():
        if field not in FIELDS:
            # Only the first: a caller could send any number of them.
            yield FieldViolation(
                f"keywords.words.{field:.40}", f"must be one of {', '.join(FIELDS)}"
            )
            return
        if not 1 <= len(texts) <= MAX_WORDS:
            yield FieldViolation(f"keywords.words.{field}", f"must hold 1 to {MAX_WORDS} words")
        elif not all(map(_is_valid, texts)):
            expected = f"each must have 1 to {MAX_WORD_LENGTH} printable characters, not counting"
            yield FieldViolation(
                f"keywords.words.{field}", f"{expected} surrounding space and punctuation"
            )


def _is_valid(text: str) -> bool:
    word = normalized(text)
    return 1 <= len(word) <= MAX_WORD_LENGTH and " ".join(text.split()).isprintable()


def _ambiguities(
    keywords: Keywords, chosen: Mapping[str, Sequence[str]]
) -> Iterator[FieldViolation]:
    own = _normalized(chosen)
    defaults_first = sorted(
        ((field, text) for field in FIELDS for text in getattr(keywords, field)),
        key=lambda entry: entry[1] in own.get(entry[0], ()),
    )
    # In this order a violation names the field that the pool chose.
    meanings: dict[str, str] = {}
    for field, text in defaults_first:
        meaning = meanings.setdefault(text, field)
        if meaning != field:
            yield FieldViolation(f"keywords.words.{field}", f"{text!r} already means {meaning}")


def _normalized(chosen: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {field: tuple(map(normalized, texts)) for field, texts in chosen.items()}
