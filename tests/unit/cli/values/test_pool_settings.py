"""Settings of a pool are typed as KEY=VALUE, and shown as they are typed."""

import pytest
import typer
from google.protobuf.duration_pb2 import Duration

from maskline.admin.v1 import pool_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from maskline_cli.values.pool_settings import assign, rows

TYPED = [
    "operator_name=City of = Kirkland", "lifecycle.join-code-lifetime=20m",
    "relay.number_preference=avoid-sticky", "relay.pause_policy=REFUSE",
    "sending.uncertain-send-policy=prefer-duplicate", "relay.attachment_policy=all",
    "sending.campaign_budget.segments_per_minute=75", "keywords.block_enabled=no",
    "keywords.end_opts_out=true", "keywords.words.opt-out=basta, fin", "templates.help=Call us.",
    "consent.max-openings-per-day=5", "consent.consent_reference_required=yes",
]  # fmt: skip
SETTINGS = pb.PoolSettings(
    operator_name="City of = Kirkland",
    lifecycle=pb.LifecycleSettings(join_code_lifetime=Duration(seconds=1200)),
    sending=pb.SendingSettings(
        uncertain_send_policy=pb.UNCERTAIN_SEND_POLICY_PREFER_DUPLICATE,
        campaign_budget=pb.CampaignBudget(segments_per_minute=75),
    ),
    relay=pb.RelaySettings(
        pause_policy=pb.PAUSE_POLICY_REFUSE,
        attachment_policy=pb.ATTACHMENT_POLICY_ALL,
        number_preference=selection_pb.NUMBER_PREFERENCE_AVOID_STICKY,
    ),
    keywords=pb.KeywordSettings(
        words={"opt_out": pb.KeywordWords(words=["basta", "fin"])},
        block_enabled=False,
        end_opts_out=True,
    ),
    templates={"help": "Call us."},
    consent=pb.ConsentSettings(max_openings_per_day=5, consent_reference_required=True),
)


def test_each_kind_of_setting_is_read_and_named_for_the_update() -> None:
    settings = pb.PoolSettings()
    changed = assign(settings, TYPED)
    assert settings == SETTINGS
    keys = [typed.partition("=")[0] for typed in TYPED]
    assert changed == [key.replace("-", "_") for key in keys]


def test_what_is_shown_can_be_typed() -> None:
    settings = pb.PoolSettings()
    assign(settings, [f"{key}={value}" for key, value in rows(SETTINGS) if value])
    assert settings == SETTINGS


def test_nothing_behind_the_equals_sign_takes_a_value_away() -> None:
    settings = pb.PoolSettings()
    settings.CopyFrom(SETTINGS)
    settings.keywords.words["start"].words.append("go")
    keys = ["lifecycle.join_code_lifetime", "keywords.block_enabled", "keywords.words.opt_out"]
    assert assign(settings, [f"{key}=" for key in (*keys, "templates")]) == [*keys, "templates"]
    assert not settings.lifecycle.HasField("join_code_lifetime")
    assert not settings.keywords.HasField("block_enabled")
    assert list(settings.keywords.words) == ["start"]
    assert not settings.templates


def test_a_setting_that_is_typed_twice_is_one_path_to_update() -> None:
    settings = pb.PoolSettings()
    assert assign(settings, ["templates.help=a", "templates.help=b"]) == ["templates.help"]
    assert dict(settings.templates) == {"help": "b"}


@pytest.mark.parametrize(
    ("typed", "says"),
    [("operator_name", "KEY=VALUE"), ("colour=red", "lifecycle.join_code_lifetime"),
     ("templates.=x", "KEY=VALUE"), ("templates=x", "templates.NAME"), ("lifecycle=x", "KEY"),
     ("operator_name.x=y", "KEY=VALUE"), ("templates.help.x=y", "KEY=VALUE"),
     ("lifecycle.join_code_lifetime=soon", "15m"), ("relay.pause_policy=maybe", "hold, refuse"),
     ("relay.max_messages_per_day=many", "whole number"),
     ("relay.max_messages_per_day=-1", "whole number"),
     ("relay.max_messages_per_day=2147483648", "whole number"),
     ("keywords.block_enabled=perhaps", "yes, true, no, false")],
)  # fmt: skip
def test_a_setting_that_is_not_clear_is_refused_with_what_would_be(typed: str, says: str) -> None:
    with pytest.raises(typer.BadParameter) as refusal:
        assign(pb.PoolSettings(), [typed])
    assert says in str(refusal.value)
