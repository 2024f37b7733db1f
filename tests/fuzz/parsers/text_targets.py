"""What is promised of any words that people text, said as functions of their bytes."""

import unicodedata

from conversation_service.domain.keywords import join_codes as codes
from conversation_service.domain.keywords.keywords import (
    FIELDS,
    OPT_OUT,
    Keyword,
    Keywords,
    parse,
)
from conversation_service.domain.keywords.normalization import normalized
from messaging_service.model.body import is_reaction, normalise_quotes, unsendable_reason
from messaging_service.model.segments import UCS2_EACH, count

# Everything that no handset shows but these is a control: Cc below the space, and surrogates.
_SHOWN = "\t\n\r"
_CURLY = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f"
_WORDS = Keywords()
_OTHER_WORDS = Keywords(start=("empezar",), join=("unirse", "join"), end=("fin",), opt_out=OPT_OUT)


def any_text(data: bytes) -> str:
    """Bytes as a text that may hold anything a str can; those that are no UTF-8 are surrogates."""
    return data.decode("utf-8", "surrogateescape")


def command(data: bytes) -> None:
    """Every text is one command, however it is spaced and ended, and opting out always works."""
    body = any_text(data)
    for words in (_WORDS, _OTHER_WORDS):
        found = parse(body, words)
        assert parse(f"  {body} \n", words) == found
        assert parse(f"{body}!", words).kind is found.kind
        assert (normalized(body) in words.opt_out) == (found.kind is Keyword.OPT_OUT)
        _argument_is_a_code(found.kind, found.argument)
        _is_no_word_of_another(body, words, found.kind)
    assert normalized(normalized(body)) == normalized(body)


def _argument_is_a_code(kind: Keyword, argument: str) -> None:
    assert not argument or kind in (Keyword.JOIN, Keyword.END, Keyword.CODE)
    assert kind is not Keyword.END or not argument or codes.is_code_shaped(argument)
    assert codes.normalized(argument) == argument


def _is_no_word_of_another(body: str, words: Keywords, kind: Keyword) -> None:
    """What is talk is no command word: nobody's command is relayed to the other person."""
    if kind is Keyword.TALK:
        assert not any(
            normalized(body) in getattr(words, field) for field in FIELDS if field != "join"
        )


def outbound_text(data: bytes) -> None:
    """Straightening changes curly quotes alone, segments hold the text, controls are found."""
    body = any_text(data)
    safe = normalise_quotes(body)
    assert len(safe) == len(body)
    assert all(was == is_ or was in _CURLY for was, is_ in zip(body, safe, strict=True))
    assert safe == body if is_reaction(body) else not set(safe) & set(_CURLY)
    assert normalise_quotes(safe) == safe
    assert (unsendable_reason(body) is None) == (not any(map(_is_hidden, body)))
    assert unsendable_reason(safe) == unsendable_reason(body)
    _segments_hold(body)
    assert count(safe) <= count(body)


def _is_hidden(character: str) -> bool:
    kind = unicodedata.category(character)
    return (kind == "Cc" and character < " " and character not in _SHOWN) or kind == "Cs"


def _segments_hold(body: str) -> None:
    units = len(body.encode("utf-16-le", "surrogatepass")) // 2
    assert 1 <= count(body) <= units // UCS2_EACH + 1
    assert count(f"{body}x") >= count(body)
