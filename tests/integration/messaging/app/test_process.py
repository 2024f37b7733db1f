"""`python -m messaging_service`: start, stop, sudden death, and what it logs."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from maskline.messaging.v1 import messaging_pb2 as pb
from messaging_service.config.settings import DEVELOPMENT_LEDGER_KEY, Settings
from runtime.clock import SystemClock
from runtime.settings.base import load_settings
from support.clock import ManualClock
from support.eventually import eventually
from support.fakes.scripted_carrier import (
    CarrierRequest,
    ScriptedCarrier,
    accepted,
    record,
    response,
)
from support.net.ports import free_port
from support.services.messaging_service import (
    ALICE,
    BOB,
    MASKED,
    PATIENCE_SECONDS,
    Messaging,
    delay_of,
    reason_of,
    receipt,
    serving,
    settings_for,
    talking_to,
    text,
)

SECRETS = ("hunter2-access", "hunter2-secret", "hunter2-the-ledger")


def environment(redis_url: str, carrier: ScriptedCarrier) -> dict[str, str]:
    """A deployment's settings."""
    return {
        "MESSAGING_REDIS_URL": redis_url,
        "MESSAGING_FLOWROUTE_URL": carrier.url,
        "MESSAGING_FLOWROUTE_ACCESS_KEY": SECRETS[0],
        "MESSAGING_FLOWROUTE_SECRET_KEY": SECRETS[1],
        "MESSAGING_LEDGER_KEY": SECRETS[2],
        "MESSAGING_LOG_LEVEL": "debug",
        "MESSAGING_SMS_PER_SECOND": "1000",
    }


async def start(settings: Mapping[str, str]) -> Process:
    """Starts a process with these settings as its only environment."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = (sys.executable, "-m", "messaging_service")
    environ = inherited | dict(settings)
    return await asyncio.create_subprocess_exec(*command, env=environ, stdout=PIPE, stderr=STDOUT)


async def output_of(process: Process) -> str:
    """Waits for its end; returns the output that was not read yet."""
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    return output.decode()


@asynccontextmanager
async def running(settings: Mapping[str, str]) -> AsyncIterator[tuple[Process, Messaging, int]]:
    """A process, its client and its port; it is killed at the end if it still runs."""
    port = free_port()
    process = await start({"MESSAGING_LISTEN": f"127.0.0.1:{port}", **settings})
    try:
        async with talking_to(f"127.0.0.1:{port}") as messaging:
            yield process, messaging, port
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_process_that_died_while_sending_leaves_the_message_unknown_and_sent_once(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier
) -> None:
    arrived = asyncio.Event()

    async def never(_: CarrierRequest) -> bytes | None:
        arrived.set()
        await asyncio.Event().wait()
        return None

    carrier.script = never
    async with running(environment(redis_url, carrier)) as (process, messaging, _):
        sending = asyncio.create_task(messaging.send_one(text("m1")))
        await asyncio.wait_for(arrived.wait(), PATIENCE_SECONDS)
        process.kill()
        await process.wait()
        await asyncio.gather(sending, return_exceptions=True)

    carrier.script = carrier.takes
    clock = ManualClock(SystemClock().now())
    settings = settings_for(redis_url, carrier.url, ledger_key=SECRETS[2])
    async with serving(settings, clock) as successor:
        early = await successor.send_one(text("m1"))
        assert early.outcome == pb.SEND_OUTCOME_NOT_SENT
        assert reason_of(early) == "SEND_IN_PROGRESS"
        delay = delay_of(early).total_seconds()
        assert 0 < delay <= 15

        # Exactly the retry delay is enough.
        clock.move(seconds=delay - 0.01)
        assert reason_of(await successor.send_one(text("m1"))) == reason_of(early)
        clock.move(seconds=0.01)
        late = await successor.send_one(text("m1"))
        assert (late.outcome, late.state) == (pb.SEND_OUTCOME_UNCERTAIN, pb.MESSAGE_STATE_UNCERTAIN)
        assert await successor.send_one(text("m1")) == late

        # The records show that the carrier has it.
        [attempt] = carrier.requests
        carrier.lists(record("mdr2-1", attempt.attributes, datetime.now(UTC)))
        clock.move(seconds=5)
        resolved = await successor.send_one(text("m1"))
        assert resolved.resolution == pb.SEND_RESOLUTION_RECORD
    assert len(carrier.requests) == 1


async def test_a_process_that_is_asked_to_stop_finishes_and_records_what_it_was_sending(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier
) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def slow(_: CarrierRequest) -> bytes:
        arrived.set()
        await go.wait()
        return accepted("mdr2-late")

    carrier.script = slow
    async with running(environment(redis_url, carrier)) as (process, messaging, port):

        async def refuses_connections() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            # Closing a listener resets a connection that waits in its queue.
            except (ConnectionRefusedError, ConnectionResetError):
                return True
            writer.close()
            return False

        sending = asyncio.create_task(messaging.send_one(text("m1")))
        await asyncio.wait_for(arrived.wait(), PATIENCE_SECONDS)
        # The caller gives up, so that only the send itself keeps the process.
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        process.terminate()
        await eventually(refuses_connections)
        go.set()
        output = await output_of(process)
        assert process.returncode == 0
    assert "sends_cut_short" not in output
    stored = await redis.hgetall("maskline:v1:messaging:{m1}:message")
    assert (stored[b"state"], stored[b"carrier_id"]) == (b"sent", b"mdr2-late")


async def test_no_log_line_contains_a_number_a_body_or_a_key(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, tmp_path: Path
) -> None:
    # A secret may come from a file.
    key = tmp_path / "secret"
    key.write_text(f"{SECRETS[1]}\n")
    settings = environment(redis_url, carrier)
    del settings["MESSAGING_FLOWROUTE_SECRET_KEY"]
    settings["MESSAGING_FLOWROUTE_SECRET_KEY_FILE"] = str(key)
    body = "the cat is in the bag"

    async def echoes(request: CarrierRequest) -> bytes | None:
        at = len(carrier.requests)
        echo = {"errors": [{"status": 400, "detail": request.content.decode()}]}
        answers = (accepted("mdr2-1"), response(422, echo), response(500, echo), None)
        return answers[at % 4] if at < 5 else response(429, echo)

    carrier.script = echoes
    async with running(settings) as (process, messaging, _):
        for at in range(6):
            await messaging.send_one(text(f"m{at}", f"{body} {at}", to=ALICE))
        assert {request.basic_credentials for request in carrier.requests} == {SECRETS[:2]}
        await messaging.send(text("m1", body, to=BOB), text("bad", body, to="14255550199"))
        receipts = [receipt(carrier_id, None) for carrier_id in ("mdr2-1", "mdr2-2", "")]
        for each in receipts:
            each.carrier_status = f"{body} {ALICE}"
        await messaging.record(*receipts)
        carrier.always(response(200, {"data": [{"id": MASKED}, {"id": f"{ALICE}x"}]}))
        assert len((await messaging.list_numbers()).carrier_numbers) == 1
        attributes = {"body": body, "from": BOB, "direction": BOB}
        carrier.lists({"id": f"{ALICE}x", "attributes": attributes})
        assert not (await messaging.list_inbound(datetime.now(UTC))).records
        # A callback URL may hold a secret.
        callback = {"callback_url": f"https://{SECRETS[1]}@relay.example/"}
        carrier.always(response(200, {"data": {"attributes": callback}}))
        assert SECRETS[1] not in str((await messaging.check()).checks)
        process.terminate()
        output = await output_of(process)
    events = {json.loads(line)["event"] for line in output.splitlines()}
    assert events >= {
        *("serving", "text_sent", "text_refused", "text_not_sent", "send_unknown"),
        *("receipt_of_no_text", "receipt_parked", "receipt_says_nothing_known"),
        *("account_numbers_skipped", "records_skipped", "stopping"),
    }
    for secret in (ALICE, BOB, MASKED, "14255550199", body, *SECRETS):
        assert secret.lstrip("+") not in output


async def test_a_start_with_the_development_key_logs_a_warning_and_one_with_another_key_does_not(
    redis: Redis, redis_url: str, carrier: ScriptedCarrier, clock: ManualClock
) -> None:
    for key, warnings in ((DEVELOPMENT_LEDGER_KEY, 1), (SECRETS[2], 0)):
        settings = settings_for(redis_url, carrier.url, ledger_key=key)
        with capture_logs() as lines:
            async with serving(settings, clock):
                pass
        assert [line["event"] for line in lines].count("development_ledger_key") == warnings


def test_an_invalid_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MESSAGING_FLOWROUTE_URL", "ftp://hunter2")
    with pytest.raises(SystemExit):
        load_settings(Settings)
    err = capsys.readouterr().err
    assert "MESSAGING_FLOWROUTE_URL" in err
    assert "hunter2" not in err
