"""Change ids and join codes."""

from datetime import UTC, datetime, timedelta

from conversation_service.application.ids import RandomIds
from conversation_service.domain.keywords import join_codes

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    generator = RandomIds()
    ids = [generator.change_id(NOW + step * MILLISECOND) for step in range(200)]
    assert ids == sorted(ids)
    assert len({generator.change_id(NOW) for _ in range(1000)}) == 1000
    assert {len(change_id) for change_id in ids} == {18}


def test_codes_do_not_repeat_in_practice_and_have_the_form_of_a_join_code() -> None:
    generated = {RandomIds().code() for _ in range(1000)}
    assert len(generated) > 990
    assert all(join_codes.is_code_shaped(code) for code in generated)
