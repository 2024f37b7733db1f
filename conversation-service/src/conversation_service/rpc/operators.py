"""DeadLetterService on the wire."""

from conversation_service.application.admin.dead_letters import DeadLetterAdmin
from conversation_service.application.admin.deployment_checks import (
    Check,
    CheckOutcome,
    DeploymentChecks,
)
from conversation_service.rpc.core.convert import page_size, timestamp
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.outbox.dead_letters import DeadLetter, DeadLetterReason
from conversation_service.store.rotation.rotation import LAST_CURSOR, Rotation, RotationStep
from maskline.conversation.v1 import (
    dead_letter_pb2,
    dead_letter_pb2_grpc,
    deployment_pb2,
    deployment_pb2_grpc,
)

_REASONS = {
    death: dead_letter_pb2.DeadLetterReason.Value(f"DEAD_LETTER_REASON_{death}")
    for death in DeadLetterReason
}


class DeadLetterServicer(dead_letter_pb2_grpc.DeadLetterServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, desk: DeadLetterAdmin) -> None:
        self._desk = desk

    async def ListDeadLetters(
        self, request: dead_letter_pb2.ListDeadLettersRequest, context: Context
    ) -> dead_letter_pb2.ListDeadLettersResponse:
        shape = RequestValidator()
        shape.identifier("pool", request.pool)
        shape.not_negative("page_size", request.page_size)
        shape.cursor("page_token", request.page_token)
        shape.check()
        page = await self._desk.page(request.pool, page_size(request), request.page_token)
        return dead_letter_pb2.ListDeadLettersResponse(
            dead_letters=map(_dead_letter_to_proto, page.letters), next_page_token=page.next_token
        )

    async def ReplayDeadLetter(
        self, request: dead_letter_pb2.ReplayDeadLetterRequest, context: Context
    ) -> dead_letter_pb2.ReplayDeadLetterResponse:
        _check(request)
        name = await self._desk.replay(request.pool, request.request_id, request.dead_letter_id)
        return dead_letter_pb2.ReplayDeadLetterResponse(message_id=name)

    async def DropDeadLetter(
        self, request: dead_letter_pb2.DropDeadLetterRequest, context: Context
    ) -> dead_letter_pb2.DropDeadLetterResponse:
        _check(request)
        name = await self._desk.drop(request.pool, request.request_id, request.dead_letter_id)
        return dead_letter_pb2.DropDeadLetterResponse(message_id=name)


def _check(
    request: dead_letter_pb2.ReplayDeadLetterRequest | dead_letter_pb2.DropDeadLetterRequest,
) -> None:
    shape = RequestValidator()
    shape.identifier("request_id", request.request_id)
    shape.identifier("pool", request.pool)
    shape.identifier("dead_letter_id", request.dead_letter_id)
    shape.check()


def _dead_letter_to_proto(letter: DeadLetter) -> dead_letter_pb2.DeadLetter:
    return dead_letter_pb2.DeadLetter(
        dead_letter_id=letter.dead_letter_id,
        message_id=letter.message_id,
        conversation_id=letter.conversation_id,
        reason=_REASONS[letter.death],
        accept_time=timestamp(letter.accept_time),
        death_time=timestamp(letter.death_time),
    )


_OUTCOMES = {
    outcome: deployment_pb2.CheckOutcome.Value(f"CHECK_OUTCOME_{outcome}")
    for outcome in CheckOutcome
}


class DeploymentServicer(deployment_pb2_grpc.DeploymentServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, deployment: DeploymentChecks, rotation: Rotation) -> None:
        self._deployment = deployment
        self._rotation = rotation

    async def CheckDeployment(
        self, request: deployment_pb2.CheckDeploymentRequest, context: Context
    ) -> deployment_pb2.CheckDeploymentResponse:
        checks = map(_check_to_proto, await self._deployment.check())
        return deployment_pb2.CheckDeploymentResponse(checks=checks)

    async def RotateKeys(
        self, request: deployment_pb2.RotateKeysRequest, context: Context
    ) -> deployment_pb2.RotateKeysResponse:
        shape = RequestValidator()
        shape.identifier("request_id", request.request_id)
        shape.number("page_token", request.page_token, LAST_CURSOR)
        shape.check()
        step = await self._rotation.run_once(request.page_token, only_count=request.only_count)
        return _rotated(step, self._rotation.current_key_id)


def _check_to_proto(check: Check) -> deployment_pb2.DeploymentCheck:
    return deployment_pb2.DeploymentCheck(
        name=check.name, outcome=_OUTCOMES[check.outcome], finding=check.finding
    )


def _rotated(step: RotationStep, current: str) -> deployment_pb2.RotateKeysResponse:
    keys = (
        deployment_pb2.StateKey(key_id=key_id, is_current=key_id == current, records=records)
        for key_id, records in step.records.items()
    )
    return deployment_pb2.RotateKeysResponse(
        keys=keys,
        resealed_records=step.resealed,
        unreadable_records=step.unreadable,
        next_page_token=step.next_place,
    )
