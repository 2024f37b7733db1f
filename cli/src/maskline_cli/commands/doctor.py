"""`maskline doctor` and `maskline restore`: checks a deployment, accepts a restored Redis."""

from collections.abc import Iterator

import httpx
import typer
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from maskline.admin.v1 import maintenance_pb2 as pb
from maskline.admin.v1.pool_pb2 import GetPoolRequest
from maskline_cli.connection.client import CallFailed, Client, client_of
from maskline_cli.connection.failures import failure_of
from maskline_cli.connection.options import Options
from maskline_cli.output.render import cell, show, table
from maskline_cli.values.arguments import RequestId
from maskline_cli.values.fields import enum_word

PASSED = pb.CHECK_OUTCOME_PASSED
WARNED = pb.CHECK_OUTCOME_WARNED
FAILED = pb.CHECK_OUTCOME_FAILED
READY_PATH = "/readyz"
# The gateway's own reasons are one short sentence.
DETAIL_CHARACTERS = 200
CONVERSATIONS = "conversation_service"


def doctor(context: typer.Context) -> None:
    """Checks the deployment; the exit status is 1 if any check failed."""
    client = client_of(context)
    checks = pb.CheckDeploymentResponse(checks=_checks(client))
    rows = ((enum_word(check, "outcome"), check.check_id, check.finding) for check in checks.checks)
    show(client.options, checks, table(("outcome", "check", "finding"), rows))
    if any(check.outcome == FAILED for check in checks.checks):
        raise typer.Exit(1)


def _checks(client: Client) -> Iterator[pb.DeploymentCheck]:
    health, is_reachable = _health(client)
    yield health
    if is_reachable:
        yield _pool(client)
        yield from _deployment(client)
    yield _gateway(client.options)


def _health(client: Client) -> tuple[pb.DeploymentCheck, bool]:
    """The check, and whether the service is reachable: what is wrong, it may know best itself."""
    target = client.options.target
    try:
        response = client.call(client.check_health, HealthCheckRequest())
    except CallFailed as failed:
        return _check(CONVERSATIONS, FAILED, failure_of(failed).message), False
    if response.status != HealthCheckResponse.SERVING:
        finding = f"reachable at {target} but not serving; check its Redis and its log"
        return _check(CONVERSATIONS, FAILED, finding), True
    return _check(CONVERSATIONS, PASSED, f"serving at {target}"), True


def _pool(client: Client) -> pb.DeploymentCheck:
    check_id = "pool"
    hint = "is --pool (MASKLINE_POOL) right?"
    try:
        client.call(client.pools.GetPool, GetPoolRequest(pool_id=client.pool))
    except CallFailed as failed:
        return _check(check_id, WARNED, f"{failure_of(failed).message}; {hint}")
    return _check(check_id, PASSED, f"{client.pool} exists")


def _deployment(client: Client) -> Iterator[pb.DeploymentCheck]:
    try:
        response = client.call(client.deployment.CheckDeployment, pb.CheckDeploymentRequest())
    except CallFailed as failed:
        yield _check("deployment", FAILED, failure_of(failed).message)
    else:
        yield from response.checks


def _gateway(options: Options) -> pb.DeploymentCheck:
    hint = "is --gateway-url (MASKLINE_GATEWAY_URL) right?"
    try:
        url = httpx.URL(options.gateway_url).join(READY_PATH)
        response = httpx.get(url, timeout=options.timeout_seconds)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _check("gateway", FAILED, f"cannot be reached ({type(error).__name__}); {hint}")
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return _check("gateway", FAILED, f"not ready: {_detail(response)}")
    if response.status_code != httpx.codes.OK:
        finding = f"{READY_PATH} returned HTTP {response.status_code}; {hint}"
        return _check("gateway", FAILED, finding)
    return _check("gateway", PASSED, "ready for the carrier's callbacks")


def _detail(response: httpx.Response) -> str:
    """What the gateway says about its own state; a proxy in front of it says something else."""
    try:
        detail = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "something in front of it returned HTTP 503"
    if not detail.isprintable():
        return "its reason cannot be shown"
    return f"{detail[:1].lower()}{detail[1:DETAIL_CHARACTERS]}"


def _check(check_id: str, outcome: pb.CheckOutcome.ValueType, finding: str) -> pb.DeploymentCheck:
    return pb.DeploymentCheck(check_id=check_id, outcome=outcome, finding=finding)


def accept_restore(context: typer.Context, request_id: RequestId) -> None:
    """Accepts a restored copy of Redis: ends its live conversations and starts sending again.

    Messages that wait in the copy are dropped, and people known to have opted out since stay opted
    out. It may take minutes: use --timeout, and repeat it if it fails.
    """
    client = client_of(context)
    response = client.call(
        client.deployment.AcceptRestore, pb.AcceptRestoreRequest(request_id=request_id)
    )
    counts = (
        f"{response.ended_conversation_count} conversations ended, "
        f"{response.dropped_message_count} messages dropped, "
        f"{response.restored_opt_out_count} people opted out again"
    )
    show(client.options, response, cell(f"Restore accepted: {counts}."))
