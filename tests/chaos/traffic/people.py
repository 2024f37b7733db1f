"""Two people who text: they begin, talk and end, whatever happens around them."""

import asyncio

from chaos.traffic.carrier import CarrierControl
from chaos.traffic.observed import GaveUp, Mailbox, Promise
from chaos.plan.conversations import Meeting, Session, Utterance
from chaos.results.messages import Place

# How Maskline's answers begin (the English of a pool that chooses nothing else).
CODE = "Your code is "
SOMEBODY_JOINED = "The other person has joined."
YOU_JOINED = "You have joined."
ENDED = "The conversation has ended."
NOT_DELIVERED = "Not delivered"
OPENINGS = (CODE, SOMEBODY_JOINED, YOU_JOINED, ENDED)
CODE_LENGTH = 6


class People:
    """Holds meetings; counts the conversations that did not come to their end."""

    def __init__(self, carrier: CarrierControl, mailbox: Mailbox) -> None:
        self._carrier = carrier
        self._mailbox = mailbox
        self.held = 0
        self.unfinished: list[str] = []

    async def hold(self, meeting: Meeting) -> None:
        """Returns when all conversations of it are over."""
        if meeting.at_once:
            await asyncio.gather(*map(self._hold, meeting.sessions))
        else:
            for session in meeting.sessions:
                await self._hold(session)

    async def _hold(self, session: Session) -> None:
        try:
            await self._begin(session)
            await asyncio.gather(*(self._talk(session, side) for side in (0, 1)))
            await self._end(session)
        except GaveUp:
            self.unfinished.append(session.name)
        else:
            self.held += 1

    async def _begin(self, session: Session) -> None:
        answer = (await self._command(session, 0, "start", {0: CODE}))[0]
        code = answer.removeprefix(CODE)[:CODE_LENGTH]
        await self._command(session, 1, f"join {code}", {0: SOMEBODY_JOINED, 1: YOU_JOINED})

    async def _end(self, session: Session) -> None:
        await self._command(session, session.ended_by, "end", {0: ENDED, 1: ENDED})

    async def _command(
        self, session: Session, side: int, body: str, answers: dict[int, str]
    ) -> list[str]:
        """Types a command and waits for its answers; gives them in the order of the sides."""
        places = [Place(session.phones[at], session.number, words) for at, words in answers.items()]
        before = {place: len(self._heard(place)) for place in places}
        typed = await self._carrier.type(session.phones[side], session.number, body)
        for place in places:
            self._mailbox.promise(typed, place)
        await self._mailbox.until(
            lambda: all(len(self._heard(place)) > heard for place, heard in before.items())
        )
        return [self._heard(place)[-1] for place in places]

    async def _talk(self, session: Session, side: int) -> None:
        """One side types all it has to say, and waits until all of it was taken."""
        promises: list[Promise] = []
        for utterance in session.of(side):
            await asyncio.sleep(utterance.pause_seconds)
            if utterance.is_patient:
                await self._all_taken(promises)
            promises.append(await self._say(session, utterance))
        await self._all_taken(promises)

    async def _say(self, session: Session, utterance: Utterance) -> Promise:
        sender, receiver = session.phones[utterance.side], session.phones[1 - utterance.side]
        match = {"from": session.number, "to": receiver, "body": utterance.body}
        for fault in utterance.faults:
            await self._carrier.spoil({**fault, "match": match})
        typed = await self._carrier.type(sender, session.number, utterance.body)
        place = Place(receiver, session.number, utterance.body)
        excuse = Place(sender, session.number, NOT_DELIVERED) if utterance.may_fail else None
        return self._mailbox.promise(typed, place, f"{session.name}/{utterance.side}", excuse)

    async def _all_taken(self, promises: list[Promise]) -> None:
        await self._mailbox.until(lambda: all(map(self._mailbox.is_taken, promises)))

    def _heard(self, place: Place) -> list[str]:
        return self._mailbox.heard(place.phone, place.number, place.words)
