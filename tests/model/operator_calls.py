"""What operators, opt-out lists and the carrier do, beside the model."""

from dataclasses import dataclass, field, replace
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from conversation_service.domain.model.consent import OptOutSource
from conversation_service.domain.model.pool import PausePolicy, PoolSettings
from maskline.conversation.v1 import opt_out_pb2, person_pb2, pool_pb2

from . import clients
from model.client_calls import Answered, Calls
from model.reference.erasure import erased_by_call, receipt_of
from model.reference.state import PoolModel


@dataclass
class Operators(Calls):
    """The calls about pools, numbers and opt-outs."""

    operated: list[Message] = field(default_factory=list)

    async def opt_out(self, person: str) -> None:
        request = opt_out_pb2.OptOutRequest(request_id=self.request_id(), phone_number=person)
        clients.opted_out(self.model, person, request.request_id)
        answer = await self.world.ask(request, opt_out_pb2.OptOutResponse)
        assert not isinstance(answer, str)
        assert answer.state.is_opted_out
        await self.settle()

    async def opt_in(self, person: str) -> None:
        request = opt_out_pb2.OptInRequest(request_id=self.request_id(), phone_number=person)
        self.model.opted_out.pop(person, None)
        answer = await self.world.ask(request, opt_out_pb2.OptInResponse)
        assert not isinstance(answer, str)
        assert not answer.state.is_opted_out
        await self.settle()

    async def erase(self, person: str) -> None:
        request = person_pb2.ErasePersonRequest(request_id=self.request_id(), phone_number=person)
        receipt = receipt_of(OptOutSource.CLIENT, request.request_id)
        erased_by_call(self.model, person, receipt)
        answer = await self.world.ask(request, person_pb2.ErasePersonResponse)
        assert isinstance(answer, person_pb2.ErasePersonResponse), answer
        assert answer.erasure.erasure_id == receipt
        self.answered.append(Answered(request, answer))
        await self.settle()

    async def carrier_blocks(self, person: str, *, blocks: bool) -> None:
        """Whether the carrier refuses what is sent to somebody, which only a send finds out."""
        if blocks:
            self.model.carrier_blocked.add(person)
        else:
            self.model.carrier_blocked.discard(person)
        self.world.connections.messaging.opted_out = set(self.model.carrier_blocked)

    async def add_number(self, pool: PoolModel, number: str, *, is_reserved: bool) -> None:
        request = pool_pb2.AddNumberRequest(
            request_id=self.request_id(),
            pool=pool.name,
            masked_number=number,
            is_reserved=is_reserved,
        )
        owner = self.model.pool_of(number)
        answer = await self.world.ask(request, pool_pb2.AddNumberResponse)
        if owner is not None and owner is not pool:
            assert answer == "NUMBER_TAKEN"
        else:
            assert not isinstance(answer, str), answer
            self.model.add_number(pool, number, is_reserved=is_reserved)
            self.operated.append(request)
        await self.settle()

    async def drain_number(self, pool: PoolModel, number: str) -> None:
        request = pool_pb2.DrainNumberRequest(
            request_id=self.request_id(), pool=pool.name, masked_number=number
        )
        answer = await self.world.ask(request, pool_pb2.DrainNumberResponse)
        if number not in pool.numbers:
            assert answer == "UNKNOWN_MASKED_NUMBER"
        else:
            assert not isinstance(answer, str), answer
            pool.numbers[number].accepts_new = False
            self.operated.append(request)
        await self.settle()

    async def remove_number(self, pool: PoolModel, number: str) -> None:
        # What is overdue counts as live until the sweeper has come by.
        await self.settle()
        request = pool_pb2.RemoveNumberRequest(
            request_id=self.request_id(), pool=pool.name, masked_number=number
        )
        refusal = clients.number_removed(self.model, pool, number)
        answer = await self.world.ask(request, pool_pb2.RemoveNumberResponse)
        assert refusal == (answer if isinstance(answer, str) else ""), (
            f"{answer}, expected {refusal}"
        )
        if not refusal:
            self.operated.append(request)
        await self.settle()

    async def switch(self, pool: PoolModel, name: str) -> None:
        """A setting with two values gets the other one."""
        changed: dict[str, Any] = {name: _other(getattr(pool.settings, name))}
        pool.settings = replace(pool.settings, **changed)
        request = pool_pb2.UpdatePoolRequest(
            request_id=self.request_id(),
            pool=pool.name,
            settings=_message(pool.settings),
            update_mask=FieldMask(paths=[name]),
        )
        answer = await self.world.ask(request, pool_pb2.UpdatePoolResponse)
        assert not isinstance(answer, str), answer
        await self.settle()

    async def operate_again(self, request: Message) -> None:
        """The same id with the same fields: nothing is done again."""
        assert not isinstance(await self.world.ask(request, Message), str)
        await self.settle()


def _other(value: bool | PausePolicy) -> bool | PausePolicy:
    if isinstance(value, bool):
        return not value
    return PausePolicy.REFUSE if value is PausePolicy.HOLD else PausePolicy.HOLD


def _message(settings: PoolSettings) -> pool_pb2.PoolSettings:
    return pool_pb2.PoolSettings(
        pause_policy=pool_pb2.PausePolicy.Value(f"PAUSE_POLICY_{settings.pause_policy}"),
        allows_block=settings.allows_block,
        allows_report=settings.allows_report,
        allows_erase=settings.allows_erase,
        end_opts_out=settings.end_opts_out,
    )
