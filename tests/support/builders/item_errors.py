"""Errors of single items of a batch."""

import grpc
from google.rpc.status_pb2 import Status

from runtime.grpc.status import RpcStatus, item_status


def item_error(reason: str, message: str = "") -> Status:
    """An error as the conversation service returns it for an item; the gateway ignores the code."""
    status = RpcStatus(grpc.StatusCode.FAILED_PRECONDITION, reason, message)
    return item_status(status, domain="conversation.maskline")
