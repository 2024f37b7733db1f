"""Channels to other services, with retries that follow the contracts."""

import json
from collections.abc import Sequence

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

# An outage of seconds, a restart say, is bridged; a longer one is the caller's caller's to retry.
MAX_ATTEMPTS = 4
MAX_MESSAGE_BYTES = 16 * 1024 * 1024


def open_channel(target: str, services: Sequence[ServiceDescriptor]) -> grpc.aio.Channel:
    """A channel to `target` that retries UNAVAILABLE on idempotent methods only."""
    return grpc.aio.insecure_channel(
        target,
        options=[
            ("grpc.service_config", json.dumps(service_config(services))),
            ("grpc.enable_retries", 1),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            # A peer that vanished without a word is noticed within half a minute.
            ("grpc.keepalive_time_ms", 20_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2_000),
        ],
    )


def service_config(services: Sequence[ServiceDescriptor]) -> dict[str, object]:
    """grpc's service config: what may be retried is read off the contracts themselves."""
    names = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    ]
    return {
        "methodConfig": [
            {
                "name": names,
                "retryPolicy": {
                    "maxAttempts": MAX_ATTEMPTS,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
