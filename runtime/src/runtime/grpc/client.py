"""Channels to other services, with retries that follow the contracts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from pydantic import SecretStr

from runtime.grpc.reloading_channel import ReloadingChannel
from runtime.tls import TlsFiles, TlsIdentity, channel_credentials, reloading_identity
from runtime.tracing.grpc import client_interceptors

# Bridges an outage of some seconds, such as a restart.
MAX_ATTEMPTS = 4

MAX_MESSAGE_BYTES = 16 * 1024 * 1024

Options = list[tuple[str, str | int]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a client: a certificate, a token, both or neither."""

    tls: TlsFiles | None = None
    token: SecretStr | None = None


ANONYMOUS = Credentials()


def open_channel(
    target: str, services: Sequence[ServiceDescriptor], credentials: Credentials = ANONYMOUS
) -> grpc.aio.Channel:
    """A channel to `target` that retries UNAVAILABLE on idempotent methods only.

    With a certificate it uses mutual TLS and follows renewed files. Raises ConfigFileError.
    """
    options, interceptors = channel_options(services), client_interceptors()
    if credentials.tls is not None:
        identity = reloading_identity(credentials.tls)

        def secure(current: TlsIdentity) -> grpc.aio.Channel:
            tls = channel_credentials(current)
            return grpc.aio.secure_channel(target, tls, options, None, interceptors)

        return ReloadingChannel(secure, identity.current, headers(credentials.token))
    if credentials.token is not None:

        def plain(_: None) -> grpc.aio.Channel:
            return grpc.aio.insecure_channel(target, options, None, interceptors)

        return ReloadingChannel(plain, lambda: None, headers(credentials.token))
    return grpc.aio.insecure_channel(target, options, None, interceptors)


def headers(token: SecretStr | None) -> tuple[tuple[str, str], ...]:
    """The metadata that carries a token."""
    return () if token is None else (("authorization", f"Bearer {token.get_secret_value()}"),)


def channel_options(services: Sequence[ServiceDescriptor]) -> Options:
    """The options of every channel to these services."""
    return [
        ("grpc.service_config", json.dumps(service_config(services))),
        ("grpc.enable_retries", 1),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        # A peer that vanished without closing the connection is noticed within 30 seconds.
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]


def service_config(services: Sequence[ServiceDescriptor]) -> dict[str, object]:
    """The gRPC service config. The contracts say which methods are idempotent."""
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
