"""Phone numbers, people, and the order of message states."""

import pytest

from conversation_service.domain.model.messages import MessageState
from conversation_service.domain.model.participants import (
    Person,
    area_code,
    is_e164,
)
from conversation_service.domain.model.pool import POOL_NAME
from support.builders.conversations import ALICE, ALICE_NUMBER, BOB, BOB_NUMBER


@pytest.mark.parametrize(
    ("number", "is_valid"),
    [
        *((n, True) for n in ("+14255550111", "+4915550111", "+23456789", "+223456789012345")),
        *(
            (n, False)
            for n in ("", "14255550111", "+04255550111", "+1425555011a", "+1", "+1555012")
        ),
        *((n, False) for n in ("+1 4255550111", "+1234567890123456", "+14255550111\n")),
        ("+1425555011\uff11", False),
        # North American numbers that cannot exist, by length, area code and exchange.
        *((n, False) for n in ("+15550123", "+123456789012345", "+11255550111", "+19115550111")),
        *((n, False) for n in ("+14251550111", "+14259110111", "+14250550111")),
    ],
)
def test_a_phone_number_is_a_plus_and_digits_that_can_be_dialled(
    number: str, is_valid: bool
) -> None:
    assert is_e164(number) is is_valid


def test_only_a_north_american_number_has_an_area_code() -> None:
    assert area_code("+14255550111") == "425"
    assert area_code("+49305550111") == area_code("+142555501111") == ""


def test_a_person_is_identified_by_the_participant_id_and_shows_no_number() -> None:
    assert Person(ALICE.participant_id) == ALICE
    assert len({ALICE, BOB, Person(ALICE.participant_id, BOB_NUMBER)}) == 2
    assert ALICE_NUMBER not in repr(ALICE)
    assert ALICE.person_id not in repr(ALICE)


def test_the_deployments_hash_tag_is_no_valid_name_of_a_pool() -> None:
    assert POOL_NAME.fullmatch("deployment")
    assert not POOL_NAME.fullmatch("deployment/")


def test_states_of_a_message_are_ranked() -> None:
    in_order = [MessageState.ACCEPTED, MessageState.UNCERTAIN, MessageState.SENT]
    in_order += [MessageState.UNDELIVERED, MessageState.DELIVERED]
    ranks = [state.rank for state in in_order]
    assert ranks == sorted(set(ranks))
    failed = (MessageState.FAILED, MessageState.UNDELIVERED, MessageState.EXPIRED)
    assert len({state.rank for state in failed}) == 1
