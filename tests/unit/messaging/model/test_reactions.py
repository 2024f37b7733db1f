"""Reactions keep their quotes."""

import time

import pytest

from messaging_service.model.body import is_reaction, normalise_quotes

REACTIONS = [
    *("Liked “hello”", "Loved “it\u2019s “you””", "Disliked “no”", "Laughed at “ha\nha”"),
    *("Emphasized “now”", "Questioned “really?”", "Removed a heart from “hello”", "LIKED “x”"),
    *("Removed an exclamation from “hello”", "Reacted 🎉 to “done”", "Liked “a long text…”"),
    *("Removed a laugh from “ha”", "Le gustó “hola”", "Le encantó “hola”", "No le gustó “eso”"),
    *("Se rió de “ja”", "Enfatizó “ya”", "Cuestionó “¿sí?”", "Quitó un corazón de “hola”"),
    *("👍 to “hello”", "❤️ to “hello”", "👍 a “hola”", "Removed 👍 from “hello”"),
    *(
        "\u200a\u200b👍\u200b to “\u200ahello\u200a”\u200a",
        "Reaccionó con 🎉 a “hola”",
        "Liked “hi”\n",
    ),
]
OTHERS = ["I liked “it”", "“hello”", "Liked “it” a lot", "Liked it", "he said “yes”", "to “x”"]


@pytest.mark.parametrize("body", REACTIONS)
def test_a_reaction_is_sent_with_the_quotes_that_the_phone_wrote(body: str) -> None:
    assert normalise_quotes(body) == body


@pytest.mark.parametrize("body", OTHERS)
def test_quotes_of_anything_else_become_straight(body: str) -> None:
    assert not is_reaction(body)
    assert not set(normalise_quotes(body)) & set("\u201c\u201d\u2018\u2019")


@pytest.mark.parametrize("part", ["Liked “", "👍", " ", "removed a ", "”"])
def test_the_longest_body_is_judged_in_little_time(part: str) -> None:
    started = time.process_time()
    is_reaction((part * 10_000)[:10_000])
    assert time.process_time() - started < 0.5
