"""Settings of a pool are typed as KEY=VALUE, and shown as they are typed."""

import pytest
import typer
from google.protobuf.duration_pb2 import Duration

from maskline.admin.v1 import pool_pb2 as pb
from maskline.conversation.v1 import number_selection_pb2 as selection_pb
from maskline_cli.values.pool_settings import assign, names_entry, rows

TYPED = [
    "operator=City of = Kirkland", "code-lifetime=20m", "number_preference=avoid-sticky",
    "pause_policy=REFUSE", "unknown-policy=prefer-duplicate", "attachment_policy=all",
    "segments_per_minute=75", "allows_block=no", "end_opts_out=true", "words.opt-out=basta, fin",
    "texts.help=Call us.",
]  # fmt: skip
SETTINGS = pb.PoolSettings(
    operator="City of = Kirkland",
    code_lifetime=Duration(seconds=1200),
    number_preference=selection_pb.NUMBER_PREFERENCE_AVOID_STICKY,
    pause_policy=pb.PAUSE_POLICY_REFUSE,
    unknown_policy=pb.UNKNOWN_POLICY_PREFER_DUPLICATE,
    attachment_policy=pb.ATTACHMENT_POLICY_ALL,
    segments_per_minute=75,
    allows_block=False,
    end_opts_out=True,
    words={"opt_out": pb.CommandWords(words=["basta", "fin"])},
    texts={"help": "Call us."},
)


def test_each_kind_of_setting_is_read_and_named_for_the_update() -> None:
    settings = pb.PoolSettings()
    changed = assign(settings, TYPED)
    assert settings == SETTINGS
    keys = [typed.partition("=")[0].partition(".")[0] for typed in TYPED]
    assert changed == [key.replace("-", "_") for key in keys]


def test_what_is_shown_can_be_typed() -> None:
    settings = pb.PoolSettings()
    assign(settings, [f"{key}={value}" for key, value in rows(SETTINGS) if value])
    assert settings == SETTINGS


def test_nothing_behind_the_equals_sign_takes_a_value_away() -> None:
    settings = pb.PoolSettings()
    settings.CopyFrom(SETTINGS)
    settings.words["start"].words.append("go")
    typed = ["code_lifetime=", "allows_block=", "words.opt_out=", "texts="]
    assert assign(settings, typed) == ["code_lifetime", "allows_block", "words", "texts"]
    assert not settings.HasField("code_lifetime")
    assert not settings.HasField("allows_block")
    assert list(settings.words) == ["start"]
    assert not settings.texts


def test_two_entries_of_one_map_are_one_field_to_update() -> None:
    assert assign(pb.PoolSettings(), ["texts.help=a", "texts.ended=b"]) == ["texts"]


def test_the_entries_that_are_there_matter_only_to_a_change_of_one_entry() -> None:
    assert names_entry(["operator=x", "texts.help=a"])
    assert not names_entry(["operator=a.b", "texts="])


@pytest.mark.parametrize(
    ("typed", "says"),
    [("operator", "KEY=VALUE"), ("colour=red", "code_lifetime"), ("words.=x", "KEY=VALUE"),
     ("words=x", "entry by entry"), ("operator.x=y", "no entries"), ("code_lifetime=soon", "15m"),
     ("pause_policy=maybe", "hold, refuse"), ("segments_per_day=many", "whole number"),
     ("segments_per_day=-1", "whole number"), ("segments_per_day=2147483648", "whole number"),
     ("allows_block=perhaps", "yes, true, no, false")],
)  # fmt: skip
def test_a_setting_that_is_not_clear_is_refused_with_what_would_be(typed: str, says: str) -> None:
    with pytest.raises(typer.BadParameter) as refusal:
        assign(pb.PoolSettings(), [typed])
    assert says in str(refusal.value)
