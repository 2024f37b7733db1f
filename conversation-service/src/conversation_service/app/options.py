"""What the objects of a replica are built from."""

from dataclasses import dataclass
from datetime import timedelta

import grpc
from redis.asyncio import Redis

from conversation_service.store.deployment.state_directory import StateDirectory


@dataclass(frozen=True, slots=True)
class Connections:
    """What the service is connected to. `reader` is for blocking reads."""

    redis: Redis
    reader: Redis
    messaging: grpc.aio.Channel


@dataclass(frozen=True, slots=True)
class Options:
    """Settings that concern single objects; a zero interval turns the reconciliation off."""

    uses_development_key: bool = False
    recovery_interval: timedelta = timedelta(0)
    # What is kept outside Redis; None for nothing that outlives the process.
    state_directory: StateDirectory | None = None
