"""Stored records are read as they were written."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conversation_service.domain.commands.operator.settings_update import SETTING_PATHS
from conversation_service.domain.model.consent import OptOut, OptOutSource, cause_of
from conversation_service.domain.model.conversation import Conversation, EndReason, State
from conversation_service.domain.model.loop_detection import LoopDetector
from conversation_service.domain.model.messages import Attachment, HeldMessage, OutboundMessage
from conversation_service.domain.model.participants import Person
from conversation_service.domain.model.pool import (
    AttachmentPolicy,
    MaskedNumber,
    NumberPreference,
    NumberState,
    PausePolicy,
    Pool,
    PoolSettings,
    UncertainSendPolicy,
)
from conversation_service.domain.model.rate_limits import NEVER, SenderLimits, WindowCounter
from conversation_service.store.keyspace.timestamps import from_ms
from conversation_service.store.records.conversation import decode_conversation, encode_conversation
from conversation_service.store.records.payloads import (
    StoredResponse,
    decode_count,
    decode_held,
    decode_opt_out,
    decode_payload,
    decode_sender_limits,
    encode_count,
    encode_held,
    encode_opt_out,
    encode_payload,
    encode_sender_limits,
)
from conversation_service.store.records.pool import decode_pool, encode_pool
from support.builders.conversations import (
    ALICE,
    ALICE_NUMBER,
    BOB,
    MASKED,
    PEOPLE,
    POOL,
    settings_with,
)
from support.builders.decisions import ACTIVE, CODE, ENDED, NOW, PICTURE, WAITING

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FILE = st.builds(Attachment, TEXT, TEXT, st.integers(0, 10**9)) | st.just(PICTURE)
FILES = st.lists(FILE, max_size=3).map(tuple)
MOMENTS = st.integers(0, 7 * 10**12).map(from_ms)
MAYBE = st.none() | MOMENTS
COUNTS = st.just(NEVER) | st.builds(WindowCounter, st.integers(1, 1000), MOMENTS)
CONVERSATIONS = st.builds(
    Conversation,
    conversation_id=st.just("c"),
    pool=st.just("main"),
    masked_number=st.just(MASKED),
    state=st.sampled_from(State),
    etag=st.just("e1"),
    code=st.sampled_from(["", CODE]),
    participants=st.sampled_from([(ALICE,), (ALICE, BOB)]),
    create_time=MOMENTS,
    due_time=MOMENTS,
    join_time=MAYBE,
    last_message_time=MAYBE,
    idle_end_time=MAYBE,
    max_end_time=MAYBE,
    warned_end_time=MAYBE,
    pause_time=MAYBE,
    report_time=MAYBE,
    end_time=MAYBE,
    end_reason=st.none() | st.sampled_from(EndReason),
    end_note=TEXT,
    unique_name=TEXT,
    labels=st.dictionaries(TEXT, TEXT, max_size=3),
    held=st.tuples(*[st.lists(st.text("0123456789abcdef"), max_size=5).map(tuple)] * 2),
    loop_detector=st.builds(
        LoopDetector, st.tuples(TEXT, TEXT), st.integers(-1, 1), st.integers(0, 8)
    ),
    join_request_time=MAYBE,
    opt_out_hints=st.tuples(st.booleans(), st.booleans()),
    consent_references=st.tuples(TEXT, TEXT),
)

# No setting has its default.
SETTINGS: dict[str, Any] = {
    "operator_name": "Acme",
    "contact": "+1 206 555 0100",
    "language": "es",
    "lifecycle.join_code_lifetime": timedelta(minutes=1),
    "lifecycle.idle_timeout": timedelta(hours=2),
    "lifecycle.max_lifetime": timedelta(days=3),
    "lifecycle.expiry_warning_lead": timedelta(minutes=4),
    "lifecycle.cool_off": timedelta(0),
    "lifecycle.reopen_window": timedelta(minutes=6),
    "retention.conversations": timedelta(hours=7, milliseconds=8),
    "retention.idempotency_records": timedelta(days=4),
    "retention.messages": timedelta(days=5),
    "retention.events": timedelta(days=6),
    "retention.dead_letters": timedelta(hours=2),
    "relay.number_preference": NumberPreference.AVOID_STICKY,
    "relay.pause_policy": PausePolicy.REFUSE,
    "sending.message_validity": timedelta(minutes=9),
    "sending.uncertain_send_policy": UncertainSendPolicy.PREFER_DUPLICATE,
    "relay.attachment_policy": AttachmentPolicy.ALL,
    "sending.campaign_budget.segments_per_minute": 75,
    "sending.campaign_budget.segments_per_day": 2000,
    "relay.max_message_segments": 3,
    "relay.max_messages_per_minute": 20,
    "relay.max_messages_per_day": 300,
    "consent.consent_reference_required": True,
    "consent.max_openings_per_day": 2,
    "consent.reopen_pause": timedelta(days=2),
    "keywords.block_enabled": False,
    "keywords.report_enabled": False,
    "keywords.erase_enabled": True,
    "keywords.end_opts_out": True,
    "keywords.words": {"start": ("go", "\u00e1bre"), "join": ("in",)},
    "templates": {"empty": "Nothing in it."},
    "system_message_prefix": "[Acme]",
}
ENUMS = {
    "relay.number_preference": NumberPreference,
    "relay.pause_policy": PausePolicy,
    "sending.uncertain_send_policy": UncertainSendPolicy,
    "relay.attachment_policy": AttachmentPolicy,
}
NUMBERS = (
    MaskedNumber(MASKED, NumberState.DRAINING),
    MaskedNumber("+12065550101", is_reserved=True),
)


def person(number: str) -> Person:
    return PEOPLE.person("main", number)


def read(stored: bytes) -> Conversation:
    return decode_conversation(stored, conversation_id="c", pool="main", etag="e1", person=person)


@given(CONVERSATIONS)
@example(replace(WAITING, etag="e1", idle_end_time=None))
@example(replace(ENDED, conversation_id="c", etag="e1"))
def test_a_conversation_is_read_as_it_was_written(conversation: Conversation) -> None:
    stored = read(encode_conversation(conversation))
    assert stored == conversation
    assert stored.create_time.tzinfo is UTC
    numbers = [participant.phone_number for participant in conversation.participants]
    assert [participant.phone_number for participant in stored.participants] == numbers


def test_default_values_take_no_space() -> None:
    assert encode_conversation(WAITING).endswith(b'["%b"]' % WAITING.code.encode())
    noted = encode_conversation(replace(WAITING, end_note="x"))
    assert noted.endswith(b'["","",-1,0],null,"x"]')
    assert "\u00e9".encode() in encode_conversation(replace(WAITING, end_note="\u00e9"))


@given(COUNTS)
def test_a_count_is_read_as_it_was_written(count: WindowCounter) -> None:
    assert decode_count(encode_count(count).encode()) == count


@given(
    st.builds(
        SenderLimits,
        *(COUNTS, COUNTS, MAYBE, MAYBE, COUNTS, MAYBE, COUNTS, COUNTS, MAYBE, MAYBE, COUNTS),
    )
)
def test_sender_limits_are_read_as_they_were_written(limits: SenderLimits) -> None:
    assert decode_sender_limits(encode_sender_limits(limits)) == limits


def test_empty_counts_and_limits_are_stored_as_an_empty_string() -> None:
    assert encode_count(NEVER) == ""
    assert encode_sender_limits(SenderLimits()) == b""


@given(MOMENTS, st.sampled_from(OptOutSource), TEXT)
@example(NOW, OptOutSource.TEXT, "an id with blanks")
def test_an_opt_out_is_read_as_it_was_written(
    time: datetime, source: OptOutSource, command_id: str
) -> None:
    opt_out = OptOut(time, source, cause_of(command_id), note=f"list of {command_id}")
    assert decode_opt_out(encode_opt_out(opt_out).encode()) == opt_out


def test_a_pool_is_read_as_it_was_written_with_every_setting() -> None:
    groups = {path.rpartition(".")[0] for path in SETTINGS} | {"sending"}
    paths = {".".join(path) for path in SETTING_PATHS if path}
    assert set(SETTINGS) == {path for path in paths if path not in groups}
    defaults = PoolSettings("Test exchange", "help@example.org")
    assert all(attrgetter(name)(defaults) != value for name, value in SETTINGS.items())
    other = settings_with(SETTINGS)
    for pool in (POOL, Pool("main", other, NUMBERS, "v", is_seeded=True)):
        stored = decode_pool(encode_pool(pool), name="main", version="v")
        assert stored == pool
        assert stored.keywords == pool.keywords
        types = [type(attrgetter(name)(stored.settings)) for name in ENUMS]
        assert types == list(ENUMS.values())
        assert json.loads(encode_pool(pool))["v"] == 1


def test_a_setting_that_only_one_of_two_releases_knows_breaks_nothing() -> None:
    stored = json.loads(encode_pool(POOL))
    del stored["settings"]["lifecycle"]["cool_off"], stored["settings"]["retention"]
    stored["settings"]["relay"]["colour"] = "blue"
    stored["settings"]["colour"] = "blue"
    assert decode_pool(json.dumps(stored).encode(), name="main", version="v") == POOL


def test_a_command_that_always_changes_a_conversation_has_it_in_its_response() -> None:
    assert StoredResponse(ACTIVE).changed == ACTIVE
    with pytest.raises(AssertionError, match="changed no conversation"):
        _ = StoredResponse().changed


@given(TEXT, st.booleans(), st.booleans(), FILES)
def test_an_outbox_payload_is_read_as_it_was_written(
    body: str, may_reach_opted_out: bool, is_relayed: bool, files: tuple[Attachment, ...]
) -> None:
    message = OutboundMessage("m", "c", MASKED, ALICE, body, may_reach_opted_out, is_relayed, files)
    assert (
        decode_payload(encode_payload(message), "m", {ALICE_NUMBER: ALICE}.__getitem__) == message
    )


def test_a_payload_names_its_conversation_unless_the_envelope_does() -> None:
    message = OutboundMessage("m", "c1", MASKED, ALICE, "hello\nthere")
    people = {ALICE_NUMBER: ALICE}.__getitem__
    short = encode_payload(message, has_conversation=False)
    assert len(short) == 2 + 2 * 7 + len("\nhello\nthere")
    assert decode_payload(short, "m", people, "c1") == message
    assert decode_payload(encode_payload(message), "m", people) == message
    with pytest.raises(ValueError, match="unknown form"):
        decode_payload(b"[1" + short[2:], "m", people)


def test_the_repr_of_a_payload_contains_no_number_and_no_body() -> None:
    shown = repr(OutboundMessage("m", "c", MASKED, ALICE, "hi"))
    assert ALICE_NUMBER not in shown
    assert "'hi'" not in shown


@given(TEXT, FILES)
def test_a_held_message_is_read_as_it_was_written(body: str, files: tuple[Attachment, ...]) -> None:
    message = HeldMessage("m", ALICE.participant_id, body, files)
    assert decode_held(encode_held(message)) == message
