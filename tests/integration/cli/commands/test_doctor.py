import grpc
import pytest
from integration.cli.in_process import maskline
from integration.cli.scripted import Deployment

from maskline.admin.v1 import maintenance_pb2 as pb
from runtime.grpc.status import RpcStatus
from support.net.ports import free_port
from support.services.cli_process import Ended
from support.services.running_gateway import running_gateway

REDIS = pb.DeploymentCheck(
    check_id="redis_version", outcome=pb.CHECK_OUTCOME_PASSED, finding="Valkey 9.0."
)
KEY = pb.DeploymentCheck(
    check_id="state_key", outcome=pb.CHECK_OUTCOME_WARNED, finding="The development key is used."
)
CALLBACKS = pb.DeploymentCheck(
    check_id="carrier_callbacks", outcome=pb.CHECK_OUTCOME_FAILED, finding="Set it at the carrier."
)


async def doctor(deployment: Deployment, *options: str) -> Ended:
    async with running_gateway(deployment.target) as gateway:
        url = f"http://127.0.0.1:{gateway.port}"
        return await maskline(deployment.target, "doctor", *options, MASKLINE_GATEWAY_URL=url)


async def test_warnings_are_shown_and_are_no_failure(deployment: Deployment) -> None:
    deployment.answers("CheckDeployment", pb.CheckDeploymentResponse(checks=[REDIS, KEY]))
    ended = await doctor(deployment)
    assert (ended.status, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()[1:]]
    assert "passed redis_version Valkey 9.0." in lines
    assert "warned state_key The development key is used." in lines
    assert "passed gateway ready for the carrier's callbacks" in lines


async def test_a_failed_check_ends_with_status_1(deployment: Deployment) -> None:
    deployment.answers("CheckDeployment", pb.CheckDeploymentResponse(checks=[CALLBACKS]))
    ended = await doctor(deployment, "--json")
    assert (ended.status, ended.err) == (1, "")
    outcomes = {check["check_id"]: check["outcome"] for check in ended.json["checks"]}
    assert outcomes == {
        "conversation_service": "CHECK_OUTCOME_PASSED",
        "pool": "CHECK_OUTCOME_PASSED",
        "carrier_callbacks": "CHECK_OUTCOME_FAILED",
        "gateway": "CHECK_OUTCOME_PASSED",
    }


async def test_a_missing_pool_is_a_warning(deployment: Deployment) -> None:
    unknown = RpcStatus(grpc.StatusCode.NOT_FOUND, "POOL_NOT_FOUND", "no pool cty")
    deployment.answers("GetPool", unknown)
    deployment.answers("CheckDeployment", pb.CheckDeploymentResponse())
    ended = await doctor(deployment, "--pool", "cty")
    assert ended.status == 0
    assert "no pool cty; is --pool (MASKLINE_POOL) right?" in ended.out


async def test_a_service_that_is_unwell_is_a_failure(deployment: Deployment) -> None:
    deployment.answers("CheckDeployment", grpc.StatusCode.INTERNAL)
    ended = await doctor(deployment)
    assert (ended.status, "deployment" in ended.out) == (1, True)
    await deployment.is_well(False)
    ended = await doctor(deployment)
    assert ended.status == 1
    assert "not serving" in ended.out
    assert "not ready: the conversation service" in ended.out


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "gateway:8080", "http://[x", ""])
async def test_doctor_works_when_nothing_is_reachable(url: str) -> None:
    port = free_port()
    options = ["--target", f"127.0.0.1:{port}", "--gateway-url", url.format(port=port)]
    ended = await maskline("", "doctor", *options)
    assert (ended.status, ended.err) == (1, "")
    assert f"cannot be reached at 127.0.0.1:{port}" in ended.out
    assert "MASKLINE_GATEWAY_URL" in ended.out


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED]
)
async def test_a_gateway_whose_token_is_refused_is_a_failure(
    deployment: Deployment, code: grpc.StatusCode
) -> None:
    deployment.answers("CheckDeployment", pb.CheckDeploymentResponse())
    deployment.answers("CheckAccess", code)
    ended = await doctor(deployment)
    assert ended.status == 1
    assert "refuses the token or certificate of this gateway" in ended.out


async def test_a_service_that_is_not_serving_is_asked_why(deployment: Deployment) -> None:
    full = pb.DeploymentCheck(
        check_id="redis", outcome=pb.CHECK_OUTCOME_FAILED, finding="it refuses writes"
    )
    deployment.answers("CheckDeployment", pb.CheckDeploymentResponse(checks=[full]))
    await deployment.is_well(False)
    ended = await doctor(deployment)
    assert ended.status == 1
    assert "it refuses writes" in ended.out
