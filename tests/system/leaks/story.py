"""Acts of people, clients, operators and strangers, all with marks."""

import base64
import json

from system.leaks.deployment import Deployment

from maskline.admin.v1 import person_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from maskline.messaging.v1 import messaging_pb2
from support.builders.conversation_calls import participants
from support.builders.conversations import MASKED, OTHER_MASKED
from support.eventually import eventually
from support.observation import leak_markers as marked
from support.observation.leak_markers import ALICE, BOB, CAROL, DAVE, NOWHERE

CONVERSATIONS = "/maskline.conversation.v1.ConversationService/"
PEOPLE = "/maskline.admin.v1.PersonService/"
MESSAGING = "/maskline.messaging.v1.MessagingService/"


async def people_talk(one: Deployment) -> None:
    """Two people exchange all kinds of bodies and a picture; a third one cannot join."""
    alice, bob = one.phone(ALICE), one.phone(BOB)
    await alice.text(MASKED, "start")
    code = (await alice.received(1))[0].removeprefix("Maskline demo: your code is ")[:6]
    await bob.text(MASKED, f"join {code}")
    await alice.received(2)
    for body in (marked.SAID, marked.SAID_IN_OTHER_LETTERS, marked.SAID_IN_QUOTES):
        await alice.text(MASKED, body)
    await bob.received(4)
    await _send_picture(one)
    await bob.received(5)
    await alice.text(MASKED, f"{marked.SAID_TOO_LONG} " * 800)
    await alice.text(MASKED, f"{marked.SAID_UNSENDABLE}\0")
    await one.phone(CAROL).text(MASKED, f"join {code}")
    await one.phone(CAROL).text(MASKED, marked.SAID_BY_A_STRANGER)
    await one.phone(CAROL).received(1)


async def _send_picture(one: Deployment) -> None:
    """With a marked file name, which Phone does not support."""
    picture = {
        "content": base64.b64encode(marked.marked_picture()).decode(),
        "mime_type": "image/png",
        "file_name": f"{marked.FILE_NAME}.png",
    }
    typed = {"to": MASKED, "body": "", "media": [picture]}
    answer = await one.carrier.post(f"/simulator/phones/{ALICE}/texts", json=typed)
    answer.raise_for_status()


async def sending_fails(one: Deployment) -> None:
    """The carrier fails in several ways; then both gRPC services are killed."""
    alice, bob = one.phone(ALICE), one.phone(BOB)
    had = len(await bob.texts("received"))
    for fault in (
        {"kind": "receipts_failing", "status_code": 1006},
        {"kind": "status", "status": 500},
        {"kind": "accept_then_reset"},
        {"kind": "status", "status": 422},
    ):
        answer = await one.carrier.post("/simulator/faults", json=fault)
        answer.raise_for_status()
        await alice.text(MASKED, f"{marked.SAID_IN_VAIN} {fault['kind']}")
    await one.stack.kill("messaging_service")
    await alice.accepted(await alice.text(MASKED, marked.SAID_IN_AN_OUTAGE))
    await one.stack.kill("conversation_service")
    await alice.text(MASKED, marked.SAID_IN_AN_OUTAGE)
    await one.stack.start("messaging_service")
    await one.stack.start("conversation_service")

    async def arrived() -> bool:
        bodies = [text.body for text in (await bob.texts("received"))[had:]]
        return bodies.count(marked.SAID_IN_AN_OUTAGE) == 2

    await eventually(arrived)


async def callbacks_are_bad(one: Deployment) -> None:
    """Malformed, forged and misdirected callbacks, with marks in bodies and URLs."""
    said = {"from": DAVE[1:], "to": MASKED[1:], "body": marked.SAID_UNREADABLY, "id": "mdr1-1"}
    bodies = [
        json.dumps(said).encode()[:-1],
        json.dumps({**said, "from": f"{DAVE} {marked.SAID_UNREADABLY}"}).encode(),
        json.dumps({**said, "to": NOWHERE}).encode(),
        json.dumps({**said, "id": 7}).encode(),
        # The carrier's id is not secret: it never has a number or body.
        json.dumps({**said, "id": f"mdr1-{marked.SAID_UNREADABLY}" * 10}).encode(),
        json.dumps({"id": "mdr1-1", "type": "delivery_receipt", "body": marked.SAID}).encode(),
        f"{DAVE} {marked.SAID_UNREADABLY} \udcff".encode(errors="surrogateescape"),
        b"x" * 100_000 + marked.SAID_UNREADABLY.encode(),
    ]
    for path in ("/api/message", "/api/receipt", f"/api/receipt/attempt/{marked.SAID_UNREADABLY}"):
        for body in bodies:
            await one.posted(path, body)
    for path in (f"/{DAVE}", f"/media/{marked.SAID_UNREADABLY}", f"/api/message?from={DAVE}"):
        await one.posted(path, b"{}")
        await one.gateway.get(path)


async def clients_ask(one: Deployment) -> None:
    """Valid and invalid calls."""
    broken = b"\x0a\xff" + f"{DAVE} {marked.SAID_BY_A_CLIENT}".encode()
    known = pb.CreateConversationRequest(
        request_id="s", pool_id="main", participants=participants(DAVE)
    )
    for request in (
        known,
        pb.CreateConversationRequest(
            request_id="s", pool_id="main", participants=participants(CAROL)
        ),
        pb.CreateConversationRequest(
            request_id="t", pool_id="none", participants=participants(DAVE)
        ),
        pb.CreateConversationRequest(
            request_id="u", pool_id="main", participants=participants(f"{DAVE}x")
        ),
        broken,
    ):
        await one.called(f"{CONVERSATIONS}CreateConversation", request)
    opened = pb.CreateConversationRequest(
        request_id="o",
        pool_id="main",
        participants=participants(CAROL, DAVE),
        masked_number=OTHER_MASKED,
    )
    answer = await one.called(f"{CONVERSATIONS}CreateConversation", opened)
    conversation = pb.CreateConversationResponse.FromString(answer).conversation
    for body in (marked.SAID_BY_A_CLIENT, f"{marked.SAID_BY_A_CLIENT}\0"):
        said = message_pb2.SendMessageRequest(
            request_id=body.strip("\0"),
            pool_id="main",
            conversation_id=conversation.conversation_id,
            system=message_pb2.System(),
            body=body,
        )
        await one.called(f"{CONVERSATIONS}SendMessage", said)
    await one.called(
        f"{PEOPLE}OptOutPerson", person_pb2.OptOutPersonRequest(request_id="p", phone_number=DAVE)
    )
    await one.called(f"{PEOPLE}GetOptOut", person_pb2.GetOptOutRequest(phone_number=DAVE))
    await one.called(f"{MESSAGING}SendMessages", broken, one.messaging)
    wrong = messaging_pb2.OutboundMessage(message_id="m", to_number=f"{DAVE}x", body=marked.SAID)
    await one.called(
        f"{MESSAGING}SendMessages",
        messaging_pb2.SendMessagesRequest(messages=[wrong]),
        one.messaging,
    )


async def operators_look(one: Deployment) -> None:
    """Lists everything, as text and as JSON."""
    for number in (ALICE, DAVE):
        await one.typed("people", "show", number)
    for words in (("doctor",), ("pools", "show"), ("dead-letters", "list", "--json")):
        await one.typed(*words)
    for conversation in await one.listed("conversations", "list"):
        name = conversation["conversation_id"]
        await one.typed("conversations", "show", name)
        await one.typed("conversations", "show", name, "--json")
        await one.typed("timeline", name, "--json")
        for message in await one.listed("conversations", "messages", name):
            request = messaging_pb2.GetMessageRequest(message_id=message["message_id"])
            await one.called(f"{MESSAGING}GetMessage", request, one.messaging)


async def people_leave(one: Deployment) -> None:
    """One person opts out."""
    had = len(await one.phone(ALICE).texts("received"))
    await one.phone(BOB).text(MASKED, "stop")
    await one.phone(ALICE).received(had + 1)


async def one_is_erased(one: Deployment) -> None:
    """One person asks for erasure; then no record decrypts to their number."""
    alice = one.phone(ALICE)
    assert await one.opens(ALICE)
    await alice.text(MASKED, "erase my data")

    # Other messages to her may still be under way.
    async def is_confirmed() -> bool:
        return any("receipt" in text.body for text in await alice.texts("received"))

    await eventually(is_confirmed)

    async def is_nowhere() -> bool:
        return await one.opens(ALICE) == []

    # Until it is settled, the confirmation has the number.
    await eventually(is_nowhere)
    assert await one.opens(DAVE)
