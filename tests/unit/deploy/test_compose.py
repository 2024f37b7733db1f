"""The checks of the compose file fail when it is broken; `make up` makes keys once."""

import stat
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from gateway.settings import Settings as GatewaySettings
from simulator.settings import Settings as SimulatorSettings

REPOSITORY = Path(__file__).resolve().parents[3]
COMPOSE_FILE = (REPOSITORY / "docker-compose.yml").read_text()
DOCKERFILE = (REPOSITORY / "gateway" / "Dockerfile").read_text()


def load(script: str) -> ModuleType:
    """A script of deploy/, which is no package."""
    spec = spec_from_file_location(script, REPOSITORY / "deploy" / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_compose = load("check_compose")
compose = load("compose")


def broken(text: str, right: str, wrong: str) -> str:
    assert right in text
    return text.replace(right, wrong, 1)


def test_the_compose_file_and_the_dockerfiles_keep_their_promises() -> None:
    assert check_compose.problems_in(COMPOSE_FILE) == []
    assert check_compose.problems_in_dockerfile(DOCKERFILE) == []


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("services:\n", "services: [\n", "is not YAML"),
        ("  redis:\n", "  cache:\n", "the services must be"),
        ("read_only: true", "read_only: false", "read_only must be True"),
        ("cap_drop: [ALL]", "cap_drop: []", "cap_drop must be"),
        ("no-new-privileges:true", "no-new-privileges:false", "security_opt must be"),
        ("  mem_limit: 512m", "  privileged: true", "needs a limit: mem_limit"),
        ("  mem_limit: 512m", "  privileged: true", "privileged must not be set"),
        ('user: "999:999"', 'user: "0:0"', "redis: needs a numeric user"),
        ("test: [CMD, redis-cli, ping]", "test: []", "redis: needs a health check"),
        ("${REDIS_IMAGE:-redis:8}", "redis:8", "redis: its image must be the variable"),
        ("${PYTHON_IMAGE:-python:3.13-slim}", "python:3.13", "gateway: its base image must be"),
        ("dockerfile: gateway/", "dockerfile: edge/", "gateway: must be built from"),
        ("GATEWAY_LOG_LEVEL", "GATEWAY_LOGLEVEL", "GATEWAY_LOGLEVEL is no setting"),
        ("http://simulator:8090", "http://simulator:8090/v2.2", "flowroute_url: Value error"),
        ("conversation-service:8081", "conversations:8081", "which is no service"),
        ("networks: [edge, calls]", "networks: [edge]", "which is on none of its networks"),
        ("networks: [edge, calls]", "networks: [edge, calls, carrier]", "only ['messaging-"),
        ("networks: [edge, calls]", "networks: [edge, calls, state]", "only ['conversation-"),
        ("networks: [edge, calls]", "networks: [edge, calls, home]", "home is not declared"),
        ("state: { internal: true }", "state:", "the network state must be internal"),
        ("${PUBLISH_ADDRESS:-127.0.0.1}", "0.0.0.0", "must listen on loopback"),
        (
            "    networks: [sends, state",
            "    ports: ['1:1']\n    networks: [sends, state",
            "1 ports",
        ),
        ("redis: { condition: service_healthy }", "redis: {}", "must wait until redis is healthy"),
        ("MESSAGING_LEDGER_KEY:", "MESSAGING_LEDGER_KEY: a", "must only be passed on"),
        ("CONVERSATION_MESSAGING_TOKEN:", "CONVERSATION_MESSAGING_TOKEN: a", "be passed on"),
        ("      - --aclfile\n", "", "redis: its users must come from a file"),
        ("      - --save\n", "      - --requirepass\n      - PASSWORD\n", "no place for a secret"),
        ("//maskline-messaging@redis", "//redis", "must name a user of deploy/redis.acl"),
        ("maskline-messaging@redis:", "maskline-messaging@rediss:", "which is no service"),
        ("redis: { condition:", "valkey: { condition:", "depends on valkey"),
        ("./deploy/pools.toml}", "./deploy/pool.toml}", "source ./deploy/pool.toml does not exist"),
    ],
)
def test_a_broken_promise_of_the_compose_file_has_a_name(
    right: str, wrong: str, problem: str
) -> None:
    assert problem in "\n".join(check_compose.problems_in(broken(COMPOSE_FILE, right, wrong)))


@pytest.mark.parametrize(
    ("right", "wrong", "promise"),
    [
        ("ARG PYTHON_IMAGE=python:3.13-slim", "ARG IMAGE", "takes its base image"),
        ("FROM ${PYTHON_IMAGE}\n", "FROM python:3.13\n", "builds on that argument alone"),
        ("GATEWAY_LISTEN=", "GATEWAY_TOKEN=t GATEWAY_LISTEN=", "contains no secret"),
        ("USER 10001:10001", "USER maskline", "runs as a numeric user"),
        ("USER 10001:10001", "USER 0:0", "runs as a numeric user"),
        ("HEALTHCHECK ", "# ", "checks its health"),
        (', "--settings", "GATEWAY_"]', "]", "configures its health check by"),
        ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "is stopped by SIGTERM"),
        ('ENTRYPOINT ["python", "-m", "gateway"]', "ENTRYPOINT python -m gateway", "a shell"),
        ("--require-hashes -r requirements/", "-r requirements/", "installs by hash"),
    ],
)
def test_a_broken_promise_of_a_dockerfile_is_named(right: str, wrong: str, promise: str) -> None:
    text = DOCKERFILE.replace(right, wrong)
    assert text != DOCKERFILE
    [problem] = check_compose.problems_in_dockerfile(text)
    assert promise in problem


def written(env_file: Path) -> dict[str, str]:
    lines = env_file.read_text().splitlines() if env_file.exists() else []
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [f"{name}{form}" for name in compose.CALLBACK_TOKEN for form in ("", "_FILE")]
    for key in (*compose.KEYS, "REDIS_USERS_FILE", compose.CARRIER, *tokens):
        monkeypatch.delenv(key, raising=False)


@pytest.mark.usefixtures("_no_keys")
def test_make_up_writes_each_missing_key_once(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    compose.write_missing_keys(env_file)
    made = written(env_file)
    assert tuple(made) == compose.KEYS
    assert len({value for value in made.values() if len(value) >= 32}) == len(compose.KEYS)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    compose.write_missing_keys(env_file)
    assert written(env_file) == made


@pytest.mark.usefixtures("_no_keys")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_make_up_closes_an_env_file_that_others_may_read(tmp_path: Path, mode: int) -> None:
    env_file = tmp_path / ".env"
    compose.write_missing_keys(env_file)
    env_file.chmod(mode)
    compose.write_missing_keys(env_file)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


@pytest.mark.usefixtures("_no_keys")
def test_make_up_gives_the_gateway_a_token_with_a_real_carrier_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(compose.CARRIER, "https://carrier.example")
    compose.write_callback_token(tmp_path / ".env")
    assert written(tmp_path / ".env").keys() == set(compose.CALLBACK_TOKEN)
    assert "Set the carrier's callback URLs" in capsys.readouterr().out


@pytest.mark.usefixtures("_no_keys")
def test_make_up_keeps_what_a_person_has_set_and_adds_below_an_unfinished_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in compose.REDIS_USERS.values():
        monkeypatch.setenv(key, "theirs")
    env_file = tmp_path / ".env"
    env_file.write_text("GATEWAY_PORT=9000\nCONVERSATION_STATE_KEY=a key of their own")
    compose.write_missing_keys(env_file)
    *present, added = env_file.read_text().splitlines()
    assert present == ["GATEWAY_PORT=9000", "CONVERSATION_STATE_KEY=a key of their own"]
    assert added.startswith("MESSAGING_LEDGER_KEY=")
    monkeypatch.setenv("MESSAGING_LEDGER_KEY_FILE", "/run/secrets/ledger_key")
    env_file.write_text("CONVERSATION_STATE_KEY=a key of their own")
    compose.write_missing_keys(env_file)
    assert env_file.read_text() == "CONVERSATION_STATE_KEY=a key of their own"


@pytest.mark.usefixtures("_no_keys")
def test_make_up_gives_redis_the_passwords_that_the_services_have(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    compose.write_missing_keys(env_file)
    assert compose.write_redis_users(env_file)
    users, settings = (tmp_path / ".redis.acl").read_text(), env_file.read_text()
    for key in compose.REDIS_USERS.values():
        [password] = [line.partition("=")[2] for line in settings.splitlines() if key in line]
        assert sha256(password.encode()).hexdigest() in users
        assert password not in users
    assert users.count("nopass") == 1
    assert "user default on nopass resetkeys resetchannels -@all +ping\n" in users
    assert "REDIS_USERS_FILE=./.redis.acl\n" in settings
    assert not compose.write_redis_users(env_file)
    assert env_file.read_text() == settings


@pytest.mark.usefixtures("_no_keys")
@pytest.mark.parametrize(
    "theirs", ["REDIS_USERS_FILE=./theirs.acl", "CONVERSATION_REDIS_PASSWORD_FILE=/run/redis"]
)
def test_make_up_leaves_a_persons_own_redis_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    monkeypatch.setenv(*theirs.split("="))
    compose.write_missing_keys(tmp_path / ".env")
    assert not compose.write_redis_users(tmp_path / ".env")
    assert not (tmp_path / ".redis.acl").exists()


@pytest.mark.usefixtures("_no_keys")
def test_make_up_gives_the_gateway_and_the_simulator_one_token_once(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    compose.write_callback_token(env_file)
    made = written(env_file)
    assert made.keys() == set(compose.CALLBACK_TOKEN)
    [token] = set(made.values())
    # Both services take it.
    GatewaySettings.model_validate({"callback_tokens": token})
    simulator = SimulatorSettings.model_validate({"callback_token": token})
    assert simulator.current_callback_token == token
    compose.write_callback_token(env_file)
    assert written(env_file) == made


@pytest.mark.usefixtures("_no_keys")
@pytest.mark.parametrize("known", ["GATEWAY_CALLBACK_TOKENS", "SIMULATOR_CALLBACK_TOKEN"])
def test_make_up_tells_the_one_what_a_person_told_the_other(tmp_path: Path, known: str) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(f"{known}=theirs,theirs too\n")
    compose.write_callback_token(env_file)
    assert written(env_file) == dict.fromkeys(compose.CALLBACK_TOKEN, "theirs,theirs too")


@pytest.mark.usefixtures("_no_keys")
@pytest.mark.parametrize(
    "theirs", ["GATEWAY_CALLBACK_TOKENS_FILE=/run/tokens", "SIMULATOR_CALLBACK_TOKEN_FILE=/run/t"]
)
def test_make_up_makes_no_token_that_somebody_else_would_have_to_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theirs: str
) -> None:
    monkeypatch.setenv(*theirs.split("="))
    compose.write_callback_token(tmp_path / ".env")
    assert written(tmp_path / ".env") == {}
