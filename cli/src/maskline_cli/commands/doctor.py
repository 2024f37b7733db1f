"""`maskline doctor`: whether a deployment is set up as it should be, seen from here."""

from collections.abc import Iterator

import httpx
import typer
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from maskline.conversation.v1 import deployment_pb2 as pb
from maskline.conversation.v1.pool_pb2 import GetPoolRequest
from maskline_cli.connection.client import CallFailed, Client, client_of
from maskline_cli.connection.failures import failure_of
from maskline_cli.connection.options import Options
from maskline_cli.output.render import show, table
from maskline_cli.values.fields import word_of

PASSED = pb.CHECK_OUTCOME_PASSED

WARNED = pb.CHECK_OUTCOME_WARNED

FAILED = pb.CHECK_OUTCOME_FAILED

READY_PATH = "/readyz"

CONVERSATIONS = "conversation service"


def doctor(context: typer.Context) -> None:
    """Checks the deployment; the exit status is 1 if anything does not work."""
    client = client_of(context)
    checks = pb.CheckDeploymentResponse(checks=_checks(client))
    rows = ((word_of(one, "outcome"), one.name, one.finding) for one in checks.checks)
    show(client.options, checks, table(("outcome", "what", "finding"), rows))
    if any(one.outcome == FAILED for one in checks.checks):
        raise typer.Exit(1)


def _checks(client: Client) -> Iterator[pb.DeploymentCheck]:
    health = _health(client)
    yield health
    if health.outcome == PASSED:
        yield _pool(client)
        yield from _deployment(client)
    yield _gateway(client.options)


def _health(client: Client) -> pb.DeploymentCheck:
    target = client.options.target
    try:
        answer = client.ask(client.check_health, HealthCheckRequest())
    except CallFailed as failed:
        return _check(CONVERSATIONS, FAILED, failure_of(failed).message)
    if answer.status != HealthCheckResponse.SERVING:
        finding = (
            f"it answers at {target} and takes no calls; does its Redis answer? Its log says more"
        )
        return _check(CONVERSATIONS, FAILED, finding)
    return _check(CONVERSATIONS, PASSED, f"it serves at {target}")


def _pool(client: Client) -> pb.DeploymentCheck:
    name = "pool of this command line"
    try:
        client.ask(client.pools.GetPool, GetPoolRequest(pool=client.pool))
    except CallFailed as failed:
        hint = f"{failure_of(failed).message}; is --pool (MASKLINE_POOL) right?"
        return _check(name, WARNED, hint)
    return _check(name, PASSED, f"{client.pool} is there")


def _deployment(client: Client) -> Iterator[pb.DeploymentCheck]:
    try:
        response = client.ask(client.deployment.CheckDeployment, pb.CheckDeploymentRequest())
    except CallFailed as failed:
        yield _check("deployment", FAILED, failure_of(failed).message)
    else:
        yield from response.checks


def _gateway(options: Options) -> pb.DeploymentCheck:
    hint = "is --gateway-url (MASKLINE_GATEWAY_URL) right?"
    try:
        url = httpx.URL(options.gateway_url).join(READY_PATH)
        answer = httpx.get(url, timeout=options.timeout_seconds)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _check("gateway", FAILED, f"it cannot be reached ({type(error).__name__}); {hint}")
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        finding = "it is not ready: the conversation service takes none of its calls"
        return _check("gateway", FAILED, finding)
    if answer.status_code != httpx.codes.OK:
        finding = f"{READY_PATH} was answered with HTTP {answer.status_code}; {hint}"
        return _check("gateway", FAILED, finding)
    return _check("gateway", PASSED, "it is ready for the carrier's callbacks")


def _check(name: str, outcome: pb.CheckOutcome.ValueType, finding: str) -> pb.DeploymentCheck:
    return pb.DeploymentCheck(name=name, outcome=outcome, finding=finding)
