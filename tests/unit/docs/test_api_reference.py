"""The API reference has all that a contract says, as Markdown."""

from pathlib import Path

import pytest

from api_reference.contract import read_packages
from api_reference.pages import render_reference

STORE = """// Things in a store.
//
// Ids are opaque.
syntax = "proto3";

package shop.store.v1;

import "shop/common/v1/common.proto";

// Keeps things. See StoreService.WatchThings.
service StoreService {
  // Puts a thing on the shelf; see put_time. It is kept:
  //
  // - while it is wanted, by
  //   somebody;
  // - for *at least* a day.
  //
  // Errors: THING_BROKEN (see Thing), NOT_ANY_REASON,
  // COMMON_TROUBLE.
  rpc PutThing(PutThingRequest) returns (PutThingResponse) {
    option idempotency_level = IDEMPOTENT;
  }
  // Streams things. All of them.
  rpc WatchThings(WatchThingsRequest) returns (stream WatchThingsResponse) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
  // Does what PutThing does.
  rpc StoreThing(Thing) returns (Thing) {
    option deprecated = true;
  }
}

// A thing.
message Thing {
  // Its name, such as "left_shoe"; a | b <c>.
  string name = 1;
  // Its weight, if known:
  // - in grams
  // - never negative
  optional int32 weight = 2;
  // Labels by key.
  map<string, Label> labels = 3;
  // Who may have it. Required.
  oneof owner {
    // A person.
    string person_id = 4;
    // Several people.
    People people = 5;
  }
  // Use name.
  repeated string titles = 6 [deprecated = true];
  // Trouble it had.
  shop.common.v1.Trouble trouble = 7;

  // A label.
  message Label {
    // Its colour.
    Colour colour = 1;

    // A colour. Values may be added.
    enum Colour {
      // Never sent.
      COLOUR_UNSPECIFIED = 0;
      // Faded.
      COLOUR_GREY = 1 [deprecated = true];
    }
  }
}

// Several people.
message People {}

// Request of PutThing.
message PutThingRequest {
  // The thing.
  Thing thing = 1;
}

// Response of PutThing.
message PutThingResponse {}

// Request of WatchThings.
message WatchThingsRequest {}

// Response of WatchThings.
message WatchThingsResponse {
  // The thing.
  Thing thing = 1;
}

// Why a call fails.
enum ErrorReason {
  // Never sent.
  ERROR_REASON_UNSPECIFIED = 0;
  // FAILED_PRECONDITION, with google.rpc.RetryInfo, metadata "thing_id",
  // "place". The thing is broken. Mend it.
  ERROR_REASON_THING_BROKEN = 1;
  // UNAVAILABLE. Try again.
  ERROR_REASON_NOT_NOW = 2;
}
"""
COMMON = """// What all have in common.
syntax = "proto3";

package shop.common.v1;

// A trouble.
message Trouble {}

// Why.
enum ErrorReason {
  // Never sent.
  ERROR_REASON_UNSPECIFIED = 0;
  // ABORTED. Trouble.
  ERROR_REASON_COMMON_TROUBLE = 1;
}
"""


@pytest.fixture
def pages(tmp_path: Path) -> dict[str, str]:
    for name, source in {"store": STORE, "common": COMMON}.items():
        (tmp_path / "shop" / name / "v1").mkdir(parents=True)
        (tmp_path / "shop" / name / "v1" / f"{name}.proto").write_text(source)
    return render_reference(read_packages(tmp_path, "shop"))


@pytest.fixture
def page(pages: dict[str, str]) -> str:
    return pages["store.md"]


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    _, _, rest = f"\n{page}".partition(f"\n{heading}\n")
    assert rest, heading
    return rest.partition("\n#")[0].strip()


def test_each_package_has_a_page_that_begins_with_its_files(pages: dict[str, str]) -> None:
    assert set(pages) == {"store.md", "common.md"}
    assert pages["store.md"].startswith("# `shop.store.v1`\n")
    assert (
        "| [`shop/store/v1/store.proto`](../../protos/shop/store/v1/store.proto) "
        "| Things in a store.<br>Ids are opaque. |\n"
    ) in pages["store.md"]


def test_a_service_lists_its_methods_with_idempotency_level_and_summary(page: str) -> None:
    service = section(page, "## StoreService")
    assert service.startswith(
        "Keeps things. See [`StoreService.WatchThings`](#storeservicewatchthings).\n"
    )
    assert service.splitlines()[-3:] == [
        "| [`PutThing`](#storeserviceputthing) | `IDEMPOTENT` "
        "| Puts a thing on the shelf; see `put_time`. |",
        "| [`WatchThings`](#storeservicewatchthings) | `NO_SIDE_EFFECTS` | Streams things. |",
        "| [`StoreThing`](#storeservicestorething) | `IDEMPOTENCY_UNKNOWN` "
        "| **Deprecated.** Does what [`PutThing`](#storeserviceputthing) does. |",
    ]


def test_a_method_has_its_comment_with_lists_its_errors_and_both_messages(page: str) -> None:
    assert section(page, "### StoreService.PutThing") == (
        "Puts a thing on the shelf; see `put_time`. It is kept:\n"
        "- while it is wanted, by somebody;\n"
        "- for \\*at least\\* a day.\n\n"
        "**Errors:** [`THING_BROKEN`](#thing_broken) (see Thing), `NOT_ANY_REASON`, "
        "[`COMMON_TROUBLE`](common.md#common_trouble).\n\n"
        "**Request**: `PutThingRequest`\n\n"
        "| field | type | meaning |\n|---|---|---|\n"
        "| `thing` | [`Thing`](#thing) | The thing. |\n\n"
        "**Response**: `PutThingResponse`, without fields"
    )


def test_a_stream_a_deprecated_method_and_a_shared_message_are_told_apart(page: str) -> None:
    watch = section(page, "### StoreService.WatchThings")
    assert "**Request**: `WatchThingsRequest`, without fields" in watch
    assert "**Response**: stream of `WatchThingsResponse`\n\n| field" in watch
    assert section(page, "### StoreService.StoreThing") == (
        "**Deprecated.**\n\nDoes what [`PutThing`](#storeserviceputthing) does.\n\n"
        "**Request**: [`Thing`](#thing)\n\n**Response**: [`Thing`](#thing)"
    )


def test_a_message_has_optional_mapped_repeated_and_deprecated_fields_and_oneofs(page: str) -> None:
    assert section(page, "### Thing").splitlines()[4:] == [
        "| `name` | `string` | Its name, such as `left_shoe`; a \\| b &lt;c&gt;. |",
        "| `weight` | optional `int32` | Its weight, if known:<br>• in grams<br>• never negative |",
        "| `labels` | map of `string` to [`Thing.Label`](#thinglabel) | Labels by key. |",
        "| _owner_ | one of the following | Who may have it. Required. |",
        "| ↳ `person_id` | `string` | A person. |",
        "| ↳ `people` | [`People`](#people) | Several people. |",
        "| `titles` | repeated `string` | **Deprecated.** Use name. |",
        "| `trouble` | [`Trouble`](common.md#trouble) | Trouble it had. |",
    ]
    assert "[`Thing.Label.Colour`](#thinglabelcolour)" in section(page, "### Thing.Label")


def test_an_enum_has_its_values(page: str) -> None:
    assert section(page, "### Thing.Label.Colour").splitlines()[-2:] == [
        "| `COLOUR_UNSPECIFIED` | Never sent. |",
        "| `COLOUR_GREY` | **Deprecated.** Faded. |",
    ]


def test_an_error_reason_has_its_status_its_details_and_an_anchor(page: str) -> None:
    assert section(page, "## ErrorReason").splitlines()[2:] == [
        "| reason | status | details | meaning |",
        "|---|---|---|---|",
        '| <a id="thing_broken"></a>`THING_BROKEN` | `FAILED_PRECONDITION` '
        "| with `google.rpc.RetryInfo`, metadata `thing_id`, `place` "
        "| The thing is broken. Mend it. |",
        '| <a id="not_now"></a>`NOT_NOW` | `UNAVAILABLE` |  | Try again. |',
    ]


def test_requests_and_responses_of_one_method_have_no_section_of_their_own(page: str) -> None:
    assert "### PutThingRequest" not in page
    assert "### People" in page


def test_a_contract_that_does_not_compile_ends_the_generator(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "wrong.proto").write_text(
        'syntax = "proto3"; message Wrong { Lost a = 1; }'
    )
    with pytest.raises(SystemExit, match="protoc could not read"):
        read_packages(tmp_path, "shop")
