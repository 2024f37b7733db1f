"""Phone numbers that nobody has: 555-01xx in area codes that are never assigned (N9X)."""

import random

from conformance.kit.client import Client

from maskline.conversation.v1 import opt_out_pb2

# The pools of these tests, the same in every run.
MASKED_NUMBERS = ("+13905550100", "+13905550101")
DRAINING_NUMBER = "+13905550102"
RESERVED_NUMBER = "+13905550103"
SPARE_NUMBER = "+13905550104"
# No pool has it.
NOBODYS_NUMBER = "+13905550199"
FULL_POOL_NUMBERS = tuple(
    f"+1{area}5550{ending}" for area in range(290, 300) for ending in range(100, 200)
)

PEOPLES_AREAS = [area for first in (490, 590, 690, 790, 890) for area in range(first, first + 10)]


class People:
    """Draws people at random, so that runs do not meet each other's; nobody is drawn twice."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._numbers = [
            f"+1{area}5550{ending}" for area in PEOPLES_AREAS for ending in range(100, 200)
        ]
        random.shuffle(self._numbers)
        self._opted_out: list[str] = []

    def draw(self) -> str:
        """A number of somebody who has not opted out, as people of a killed run may have."""
        while True:
            number = self._numbers.pop()
            request = opt_out_pb2.GetOptOutRequest(phone_number=number)
            if not self._client.ask(self._client.opt_outs.GetOptOut, request).state.is_opted_out:
                return number

    def will_opt_out(self, number: str) -> None:
        """Has the person opted in again when the run ends."""
        self._opted_out.append(number)

    def opt_in_again(self) -> None:
        for number in self._opted_out:
            request = opt_out_pb2.OptInRequest(request_id="conformance", phone_number=number)
            self._client.ask(self._client.opt_outs.OptIn, request)
