"""A watch tells everything once, in order, also when it is broken off and resumed."""

from collections.abc import Iterator
from itertools import islice

from conformance.kit.own_pool import POOL, OwnPool, Talk
from maskline.conversation.v1 import conversation_pb2 as pb
from maskline.conversation.v1 import event_pb2


def happen(own: OwnPool, talk: Talk) -> None:
    """Some events of one conversation."""
    request = pb.PauseConversationRequest(conversation_id=talk.conversation_id)
    own.ask(own.client.conversations.PauseConversation, request)
    resume = pb.ResumeConversationRequest(conversation_id=talk.conversation_id)
    own.ask(own.client.conversations.ResumeConversation, resume)


def timeline(own: OwnPool, talk: Talk) -> list[str]:
    request = event_pb2.ListEventsRequest(conversation_id=talk.conversation_id, page_size=500)
    events = own.ask(own.client.events.ListEvents, request).events
    return [event.event_id for event in events]


def events(
    responses: Iterator[event_pb2.WatchEventsResponse],
) -> Iterator[event_pb2.WatchEventsResponse]:
    """What is no heartbeat."""
    return (response for response in responses if not response.heartbeat)


def ids(responses: Iterator[event_pb2.WatchEventsResponse], count: int) -> list[str]:
    """Of the next events."""
    return [response.event.event_id for response in islice(events(responses), count)]


def test_a_watch_begins_now_and_says_at_once_that_it_lives(own: OwnPool) -> None:
    talk = own.active()
    with own.watch(talk.conversation_id) as responses:
        first = next(responses)
        assert first.heartbeat
        assert first.cursor
        assert not first.HasField("event")
        happen(own, talk)
        following = next(events(responses))
    assert following.event.type == event_pb2.EVENT_TYPE_CONVERSATION_PAUSED
    assert following.event.conversation_id == talk.conversation_id
    assert following.cursor == following.event.event_id


def test_a_watch_resumed_after_every_event_skips_none_and_repeats_none(own: OwnPool) -> None:
    talk = own.active()
    with own.watch(talk.conversation_id) as responses:
        cursor = next(responses).cursor
    opened = len(timeline(own, talk))
    happen(own, talk)
    expected = timeline(own, talk)[opened:]
    watched = []
    for _ in expected:
        with own.watch(talk.conversation_id, cursor) as responses:
            response = next(events(responses))
        watched.append(response.event.event_id)
        cursor = response.cursor
    assert watched == expected


def test_a_watch_resumed_behind_a_heartbeat_tells_what_happened_meanwhile_and_goes_on(
    own: OwnPool,
) -> None:
    talk = own.active()
    with own.watch(talk.conversation_id) as responses:
        cursor = next(responses).cursor
    opened = len(timeline(own, talk))
    happen(own, talk)
    meanwhile = timeline(own, talk)[opened:]
    with own.watch(talk.conversation_id, cursor) as responses:
        assert ids(responses, len(meanwhile)) == meanwhile
        happen(own, talk)
        afterwards = timeline(own, talk)[opened + len(meanwhile) :]
        assert ids(responses, len(afterwards)) == afterwards


def test_a_watch_from_the_beginning_tells_the_oldest_events_first(own: OwnPool) -> None:
    now = timeline(own, own.active())[0]
    request = event_pb2.WatchEventsRequest(start_position=event_pb2.START_POSITION_OLDEST)
    with own.client.watch(own.filled(request)) as responses:
        [first, second] = ids(responses, 2)
    assert _milliseconds_and_number(first) < _milliseconds_and_number(second)
    assert _milliseconds_and_number(first) < _milliseconds_and_number(now)
    with own.watch(cursor=first) as responses:
        assert ids(responses, 1) == [second]


def test_a_watch_of_the_pool_tells_of_all_its_conversations_in_order(own: OwnPool) -> None:
    with own.watch() as responses:
        assert next(responses).heartbeat
        talks = [own.active(), own.active()]
        for talk in talks:
            happen(own, talk)
        expected = sorted(
            (one for talk in talks for one in timeline(own, talk)), key=_milliseconds_and_number
        )
        ours = (
            response.event.event_id
            for response in events(responses)
            if response.event.conversation_id in {talk.conversation_id for talk in talks}
        )
        assert list(islice(ours, len(expected))) == expected


def test_a_cursor_of_another_form_is_refused(own: OwnPool) -> None:
    for cursor in ("now", "0", "-1", "1-", "é", ""):
        refusal = own.client.refusal(own.filled(event_pb2.WatchEventsRequest(cursor=cursor)))
        assert (refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", {"cursor"})


def test_a_watch_says_where_it_starts(own: OwnPool) -> None:
    unset = event_pb2.WatchEventsRequest()
    unspecified = event_pb2.WatchEventsRequest(start_position=event_pb2.START_POSITION_UNSPECIFIED)
    for request, field in ((unset, "start"), (unspecified, "start_position")):
        refusal = own.client.refusal(own.filled(request))
        assert (refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", {field})


def test_events_are_listed_and_watched_by_type(own: OwnPool) -> None:
    talk = own.active()
    happen(own, talk)
    resumed = event_pb2.EVENT_TYPE_CONVERSATION_RESUMED
    listing = event_pb2.ListEventsRequest(conversation_id=talk.conversation_id, types=[resumed])
    [event] = own.ask(own.client.events.ListEvents, listing).events
    assert (event.type, event.pool_id) == (resumed, POOL)
    watch = event_pb2.WatchEventsRequest(
        conversation_id=talk.conversation_id,
        types=[resumed],
        start_position=event_pb2.START_POSITION_OLDEST,
    )
    with own.client.watch(own.filled(watch)) as responses:
        assert next(events(responses)).event == event
    unspecified = [event_pb2.EVENT_TYPE_UNSPECIFIED]
    for request in (
        event_pb2.ListEventsRequest(types=unspecified),
        event_pb2.WatchEventsRequest(
            types=unspecified, start_position=event_pb2.START_POSITION_NOW
        ),
    ):
        refusal = own.client.refusal(own.filled(request))
        assert (refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", {"types[0]"})


def test_no_event_holds_a_number_or_a_word(own: OwnPool) -> None:
    talk = own.active()
    own.text(talk.people[0], talk.conversation.masked_number, "a-secret-word")
    request = event_pb2.ListEventsRequest(conversation_id=talk.conversation_id)
    shown = str(own.ask(own.client.events.ListEvents, request))
    assert talk.participant_id in shown
    for hidden in ("a-secret-word", *(person[1:] for person in talk.people)):
        assert hidden not in shown


def _milliseconds_and_number(event_id: str) -> tuple[int, ...]:
    return tuple(map(int, event_id.split("-")))
