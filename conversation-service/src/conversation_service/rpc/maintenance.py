"""The servicer of MaintenanceService."""

from collections.abc import Iterator

from conversation_service.application.admin.deployment_checks import (
    Check,
    CheckOutcome,
    DeploymentChecks,
)
from conversation_service.application.admin.restore import RestoreAcceptance
from conversation_service.rpc.core.permissions import Context
from conversation_service.rpc.core.validation import RequestValidator
from conversation_service.store.rotation.rotation import LAST_CURSOR, Rotation, RotationStep
from maskline.admin.v1 import maintenance_pb2, maintenance_pb2_grpc

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

    async def ListStateKeys(
        self, request: maintenance_pb2.ListStateKeysRequest, context: Context
    ) -> maintenance_pb2.ListStateKeysResponse:
        validator = RequestValidator()
        validator.cursor_index("continuation_token", request.continuation_token, LAST_CURSOR)
        validator.check()
        step = await self._rotation.count(request.continuation_token)
        return maintenance_pb2.ListStateKeysResponse(
            keys=self._keys(step),
            unreadable_record_count=step.unreadable,
            continuation_token=step.next_cursor,
        )

    async def RotateStateKeys(
        self, request: maintenance_pb2.RotateStateKeysRequest, context: Context
    ) -> maintenance_pb2.RotateStateKeysResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.cursor_index("continuation_token", request.continuation_token, LAST_CURSOR)
        validator.check()
        step = await self._rotation.run_once(request.continuation_token)
        return maintenance_pb2.RotateStateKeysResponse(
            keys=self._keys(step),
            re_encrypted_record_count=step.reencrypted,
            unreadable_record_count=step.unreadable,
            continuation_token=step.next_cursor,
        )

    async def AcceptRestore(
        self, request: maintenance_pb2.AcceptRestoreRequest, context: Context
    ) -> maintenance_pb2.AcceptRestoreResponse:
        validator = RequestValidator()
        validator.identifier("request_id", request.request_id)
        validator.check()
        accepted = await self._restore.accept(request.request_id)
        return maintenance_pb2.AcceptRestoreResponse(
            ended_conversation_count=accepted.ended_conversations,
            dropped_message_count=accepted.dropped_messages,
            restored_opt_out_count=accepted.restored_opt_outs,
        )

    def _keys(self, step: RotationStep) -> Iterator[maintenance_pb2.StateKey]:
        for key_id, count in step.records.items():
            current = key_id == self._rotation.current_key_id
            yield maintenance_pb2.StateKey(key_id=key_id, current=current, record_count=count)


def _check_to_proto(check: Check) -> maintenance_pb2.DeploymentCheck:
    return maintenance_pb2.DeploymentCheck(
        check_id=check.check_id, outcome=_OUTCOMES[check.outcome], finding=check.finding
    )
