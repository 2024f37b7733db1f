"""The checker of a fault run finds every kind of error: otherwise its zeros mean nothing."""

from dataclasses import replace

import pytest
from chaos.results.checker import CheckResult, check_messages
from chaos.results.messages import Expected, Place, Received, RunContext

NUMBER, OTHER_NUMBER = "+12065550100", "+12065550101"
ALICE, BOB, CAROL = "+13015550100", "+13015550101", "+13015550102"
CODE = "Your code is "
WORLD = RunContext(
    (NUMBER, OTHER_NUMBER), (ALICE, BOB, CAROL), (CODE,), ("Not delivered", "A picture")
)

FIRST = Expected("in-1", Place(BOB, NUMBER, "~1 hello"), "alice", typed_at=1, accepted_at=2)
SECOND = Expected("in-2", Place(BOB, NUMBER, "~2 hello"), "alice", typed_at=3, accepted_at=4)
ANSWER = Expected("in-0", Place(ALICE, NUMBER, CODE))
EXPECTED = (ANSWER, FIRST, SECOND)

GOT_CODE = Received("out-0", ALICE, NUMBER, f"{CODE}ABC234. More.", "2026-01-01T00:00:01")
GOT_FIRST = Received("out-1", BOB, NUMBER, "~1 hello", "2026-01-01T00:00:02")
GOT_SECOND = Received("out-2", BOB, NUMBER, "~2 hello", "2026-01-01T00:00:03")
RECEIVED = (GOT_CODE, GOT_FIRST, GOT_SECOND)
LATER = "2026-01-01T00:00:09"


def checked(*received: Received, expected: tuple[Expected, ...] = EXPECTED) -> CheckResult:
    return check_messages(expected, received, WORLD)


def found(checks: CheckResult) -> dict[str, tuple[str, ...]]:
    return {kind: ids for kind, ids in checks.wrong.items() if ids}


def test_everything_as_it_should_be_is_right() -> None:
    checks = checked(*RECEIVED)
    assert checks.is_right
    assert (checks.relayed, checks.replies, checks.in_order) == (2, 1, 1)


@pytest.mark.parametrize(
    ("received", "wrong"),
    [
        pytest.param((GOT_CODE, GOT_FIRST), {"lost": ("in-2",)}, id="a text is lost"),
        pytest.param((GOT_FIRST, GOT_SECOND), {"lost": ("in-0",)}, id="an answer is lost"),
        pytest.param(
            (*RECEIVED, replace(GOT_SECOND, text_id="out-3", at=LATER)),
            {"doubled": ("out-3",)},
            id="a text is doubled",
        ),
        pytest.param(
            (*RECEIVED, replace(GOT_CODE, text_id="out-3", body=f"{CODE}XYZ789.", at=LATER)),
            {"doubled": ("out-3",)},
            id="an answer is doubled",
        ),
        pytest.param(
            (*RECEIVED, replace(GOT_FIRST, text_id="out-3", phone=CAROL)),
            {"misrouted": ("out-3",)},
            id="a stranger has a copy",
        ),
        pytest.param(
            (GOT_CODE, GOT_FIRST, replace(GOT_SECOND, phone=ALICE)),
            {"lost": ("in-2",), "misrouted": ("out-2",)},
            id="a text went back to its sender",
        ),
        pytest.param(
            (GOT_CODE, GOT_FIRST, replace(GOT_SECOND, peer=OTHER_NUMBER)),
            {"lost": ("in-2",), "misrouted": ("out-2",)},
            id="a text came from another masked number",
        ),
        pytest.param(
            (*RECEIVED, replace(GOT_CODE, text_id="out-3", phone=CAROL)),
            {"misrouted": ("out-3",)},
            id="a stranger has the code",
        ),
        pytest.param(
            (GOT_CODE, GOT_FIRST, replace(GOT_SECOND, body="~2 hel")),
            {"lost": ("in-2",), "mangled": ("out-2",)},
            id="a text is cut short",
        ),
        pytest.param(
            (GOT_CODE, replace(GOT_FIRST, at=LATER), GOT_SECOND),
            {"out of order": ("out-1",)},
            id="the second text came first",
        ),
        pytest.param(
            (*RECEIVED, replace(GOT_CODE, text_id="out-3", body="Call 301-555-0101: 3015550101")),
            {"showing a number": ("out-3",)},
            id="a body shows a phone's number",
        ),
        pytest.param(
            (*RECEIVED, Received("out-3", BOB, ALICE, "hello", LATER)),
            {"showing a number": ("out-3",)},
            id="a text shows who sent it",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_ids(
    received: tuple[Received, ...], wrong: dict[str, tuple[str, ...]]
) -> None:
    checks = checked(*received)
    assert found(checks) == wrong
    assert not checks.is_right


def test_the_same_words_twice_are_two_texts() -> None:
    again = replace(FIRST, cause="in-2", typed_at=3, accepted_at=4)
    got_again = replace(GOT_FIRST, text_id="out-2", at=LATER)
    third = replace(got_again, text_id="out-3")
    assert checked(GOT_FIRST, got_again, expected=(FIRST, again)).is_right
    assert found(checked(GOT_FIRST, expected=(FIRST, again))) == {"lost": ("in-2",)}
    assert found(checked(GOT_FIRST, got_again, third, expected=(FIRST, again))) == {
        "doubled": ("out-3",)
    }


@pytest.mark.parametrize("accepted_at", [None, 3.5])
def test_no_order_is_asked_of_texts_that_were_under_way_together(accepted_at: float | None) -> None:
    expected = (replace(FIRST, accepted_at=accepted_at), SECOND)
    checks = checked(replace(GOT_FIRST, at=LATER), GOT_SECOND, expected=expected)
    assert checks.is_right
    assert checks.in_order == 0


def test_the_same_words_under_way_together_cannot_be_told_apart() -> None:
    first = replace(FIRST, accepted_at=9)
    again = replace(FIRST, cause="in-2", typed_at=2, accepted_at=2.5)
    got_late = replace(GOT_FIRST, text_id="out-3", at=LATER)
    checks = checked(GOT_FIRST, GOT_SECOND, got_late, expected=(first, again, SECOND))
    assert checks.is_right


def test_a_text_that_the_carrier_refused_is_lost_unless_its_sender_was_told() -> None:
    notice = Received("out-3", ALICE, NUMBER, "Not delivered: something.", LATER)
    refused = replace(SECOND, failure_notice=Place(ALICE, NUMBER, "Not delivered"))
    expected = (ANSWER, FIRST, refused)
    assert found(checked(GOT_CODE, GOT_FIRST, expected=expected)) == {"lost": ("in-2",)}
    failed = checked(GOT_CODE, GOT_FIRST, notice, expected=expected)
    assert failed.is_right
    assert (failed.failed, failed.notices) == (1, 0)
    elsewhere = replace(notice, phone=CAROL)
    assert found(checked(GOT_CODE, GOT_FIRST, elsewhere, expected=expected)) == {"lost": ("in-2",)}


def test_a_picture_that_stayed_behind_is_wrong_unless_its_sender_was_notified() -> None:
    notice = Received("out-3", ALICE, NUMBER, "A picture or file that you sent", LATER)
    with_picture = replace(SECOND, pictures=1, picture_notice=Place(ALICE, NUMBER, "A picture"))
    expected = (ANSWER, FIRST, with_picture)
    complete = (GOT_CODE, GOT_FIRST, replace(GOT_SECOND, pictures=1))
    assert checked(*complete, expected=expected).is_right
    assert checked(*complete, expected=expected).pictures == 1
    assert found(checked(*RECEIVED, expected=expected)) == {"without their picture": ("out-2",)}
    assert checked(*RECEIVED, notice, expected=expected).is_right
    elsewhere = replace(notice, phone=CAROL)
    assert not checked(*RECEIVED, elsewhere, expected=expected).is_right


def test_notices_of_maskline_are_counted_and_not_wrong() -> None:
    notice = Received("out-3", ALICE, NUMBER, "Not delivered: ...", LATER)
    checks = checked(*RECEIVED, notice)
    assert checks.is_right
    assert checks.notices == 1
