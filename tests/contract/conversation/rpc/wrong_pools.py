"""Requests about pools and masked numbers that are wrong, with the fields of their violations."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from maskline.admin.v1 import pool_pb2
from maskline.conversation.v1.number_selection_pb2 import NumberPreference
from support.builders.conversations import MASKED

# An enum value that this version does not know.
UNKNOWN = 99
LONG, NOT_ASCII = "x" * 65, "m\u00f6bel"
SETTINGS = pool_pb2.PoolSettings(
    operator_name="x" * 41,
    lifecycle=pool_pb2.LifecycleSettings(max_lifetime=Duration(seconds=1)),
    sending=pool_pb2.SendingSettings(
        message_validity=Duration(seconds=1),
        uncertain_send_policy=pool_pb2.UncertainSendPolicy.ValueType(UNKNOWN),
        campaign_budget=pool_pb2.CampaignBudget(segments_per_minute=-1),
    ),
    relay=pool_pb2.RelaySettings(
        pause_policy=pool_pb2.PausePolicy.ValueType(UNKNOWN),
        attachment_policy=pool_pb2.AttachmentPolicy.ValueType(UNKNOWN),
        number_preference=NumberPreference.ValueType(UNKNOWN),
    ),
    system_message_prefix="x" * 21,
)

UPDATED = pool_pb2.Pool(
    pool_id="main", settings=pool_pb2.PoolSettings(operator_name="Test exchange", contact="211")
)
NUMBER, STATE = pool_pb2.MaskedNumber(phone_number=MASKED), FieldMask(paths=["reserved", "state"])
# Paths that lead to nothing that can be changed.
NO_PATHS = (
    *("", ".", "*", "pool_id", "etag", "source", "masked_number_count", "operator_name"),
    *("settings.", "settings.colour", "settings.lifecycle.colour", "settings.retention.events.x"),
    *("settings.operator_name.x", "settings.keywords.words.colour", "settings.templates.colour"),
    *(
        "settings.keywords.words.start.words",
        "settings.templates.",
        "Settings",
        "settings.Templates",
    ),
)


def wrong_mask(path: str) -> dict[str, object]:
    return {"pool": UPDATED, "update_mask": FieldMask(paths=["settings", path])}


WRONG_POOLS: list[tuple[str, dict[str, object], str]] = [
    (
        "CreatePool",
        {"pool_id": "-taxis", "settings": SETTINGS, "masked_numbers": [MASKED, "1", MASKED]},
        "pool_id masked_numbers[1] masked_numbers settings.operator_name settings.contact "
        "settings.system_message_prefix settings.lifecycle.max_lifetime "
        "settings.relay.pause_policy settings.relay.attachment_policy "
        "settings.relay.number_preference settings.sending.uncertain_send_policy "
        "settings.sending.message_validity settings.sending.campaign_budget.segments_per_minute",
    ),
    *(("UpdatePool", wrong_mask(path), "update_mask") for path in NO_PATHS),
    (
        "UpdatePool",
        {
            "pool": pool_pb2.Pool(pool_id=NOT_ASCII, settings=SETTINGS, etag=LONG),
            "update_mask": FieldMask(paths=["settings"]),
        },
        "pool.pool_id pool.etag pool.settings.relay.pause_policy "
        "pool.settings.relay.attachment_policy pool.settings.relay.number_preference "
        "pool.settings.sending.uncertain_send_policy",
    ),
    ("UpdateMaskedNumber", {"masked_number": NUMBER, "update_mask": STATE}, "update_mask"),
    ("ListPools", {"page_size": -1, "page_token": "x" * 33}, ""),
    ("ListMaskedNumbers", {"pool_id": "", "page_size": -1, "page_token": "-1"}, ""),
]
