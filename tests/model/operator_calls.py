"""Calls about people, pools and numbers, and the carrier's refusals."""

from dataclasses import dataclass, field
from operator import attrgetter

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from model.checks.views import participant_id
from model.client_calls import ClientCalls, CompletedCall
from model.reference import client_requests
from model.reference.erasure import erase_by_call, erasure_id_of
from model.reference.state import PoolModel

from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.pool import PausePolicy
from conversation_service.rpc.pools.settings import settings_to_proto
from maskline.admin.v1 import person_pb2, pool_pb2
from support.builders.conversations import settings_with


@dataclass
class OperatorCalls(ClientCalls):
    """All acts of an example."""

    # Requests that changed a number.
    number_requests: list[Message] = field(default_factory=list)

    async def opt_out(self, person: str) -> None:
        request = person_pb2.OptOutPersonRequest(request_id=self.request_id(), phone_number=person)
        client_requests.opt_out(self.model, person, request.request_id)
        response = await self.deployment.call(request, person_pb2.OptOutPersonResponse)
        assert not isinstance(response, str)
        assert response.opt_out.opted_out
        await self.settle()

    async def opt_in(self, person: str) -> None:
        request = person_pb2.OptInPersonRequest(request_id=self.request_id(), phone_number=person)
        self.model.opted_out.pop(person, None)
        response = await self.deployment.call(request, person_pb2.OptInPersonResponse)
        assert not isinstance(response, str)
        assert not response.opt_out.opted_out
        await self.settle()

    async def import_opt_out(self, person: str) -> None:
        """A list with one person on it twice."""
        item = person_pb2.ImportedOptOut(phone_number=person)
        request = person_pb2.ImportOptOutsRequest(request_id=self.request_id(), opt_outs=[item] * 2)
        client_requests.opt_out(self.model, person, request.request_id)
        response = await self.deployment.call(request, person_pb2.ImportOptOutsResponse)
        assert not isinstance(response, str)
        assert [result.opt_out.opted_out for result in response.results] == [True, True]
        await self.settle()

    async def delete_blocks(self, pool: PoolModel, first: str, second: str) -> None:
        """All that stand between two people, of whom each may have blocked the other."""
        pair = [participant_id(pool.name, person) for person in (first, second)]
        listing = person_pb2.ListBlocksRequest(pool_id=pool.name, participant_id=pair[0])
        listed = await self.deployment.call(listing, person_pb2.ListBlocksResponse)
        assert not isinstance(listed, str)
        between = [
            block.block_id
            for block in listed.blocks
            if {block.blocker_participant_id, block.blocked_participant_id} == set(pair)
        ]
        assert between, "a block is not listed"
        for block_id in between:
            request = person_pb2.DeleteBlockRequest(
                request_id=self.request_id(), pool_id=pool.name, block_id=block_id
            )
            response = await self.deployment.call(request, person_pb2.DeleteBlockResponse)
            assert not isinstance(response, str), response
        pool.blocked.remove(frozenset((first, second)))
        await self.settle()

    async def erase(self, person: str) -> None:
        await self.purge_what_is_due()
        request = person_pb2.ErasePersonRequest(request_id=self.request_id(), phone_number=person)
        erasure_id = erasure_id_of(OptOutSource.CLIENT, request.request_id)
        erase_by_call(self.model, person, erasure_id)
        response = await self.deployment.call(request, person_pb2.ErasePersonResponse)
        assert isinstance(response, person_pb2.ErasePersonResponse), response
        assert response.erasure.erasure_id == erasure_id
        self.completed.append(CompletedCall(request, response))
        await self.settle()

    async def carrier_blocks(self, person: str, *, blocks: bool) -> None:
        """Whether the carrier refuses messages to a person; the service learns it by sending."""
        if blocks:
            self.model.carrier_blocked.add(person)
        else:
            self.model.carrier_blocked.discard(person)
        self.deployment.connections.messaging.opted_out = set(self.model.carrier_blocked)

    async def add_number(self, pool: PoolModel, number: str, *, is_reserved: bool) -> None:
        request = pool_pb2.AddMaskedNumberRequest(
            request_id=self.request_id(),
            pool_id=pool.name,
            masked_number=number,
            reserved=is_reserved,
        )
        response = await self.deployment.call(request, pool_pb2.AddMaskedNumberResponse)
        if self.model.pool_of(number) is not None:
            assert response == "MASKED_NUMBER_ALREADY_ASSIGNED"
        else:
            assert not isinstance(response, str), response
            self.model.add_number(pool, number, is_reserved=is_reserved)
            self.number_requests.append(request)
        await self.settle()

    async def drain_number(self, pool: PoolModel, number: str) -> None:
        request = pool_pb2.DrainMaskedNumberRequest(
            request_id=self.request_id(), pool_id=pool.name, masked_number=number
        )
        if await self._changes_number(pool, number, request):
            pool.numbers[number].accepts_new = False
        await self.settle()

    async def activate_number(self, pool: PoolModel, number: str) -> None:
        request = pool_pb2.ActivateMaskedNumberRequest(
            request_id=self.request_id(), pool_id=pool.name, masked_number=number
        )
        if await self._changes_number(pool, number, request):
            pool.numbers[number].accepts_new = True
        await self.settle()

    async def reserve_number(self, pool: PoolModel, number: str, *, is_reserved: bool) -> None:
        request = pool_pb2.UpdateMaskedNumberRequest(
            request_id=self.request_id(),
            pool_id=pool.name,
            masked_number=pool_pb2.MaskedNumber(phone_number=number, reserved=is_reserved),
            update_mask=FieldMask(paths=["reserved"]),
        )
        if await self._changes_number(pool, number, request):
            pool.numbers[number].is_reserved = is_reserved
        await self.settle()

    async def _changes_number(self, pool: PoolModel, number: str, request: Message) -> bool:
        """Whether the pool has the number, so that the request changes it."""
        response = await self.deployment.call(request, Message)
        if number not in pool.numbers:
            assert response == "MASKED_NUMBER_NOT_FOUND"
            return False
        assert not isinstance(response, str), response
        self.number_requests.append(request)
        return True

    async def remove_number(self, pool: PoolModel, number: str) -> None:
        # An overdue conversation counts as live until the job of expiry has run.
        await self.settle()
        request = pool_pb2.RemoveMaskedNumberRequest(
            request_id=self.request_id(), pool_id=pool.name, masked_number=number
        )
        refusal = client_requests.remove_number(self.model, pool, number)
        response = await self.deployment.call(request, pool_pb2.RemoveMaskedNumberResponse)
        assert refusal == (response if isinstance(response, str) else ""), (
            f"{response}, expected {refusal}"
        )
        if not refusal:
            self.number_requests.append(request)
        await self.settle()

    async def switch(self, pool: PoolModel, setting: str) -> None:
        """A setting with two values gets the other one."""
        changed = {setting: _other(attrgetter(setting)(pool.settings))}
        pool.settings = settings_with(changed, pool.settings)
        request = pool_pb2.UpdatePoolRequest(
            request_id=self.request_id(),
            pool=pool_pb2.Pool(pool_id=pool.name, settings=settings_to_proto(pool.settings)),
            update_mask=FieldMask(paths=[f"settings.{setting}"]),
        )
        response = await self.deployment.call(request, pool_pb2.UpdatePoolResponse)
        assert not isinstance(response, str), response
        await self.settle()

    async def repeat_number_request(self, request: Message) -> None:
        """The same id with the same fields has no other effect."""
        assert not isinstance(await self.deployment.call(request, Message), str)
        await self.settle()


def _other(value: bool | PausePolicy) -> bool | PausePolicy:
    if isinstance(value, bool):
        return not value
    return PausePolicy.REFUSE if value is PausePolicy.HOLD else PausePolicy.HOLD
