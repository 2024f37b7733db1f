"""DeploymentService on the wire."""

from conversation_service.operations.deployment import Check, Deployment, Outcome
from conversation_service.rpc.callers import Context
from maskline.conversation.v1 import deployment_pb2 as pb
from maskline.conversation.v1 import deployment_pb2_grpc as rpc

_OUTCOMES = {outcome: pb.CheckOutcome.Value(f"CHECK_OUTCOME_{outcome}") for outcome in Outcome}


class DeploymentServicer(rpc.DeploymentServiceServicer):
    """Wire to domain and back. No decision is made here."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    async def CheckDeployment(
        self, request: pb.CheckDeploymentRequest, context: Context
    ) -> pb.CheckDeploymentResponse:
        checks = map(_message, await self._deployment.check())
        return pb.CheckDeploymentResponse(checks=checks)


def _message(check: Check) -> pb.DeploymentCheck:
    return pb.DeploymentCheck(
        name=check.name, outcome=_OUTCOMES[check.outcome], finding=check.finding
    )
