"""Phone numbers of the suite: 555-01xx, which nobody has."""

import random
import time
import uuid
from collections.abc import Collection

from conformance.kit.client import Client

from maskline.admin.v1 import person_pb2

# The masked numbers of the suite's pools, the same in every run: in area codes that are never
# assigned (29X and 39X).
MASKED_AREAS = (290, 400)
MASKED_NUMBERS = ("+13905550100", "+13905550101")
DRAINING_NUMBER = "+13905550102"
RESERVED_NUMBER = "+13905550103"
SPARE_NUMBER = "+13905550104"
# No pool has it.
NOBODYS_NUMBER = "+13905550199"
FULL_POOL_NUMBERS = tuple(
    f"+1{area}5550{ending}" for area in range(290, 300) for ending in range(100, 200)
)

PEOPLE = tuple(
    f"+1{area}5550{ending}"
    for area in range(200, 1000)
    # Codes that end in 11 are services, such as 911: no phone numbers begin with them.
    if not MASKED_AREAS[0] <= area < MASKED_AREAS[1] and area % 100 != 11
    for ending in range(100, 200)
)
# The clock says whose turn it is, so that each run has others than the one before. It comes round
# in some six minutes; by then nothing in the suite's pool is live or cooling any more.
PEOPLE_A_SECOND = 200
# More than a run needs, and fewer than pass by while it goes on.
PEOPLE_A_RUN = 800


class People:
    """Gives each case people of its own: nobody twice, and nobody of an earlier run.

    Pairs are new, too: one person of a case of long ago may have blocked the other for ever.
    """

    def __init__(self, client: Client, taken: Collection[str]) -> None:
        """`taken` are phones that the simulator has already."""
        self._client = client
        first = int(time.time() * PEOPLE_A_SECOND)
        places = range(first, first + PEOPLE_A_RUN)
        numbers = {PEOPLE[place % len(PEOPLE)] for place in places}.difference(taken)
        self._numbers = random.sample(sorted(numbers), len(numbers))
        self._opted_out: list[str] = []

    def draw(self) -> str:
        """A number of somebody who has not opted out, as people of a killed run may have."""
        while self._has_opted_out(number := self._numbers.pop()):
            pass
        return number

    def will_opt_out(self, number: str) -> None:
        """Has the person opted in again when the run ends."""
        self._opted_out.append(number)

    def opt_in_again(self) -> None:
        for number in self._opted_out:
            request = person_pb2.OptInPersonRequest(
                request_id=str(uuid.uuid4()), phone_number=number
            )
            self._client.ask(self._client.people.OptInPerson, request)

    def _has_opted_out(self, number: str) -> bool:
        request = person_pb2.GetOptOutRequest(phone_number=number)
        return self._client.ask(self._client.people.GetOptOut, request).opt_out.opted_out
