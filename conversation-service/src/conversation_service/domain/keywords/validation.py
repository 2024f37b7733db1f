"""Which command words a pool may choose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from conversation_service.domain.errors import FieldViolation
from conversation_service.domain.keywords.keywords import END, FIELDS, Keywords, normalized

# A person types them, and a system text has room for a few of them.
MAX_WORD_LENGTH = 20

# What is a command cannot be said to the other person; more of them only get in the way.
MAX_WORDS = 20


def effective_keywords(words: Keywords, chosen: Mapping[str, Sequence[str]]) -> Keywords:
    """A language's words with a pool's in their place. The law's ways of opting out all stay."""
    own = _normalised(chosen)
    added = own.pop("opt_out", ())
    merged = replace(words, **own, opt_out=(*words.opt_out, *added))
    # It is an opt-out word in law: if it does not opt out, it at least ends and tells how to.
    if END in merged.opt_out:
        return replace(merged, end=tuple(word for word in merged.end if word != END))
    return merged if END in merged.end else replace(merged, end=(*merged.end, END))


def keyword_violations(
    words: Keywords, chosen: Mapping[str, Sequence[str]]
) -> list[FieldViolation]:
    """What is wrong with a pool's choice of words in place of a language's `words`."""
    found = list(_shape_violations(chosen))
    if found:
        return found
    merged = effective_keywords(words, chosen)
    if not merged.end:
        return [FieldViolation("words.end", 'must hold another word where "end" opts out')]
    return list(_clashes(merged, chosen))


def _shape_violations(chosen: Mapping[str, Sequence[str]]) -> Iterator[FieldViolation]:
    for field, meant in chosen.items():
        if field not in FIELDS:
            # One is enough: a caller could send any number of them.
            yield FieldViolation(f"words.{field:.40}", f"must be one of {', '.join(FIELDS)}")
            return
        if not 1 <= len(meant) <= MAX_WORDS:
            yield FieldViolation(f"words.{field}", f"must hold 1 to {MAX_WORDS} words")
        elif not all(map(_is_word, meant)):
            told = f"each must have 1 to {MAX_WORD_LENGTH} printable characters, not counting"
            yield FieldViolation(f"words.{field}", f"{told} surrounding space and punctuation")


def _is_word(written: str) -> bool:
    word = normalized(written)
    return 1 <= len(word) <= MAX_WORD_LENGTH and word.isprintable()


def _clashes(words: Keywords, chosen: Mapping[str, Sequence[str]]) -> Iterator[FieldViolation]:
    own = _normalised(chosen)
    meanings: dict[str, str] = {}
    meant = ((field, word) for field in FIELDS for word in getattr(words, field))
    # What the pool chose comes last, so that it is what a violation names.
    for field, word in sorted(meant, key=lambda one: one[1] in own.get(one[0], ())):
        meaning = meanings.setdefault(word, field)
        if meaning != field:
            yield FieldViolation(f"words.{field}", f"{word!r} already means {meaning}")


def _normalised(chosen: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {field: tuple(map(normalized, meant)) for field, meant in chosen.items()}
