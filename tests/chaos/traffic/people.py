"""Two people who start, have and end conversations, whatever fails."""

import asyncio
import base64
from io import BytesIO

from chaos.plan.conversations import Meeting, PlannedConversation, TypedMessage
from chaos.results.messages import Place
from chaos.traffic.carrier import CarrierControl
from chaos.traffic.observed import Expectation, NeverHappened, Observed
from PIL import Image

# Beginnings of system messages, in English.
CODE = "Fault run: your code is "
SOMEBODY_JOINED = "The other person has joined."
YOU_JOINED = "Fault run: you are connected."
ENDED = "This conversation has ended."
NOT_DELIVERED = "Not delivered"
PICTURE_NOT_PASSED_ON = "A picture or file"
NOTICES = (NOT_DELIVERED, PICTURE_NOT_PASSED_ON)
OPENINGS = (CODE, SOMEBODY_JOINED, YOU_JOINED, ENDED)
CODE_LENGTH = 6
PICTURE_SIZE = (320, 240)


def _picture() -> dict[str, str]:
    content = BytesIO()
    Image.effect_noise(PICTURE_SIZE, 64).save(content, "JPEG")
    encoded = base64.b64encode(content.getvalue()).decode()
    return {"content": encoded, "mime_type": "image/jpeg", "file_name": "picture.jpg"}


PICTURE = _picture()


class People:
    """Runs meetings; counts the conversations that did not come to their end."""

    def __init__(self, carrier: CarrierControl, observed: Observed) -> None:
        self._carrier = carrier
        self._observed = observed
        self.completed = 0
        self.unfinished: list[str] = []

    async def run(self, meeting: Meeting) -> None:
        """Returns when all its conversations are over."""
        if meeting.at_once:
            await asyncio.gather(*map(self._run_conversation, meeting.conversations))
        else:
            for conversation in meeting.conversations:
                await self._run_conversation(conversation)

    async def _run_conversation(self, conversation: PlannedConversation) -> None:
        try:
            await self._start(conversation)
            await asyncio.gather(*(self._type_all(conversation, side) for side in (0, 1)))
            await self._end(conversation)
        except NeverHappened:
            self.unfinished.append(conversation.name)
        else:
            self.completed += 1

    async def _start(self, conversation: PlannedConversation) -> None:
        answer = (await self._command(conversation, 0, "start", {0: CODE}))[0]
        code = answer.removeprefix(CODE)[:CODE_LENGTH]
        await self._command(conversation, 1, f"join {code}", {0: SOMEBODY_JOINED, 1: YOU_JOINED})

    async def _end(self, conversation: PlannedConversation) -> None:
        await self._command(conversation, conversation.ended_by, "end", {0: ENDED, 1: ENDED})

    async def _command(
        self, conversation: PlannedConversation, side: int, body: str, answers: dict[int, str]
    ) -> list[str]:
        """Types a keyword and waits for the replies; returns them in the order of the sides."""
        places = [
            Place(conversation.phones[at], conversation.number, body)
            for at, body in answers.items()
        ]
        before = {place: len(self._bodies_at(place)) for place in places}
        typed = await self._carrier.type(conversation.phones[side], conversation.number, body)
        for place in places:
            self._observed.expectation(typed, place)
        await self._observed.until(
            lambda: all(len(self._bodies_at(place)) > bodies for place, bodies in before.items())
        )
        return [self._bodies_at(place)[-1] for place in places]

    async def _type_all(self, conversation: PlannedConversation, side: int) -> None:
        """Types all messages of one side and waits until they are accepted."""
        expectations: list[Expectation] = []
        for message in conversation.of(side):
            await asyncio.sleep(message.pause_seconds)
            if message.is_patient:
                await self._all_accepted(expectations)
            expectations.append(await self._type(conversation, message))
        await self._all_accepted(expectations)

    async def _type(self, conversation: PlannedConversation, message: TypedMessage) -> Expectation:
        sender, receiver = conversation.phones[message.side], conversation.phones[1 - message.side]
        match = {"from": conversation.number, "to": receiver, "body": message.body}
        for fault in message.faults:
            await self._carrier.add_fault({**fault, "match": match})
        media = (PICTURE,) if message.has_picture else ()
        typed = await self._carrier.type(sender, conversation.number, message.body, media)
        place = Place(receiver, conversation.number, message.body)
        failure_notice = (
            Place(sender, conversation.number, NOT_DELIVERED) if message.may_fail else None
        )
        picture_notice = (
            Place(sender, conversation.number, PICTURE_NOT_PASSED_ON)
            if message.has_picture
            else None
        )
        direction = f"{conversation.name}/{message.side}"
        return self._observed.expectation(typed, place, direction, failure_notice, picture_notice)

    async def _all_accepted(self, expectations: list[Expectation]) -> None:
        await self._observed.until(lambda: all(map(self._observed.is_accepted, expectations)))

    def _bodies_at(self, place: Place) -> list[str]:
        return self._observed.bodies(place.phone, place.number, place.body)
