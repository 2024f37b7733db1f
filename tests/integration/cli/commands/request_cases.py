from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from integration.cli.samples import ALICE_PHONE, BOB_PHONE, MASKED, NOON, POOL, TALKING

from maskline.admin.v1 import dead_letter_pb2 as dead_pb
from maskline.admin.v1 import person_pb2, pool_pb2
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import message_pb2
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from support.builders.conversation_calls import participants

Case = tuple[str, Message, Message]

SELECTION = selection_pb.NumberSelection(
    preference=selection_pb.NUMBER_PREFERENCE_AVOID_STICKY,
    area_code_of=selection_pb.AREA_CODE_OF_SECOND_PARTICIPANT,
    allow_reserved=True,
)
OPTED_OUT = person_pb2.OptOut(opted_out=True, source=person_pb2.OPT_OUT_SOURCE_CLIENT)
ONE = {"pool_id": "main", "conversation_id": "c1"}
NUMBER = {"pool_id": "main", "masked_number": MASKED}
LETTER = {"pool_id": "main", "dead_letter_id": "7-0"}
PERSON = {"phone_number": ALICE_PHONE}
A_NUMBER = pool_pb2.MaskedNumber(
    phone_number=MASKED, state=pool_pb2.MASKED_NUMBER_STATE_ACTIVE, live_conversation_count=2
)
CAPACITY = pool_pb2.PoolCapacity(available_number_count=2, needed_number_count=3)

HELD = message_pb2.Message(message_id="m1", state=message_pb2.MESSAGE_STATE_HELD)
NOT_RELAYED = message_pb2.Message(
    message_id="m1",
    state=message_pb2.MESSAGE_STATE_NOT_RELAYED,
    relay_refusal=message_pb2.RELAY_REFUSAL_EMPTY,
)

POOL_CHANGES: list[Case] = [
    (
        f"pools create city --operator-name City --contact 211 --number {MASKED} "
        "lifecycle.join-code-lifetime=20m keywords.words.end=adios,fin",
        pool_pb2.CreatePoolRequest(
            pool_id="city",
            settings=pool_pb2.PoolSettings(
                operator_name="City",
                contact="211",
                lifecycle=pool_pb2.LifecycleSettings(join_code_lifetime=Duration(seconds=1200)),
                keywords=pool_pb2.KeywordSettings(
                    words={"end": pool_pb2.KeywordWords(words=["adios", "fin"])}
                ),
            ),
            masked_numbers=[MASKED],
        ),
        pool_pb2.CreatePoolResponse(pool=POOL),
    ),
    (
        "pools set city relay.pause_policy=refuse keywords.block_enabled=no language=",
        pool_pb2.UpdatePoolRequest(
            pool=pool_pb2.Pool(
                pool_id="city",
                settings=pool_pb2.PoolSettings(
                    relay=pool_pb2.RelaySettings(pause_policy=pool_pb2.PAUSE_POLICY_REFUSE),
                    keywords=pool_pb2.KeywordSettings(block_enabled=False),
                ),
            ),
            update_mask=FieldMask(
                paths=[
                    "settings.relay.pause_policy",
                    "settings.keywords.block_enabled",
                    "settings.language",
                ]
            ),
        ),
        pool_pb2.UpdatePoolResponse(pool=POOL),
    ),
    (
        f"numbers add {MASKED} --reserved --pool city",
        pool_pb2.AddMaskedNumberRequest(pool_id="city", masked_number=MASKED, reserved=True),
        pool_pb2.AddMaskedNumberResponse(masked_number=A_NUMBER),
    ),
    (f"numbers drain {MASKED}", pool_pb2.DrainMaskedNumberRequest(**NUMBER),
     pool_pb2.DrainMaskedNumberResponse(masked_number=A_NUMBER)),
    (f"numbers activate {MASKED}", pool_pb2.ActivateMaskedNumberRequest(**NUMBER),
     pool_pb2.ActivateMaskedNumberResponse(masked_number=A_NUMBER)),
    *(
        (
            f"numbers set {MASKED} {option}",
            pool_pb2.UpdateMaskedNumberRequest(
                pool_id="main",
                masked_number=pool_pb2.MaskedNumber(phone_number=MASKED, reserved=reserved),
                update_mask=FieldMask(paths=["reserved"]),
            ),
            pool_pb2.UpdateMaskedNumberResponse(masked_number=A_NUMBER),
        )
        for option, reserved in (("--reserved", True), ("--not-reserved", False))
    ),
    (f"numbers remove {MASKED}", pool_pb2.RemoveMaskedNumberRequest(**NUMBER),
     pool_pb2.RemoveMaskedNumberResponse(masked_number=A_NUMBER)),
]  # fmt: skip
CONVERSATION_CHANGES: list[Case] = [
    (
        f"conversations create {ALICE_PHONE} --number {MASKED} --name order-7 "
        "--label ride=42 --label note=a=b",
        pb.CreateConversationRequest(
            pool_id="main",
            masked_number=MASKED,
            participants=participants(ALICE_PHONE),
            unique_name="order-7",
            selection=selection_pb.NumberSelection(),
            labels={"ride": "42", "note": "a=b"},
        ),
        pb.CreateConversationResponse(conversation=TALKING, join_code="K7QP2M"),
    ),
    (
        f"conversations create {ALICE_PHONE} {BOB_PHONE} --silent "
        "--sticky avoid --area-code-of second --allow-reserved "
        "--consent-reference form-7 --about bicycle",
        pb.CreateConversationRequest(
            pool_id="main", participants=participants(ALICE_PHONE, BOB_PHONE), selection=SELECTION,
            silent=True, consent_reference="form-7", about="bicycle",
        ),
        pb.CreateConversationResponse(conversation=TALKING),
    ),
    (
        f"conversations join K7QP2M {BOB_PHONE} --consent-reference form-7 --about bicycle",
        pb.JoinConversationRequest(
            pool_id="main", join_code="K7QP2M", phone_number=BOB_PHONE,
            consent_reference="form-7", about="bicycle",
        ),
        pb.JoinConversationResponse(conversation=TALKING),
    ),
    (
        "conversations update c1 --name n --label ride=42 --label car= "
        "--max-end-time 2026-03-01T17:00:05",
        pb.UpdateConversationRequest(
            conversation=pb.Conversation(
                pool_id="main",
                conversation_id="c1",
                unique_name="n",
                labels={"ride": "42"},
                max_end_time=NOON,
            ),
            update_mask=FieldMask(
                paths=["labels.ride", "labels.car", "unique_name", "max_end_time"]
            ),
        ),
        pb.UpdateConversationResponse(conversation=TALKING),
    ),
    ("conversations update c1 --name= --max-end-time=",
     pb.UpdateConversationRequest(
        conversation=pb.Conversation(pool_id="main", conversation_id="c1"),
        update_mask=FieldMask(paths=["unique_name", "max_end_time"]),
     ),
     pb.UpdateConversationResponse(conversation=TALKING)),
    ("conversations pause c1", pb.PauseConversationRequest(**ONE),
     pb.PauseConversationResponse(conversation=TALKING)),
    ("conversations resume c1", pb.ResumeConversationRequest(**ONE),
     pb.ResumeConversationResponse(conversation=TALKING)),
    ("conversations reopen c1", pb.ReopenConversationRequest(**ONE),
     pb.ReopenConversationResponse(conversation=TALKING)),
    ("conversations send c1 --as second hello",
     message_pb2.SendMessageRequest(
        pool_id="main", conversation_id="c1", participant_id="p-bob", body="hello"),
     message_pb2.SendMessageResponse(messages=[message_pb2.Message(message_id="m1")])),
    ("conversations send c1 --system -- --json",
     message_pb2.SendMessageRequest(
        pool_id="main", conversation_id="c1", system=message_pb2.System(), body="--json"
     ),
     message_pb2.SendMessageResponse(messages=[message_pb2.Message(message_id="m1")])),
    ("conversations send c1 --system --to first --media https://a.example/1",
     message_pb2.SendMessageRequest(
        pool_id="main", conversation_id="c1", system=message_pb2.System(),
        recipient_participant_ids=["p-alice"],
        media=[message_pb2.Attachment(url="https://a.example/1")],
     ),
     message_pb2.SendMessageResponse(messages=[HELD])),
    ("conversations end c1 --as p-alice --note unkind",
     pb.EndConversationRequest(**ONE, participant_id="p-alice", note="unkind"),
     pb.EndConversationResponse(conversation=TALKING)),
]  # fmt: skip
CHANGES: list[Case] = [
    *POOL_CHANGES,
    *CONVERSATION_CHANGES,
    (f"people opt-out {ALICE_PHONE}", person_pb2.OptOutPersonRequest(**PERSON),
     person_pb2.OptOutPersonResponse(opt_out=OPTED_OUT)),
    (f"people opt-in {ALICE_PHONE}", person_pb2.OptInPersonRequest(**PERSON),
     person_pb2.OptInPersonResponse(opt_out=person_pb2.OptOut())),
    ("people unblock b1", person_pb2.DeleteBlockRequest(pool_id="main", block_id="b1"),
     person_pb2.DeleteBlockResponse()),
    ("dead-letters replay 7-0", dead_pb.ReplayDeadLetterRequest(**LETTER),
     dead_pb.ReplayDeadLetterResponse(message_id="m1")),
    ("dead-letters discard 7-0", dead_pb.DiscardDeadLetterRequest(**LETTER),
     dead_pb.DiscardDeadLetterResponse()),
]  # fmt: skip
READS: list[Case] = [
    ("pools show city",
     pool_pb2.GetPoolRequest(pool_id="city"), pool_pb2.GetPoolResponse(pool=POOL)),
    (f"numbers show {MASKED}", pool_pb2.GetMaskedNumberRequest(**NUMBER),
     pool_pb2.GetMaskedNumberResponse(masked_number=A_NUMBER)),
    ("pools capacity city", pool_pb2.GetPoolCapacityRequest(pool_id="city"),
     pool_pb2.GetPoolCapacityResponse(pool_capacity=CAPACITY)),
    ("pools compare city", pool_pb2.CompareMaskedNumbersRequest(pool_id="city"),
     pool_pb2.CompareMaskedNumbersResponse(carrier_numbers_in_no_pool=[MASKED])),
    ("conversations show c1", pb.GetConversationRequest(**ONE),
     pb.GetConversationResponse(conversation=TALKING)),
    ("messages show m1", message_pb2.GetMessageRequest(pool_id="main", message_id="m1"),
     message_pb2.GetMessageResponse(message=NOT_RELAYED)),
    (f"people show {ALICE_PHONE}", person_pb2.GetOptOutRequest(**PERSON),
     person_pb2.GetOptOutResponse(opt_out=OPTED_OUT)),
    (f"people lookup {ALICE_PHONE}",
     person_pb2.LookupParticipantRequest(pool_id="main", **PERSON),
     person_pb2.LookupParticipantResponse(participant_id="p", conversation_ids=["c1", "c2"])),
    ("people erasure e1", person_pb2.GetErasureRequest(erasure_id="e1"),
     person_pb2.GetErasureResponse(
         erasure=person_pb2.Erasure(erasure_id="e1", create_time=NOON, dropped_message_count=3)
     )),
]  # fmt: skip
# What a person reads after a change, where it is a sentence.
SENTENCES = {
    "people unblock b1": "Deleted: b1",
    "conversations send c1 --as second hello": "Queued: m1",
    "conversations send c1 --system --to first --media https://a.example/1": "is paused: m1",
    "dead-letters replay 7-0": "Queued: m1",
    "dead-letters discard 7-0": "Discarded: 7-0",
}
