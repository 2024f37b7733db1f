"""The servicers for operators: DeadLetterService and MaintenanceService."""

from conversation_service.application.admin.dead_letters import DeadLetterAdmin
from conversation_service.application.admin.deployment_checks import (
    Check,
    CheckOutcome,
    DeploymentChecks,
)
from conversation_service.application.admin.restore import RestoreAcceptance
from conversation_service.domain.model.events import DeadLetterReason
from conversation_service.rpc.core.convert import page_size, timestamp
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.outbox.dead_letters import DeadLetter
from conversation_service.store.rotation.rotation import LAST_CURSOR, Rotation, RotationStep
from maskline.admin.v1 import (
    dead_letter_pb2,
    dead_letter_pb2_grpc,
    maintenance_pb2,
    maintenance_pb2_grpc,
)
from maskline.conversation.v1 import event_pb2

_REASONS = {
    reason: event_pb2.DeadLetterReason.Value(f"DEAD_LETTER_REASON_{reason}")
    for reason in DeadLetterReason
}


class DeadLetterServicer(dead_letter_pb2_grpc.DeadLetterServiceServicer):
    def __init__(self, dead_letters: DeadLetterAdmin) -> None:
        self._dead_letters = dead_letters

    async def ListDeadLetters(
        self, request: dead_letter_pb2.ListDeadLettersRequest, context: Context
    ) -> dead_letter_pb2.ListDeadLettersResponse:
        validator = RequestValidator()
        validator.identifier("pool_id", request.pool_id)
        validator.page_size(request.page_size)
        validator.optional_event_id("page_token", request.page_token)
        validator.check()
        page = await self._dead_letters.page(
            request.pool_id, page_size(request), request.page_token
        )
        return dead_letter_pb2.ListDeadLettersResponse(
            dead_letters=map(_dead_letter_to_proto, page.letters), next_page_token=page.next_token
        )

    async def ReplayDeadLetter(
        self, request: dead_letter_pb2.ReplayDeadLetterRequest, context: Context
    ) -> dead_letter_pb2.ReplayDeadLetterResponse:
        _validate(request)
        message_id = await self._dead_letters.replay(
            request.pool_id, request.request_id, request.dead_letter_id
        )
        return dead_letter_pb2.ReplayDeadLetterResponse(message_id=message_id)

    async def DiscardDeadLetter(
        self, request: dead_letter_pb2.DiscardDeadLetterRequest, context: Context
    ) -> dead_letter_pb2.DiscardDeadLetterResponse:
        _validate(request)
        message_id = await self._dead_letters.discard(
            request.pool_id, request.request_id, request.dead_letter_id
        )
        return dead_letter_pb2.DiscardDeadLetterResponse(message_id=message_id)


def _validate(
    request: dead_letter_pb2.ReplayDeadLetterRequest | dead_letter_pb2.DiscardDeadLetterRequest,
) -> None:
    validator = RequestValidator()
    validator.identifier("request_id", request.request_id)
    validator.identifier("pool_id", request.pool_id)
    validator.identifier("dead_letter_id", request.dead_letter_id)
    validator.check()


def _dead_letter_to_proto(letter: DeadLetter) -> dead_letter_pb2.DeadLetter:
    return dead_letter_pb2.DeadLetter(
        dead_letter_id=letter.dead_letter_id,
        message_id=letter.message_id,
        conversation_id=letter.conversation_id,
        reason=_REASONS[letter.reason],
        accept_time=timestamp(letter.accept_time),
        death_time=timestamp(letter.dead_letter_time),
    )


_OUTCOMES = {
    outcome: maintenance_pb2.CheckOutcome.Value(f"CHECK_OUTCOME_{outcome}")
    for outcome in CheckOutcome
}


class MaintenanceServicer(maintenance_pb2_grpc.MaintenanceServiceServicer):
    def __init__(
        self, checks: DeploymentChecks, rotation: Rotation, restore: RestoreAcceptance
    ) -> None:
        self._checks = checks
        self._rotation = rotation
        self._restore = restore

    async def CheckDeployment(
        self, request: maintenance_pb2.CheckDeploymentRequest, context: Context
    ) -> maintenance_pb2.CheckDeploymentResponse:
        checks = map(_check_to_proto, await self._checks.check())
        return maintenance_pb2.CheckDeploymentResponse(checks=checks)

    async def RotateStateKeys(
        self, request: maintenance_pb2.RotateStateKeysRequest, context: Context
    ) -> maintenance_pb2.RotateStateKeysResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.cursor_index("page_token", request.page_token, LAST_CURSOR)
        validator.check()
        step = await self._rotation.run_once(request.page_token, only_count=request.only_count)
        return _step_to_proto(step, self._rotation.current_key_id)

    async def AcceptRestore(
        self, request: maintenance_pb2.AcceptRestoreRequest, context: Context
    ) -> maintenance_pb2.AcceptRestoreResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.check()
        accepted = await self._restore.accept(request.request_id)
        return maintenance_pb2.AcceptRestoreResponse(
            ended_conversations=accepted.ended_conversations,
            dropped_texts=accepted.dropped_texts,
            restored_opt_outs=accepted.restored_opt_outs,
        )


def _check_to_proto(check: Check) -> maintenance_pb2.DeploymentCheck:
    return maintenance_pb2.DeploymentCheck(
        name=check.name, outcome=_OUTCOMES[check.outcome], finding=check.finding
    )


def _step_to_proto(
    step: RotationStep, current_key_id: str
) -> maintenance_pb2.RotateStateKeysResponse:
    keys = (
        maintenance_pb2.StateKey(
            key_id=key_id, is_current=key_id == current_key_id, records=records
        )
        for key_id, records in step.records.items()
    )
    return maintenance_pb2.RotateStateKeysResponse(
        keys=keys,
        resealed_records=step.reencrypted,
        unreadable_records=step.unreadable,
        next_page_token=step.next_cursor,
    )
