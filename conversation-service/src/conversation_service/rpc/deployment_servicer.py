"""DeploymentService on the wire."""

from conversation_service.operations.deployment import Check, Deployment, Outcome
from conversation_service.rpc.callers import Context
from conversation_service.rpc.shape import Shape
from conversation_service.store.rotation import LAST_PLACE, Rotation, Step
from maskline.conversation.v1 import deployment_pb2 as pb
from maskline.conversation.v1 import deployment_pb2_grpc as rpc

_OUTCOMES = {outcome: pb.CheckOutcome.Value(f"CHECK_OUTCOME_{outcome}") for outcome in Outcome}


class DeploymentServicer(rpc.DeploymentServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, deployment: Deployment, rotation: Rotation) -> None:
        self._deployment = deployment
        self._rotation = rotation

    async def CheckDeployment(
        self, request: pb.CheckDeploymentRequest, context: Context
    ) -> pb.CheckDeploymentResponse:
        checks = map(_message, await self._deployment.check())
        return pb.CheckDeploymentResponse(checks=checks)

    async def RotateKeys(
        self, request: pb.RotateKeysRequest, context: Context
    ) -> pb.RotateKeysResponse:
        shape = Shape()
        shape.identifier("request_id", request.request_id)
        shape.number("page_token", request.page_token, LAST_PLACE)
        shape.check()
        step = await self._rotation.run_once(request.page_token, only_count=request.only_count)
        return _rotated(step, self._rotation.current_key_id)


def _message(check: Check) -> pb.DeploymentCheck:
    return pb.DeploymentCheck(
        name=check.name, outcome=_OUTCOMES[check.outcome], finding=check.finding
    )


def _rotated(step: Step, current: str) -> pb.RotateKeysResponse:
    keys = (
        pb.StateKey(key_id=key_id, is_current=key_id == current, records=records)
        for key_id, records in step.records.items()
    )
    return pb.RotateKeysResponse(
        keys=keys,
        resealed_records=step.resealed,
        unreadable_records=step.unreadable,
        next_page_token=step.next_place,
    )
