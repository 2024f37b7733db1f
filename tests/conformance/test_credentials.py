"""Where callers are told apart, no method answers anybody who has no right to it."""

from contextlib import closing

import grpc
from google.protobuf.message_factory import GetMessageClass

from conformance.kit.client import Client
from conformance.kit.documented import METHODS
from conformance.kit.target import Target
from maskline.admin.v1 import person_pb2

EMPTY_REQUESTS = [GetMessageClass(method.input_type)() for method in METHODS.values()]


def test_every_method_refuses_a_caller_who_is_not_known(target: Target) -> None:
    with closing(Client(target, "no-such-token")) as stranger:
        if _answers(stranger):
            target.skip("CONVERSATION_CALLERS_FILE is not set: everybody may do everything")
        for request in EMPTY_REQUESTS:
            refusal = stranger.refusal(request)
            assert refusal.code is grpc.StatusCode.UNAUTHENTICATED, request.DESCRIPTOR.name
            assert refusal.reason == "UNAUTHENTICATED"
            assert refusal.domain == "conversation.maskline"


def test_every_method_refuses_a_caller_without_the_right(target: Target) -> None:
    if not target.powerless_token:
        target.skip("POWERLESS_TOKEN_FILE names no token of CONVERSATION_CALLERS_FILE")
    with closing(Client(target, target.powerless_token)) as powerless:
        for request in EMPTY_REQUESTS:
            refusal = powerless.refusal(request)
            assert refusal.code is grpc.StatusCode.PERMISSION_DENIED, request.DESCRIPTOR.name
            assert refusal.reason == "PERMISSION_DENIED"
            assert refusal.domain == "conversation.maskline"


def _answers(caller: Client) -> bool:
    """Whether an empty request gets as far as the check of its fields."""
    return caller.refusal(person_pb2.GetOptOutRequest()).reason == "INVALID_ARGUMENT"
