"""Phones on the carrier's side: the simulator's control API."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx

# A limit for a busy machine and a queue of other texts; nothing is asserted about speed.
PATIENCE_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.05

Value = TypeVar("Value")


@dataclass(frozen=True)
class Text:
    """A text on a phone."""

    text_id: str
    peer: str
    body: str
    # "accepted" once the gateway has taken a sent one.
    state: str


def eventually(look: Callable[[], Value | None]) -> Value:
    """What `look` returns as soon as it is anything; raises TimeoutError if it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := look()):
        if time.monotonic() > deadline:
            raise TimeoutError
        # Another process does not say when it is done: it has to be asked.
        time.sleep(LOOK_AGAIN_SECONDS)
    return value


class Simulator:
    """The carrier, as tests reach it."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def masked_numbers(self) -> list[str]:
        """The account's numbers."""
        return [str(number) for number in self._get("/simulator/phones")["masked_numbers"]]

    def phones(self) -> set[str]:
        """The numbers of all phones."""
        return {str(number) for number in self._get("/simulator/phones")["phones"]}

    def add_phone(self, number: str) -> "Phone":
        self._post("/simulator/phones", {"number": number})
        return Phone(self, number)

    def remove_phone(self, number: str) -> None:
        """With all its texts."""
        self._http.delete(f"/simulator/phones/{number}").raise_for_status()

    def type_text(self, phone: str, to: str, body: str) -> str:
        """The carrier's id of the text."""
        answer = self._post(f"/simulator/phones/{phone}/texts", {"to": to, "body": body})
        return str(answer["id"])

    def resend(self, text_id: str) -> None:
        """Has the carrier hand the same text in again."""
        self._post(f"/simulator/texts/{text_id}/resend", {})

    def texts(self, phone: str, direction: str) -> list[Text]:
        """What was "sent" or "received", oldest first."""
        listed = self._get(f"/simulator/phones/{phone}/texts")["texts"]
        return [
            Text(text["id"], text["peer"], text["body"], text["state"])
            for text in listed
            if text["direction"] == direction
        ]

    def _get(self, path: str) -> "dict[str, list[dict[str, str]]]":
        response = self._http.get(path)
        response.raise_for_status()
        answer: dict[str, list[dict[str, str]]] = response.json()
        return answer

    def _post(self, path: str, fields: dict[str, str]) -> dict[str, str]:
        response = self._http.post(path, json=fields)
        response.raise_for_status()
        answer: dict[str, str] = response.json()
        return answer


@dataclass(frozen=True)
class Phone:
    """One person's phone."""

    simulator: Simulator
    number: str

    def text(self, to: str, body: str) -> str:
        """Types a text and waits until the gateway has taken it; its id."""
        text_id = self.simulator.type_text(self.number, to, body)
        eventually(lambda: self._is_accepted(text_id))
        return text_id

    def received(self, count: int) -> list[Text]:
        """All texts received, once they are that many."""

        def enough() -> list[Text] | None:
            texts = self.texts()
            return texts if len(texts) >= count else None

        return eventually(enough)

    def texts(self) -> list[Text]:
        """All texts received so far."""
        return self.simulator.texts(self.number, "received")

    def _is_accepted(self, text_id: str) -> bool:
        sent = self.simulator.texts(self.number, "sent")
        return any(text.text_id == text_id and text.state == "accepted" for text in sent)
