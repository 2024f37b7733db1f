"""`python -m conversation_service`: one process of the conversation service."""

from datetime import timedelta

import structlog

from conversation_service.app.application import Application
from conversation_service.app.options import Connections, Options
from conversation_service.app.pools_file import PoolsFileError, read_pools
from conversation_service.app.settings import Settings
from conversation_service.app.wiring import Wiring
from conversation_service.domain.model.pool import SeededPool
from conversation_service.rpc.core.permissions import PERMISSIONS, ROLES
from conversation_service.rpc.core.status import DOMAIN
from conversation_service.store.deployment.state_directory import (
    StateDirectory,
    StateDirectoryError,
)
from conversation_service.store.encryption.blind_index_key import StateKeyMismatch
from conversation_service.store.encryption.cipher import Cipher
from conversation_service.store.encryption.key_ring import KeysCollide
from maskline.messaging.v1 import carrier_pb2, messaging_pb2
from runtime.grpc.client import Credentials, open_channel
from runtime.grpc.security import server_security
from runtime.logging.setup import configure_logs
from runtime.metrics import serve_metrics
from runtime.redis.client import open_redis
from runtime.redis.clock import redis_clock
from runtime.reloading import ConfigFileError
from runtime.settings.base import exit_with_error, load_settings
from runtime.shutdown import run, stop_requested
from runtime.tracing.setup import traced

MESSAGING = (
    messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"],
    carrier_pb2.DESCRIPTOR.services_by_name["CarrierService"],
)


def main() -> None:
    """Reads the settings and serves until SIGTERM or SIGINT."""
    settings = load_settings(Settings)
    configure_logs("conversation_service", settings.log_level)
    if settings.uses_development_key:
        structlog.get_logger().warning("development_state_key", setting="CONVERSATION_STATE_KEY")
    try:
        pools = read_pools(settings.pools_file)
        with traced("conversation_service", settings):
            run(serve(settings, pools, _cipher(settings)))
    except PoolsFileError as error:
        exit_with_error(f"CONVERSATION_POOLS_FILE: {error}")
    except (KeysCollide, StateKeyMismatch) as error:
        exit_with_error(f"CONVERSATION_STATE_KEY: {error}")
    except StateDirectoryError as error:
        exit_with_error(f"CONVERSATION_STATE_DIRECTORY: {error}")
    except ConfigFileError as error:
        exit_with_error(str(error))


def _cipher(settings: Settings) -> Cipher:
    current = settings.state_key.get_secret_value()
    return Cipher(current, settings.former_keys)


async def serve(settings: Settings, pools: tuple[SeededPool, ...], cipher: Cipher) -> None:
    """Opens the connections, serves, closes them. Raises ConfigFileError, StateKeyMismatch."""
    security = server_security(settings, PERMISSIONS, ROLES, domain=DOMAIN)
    credentials = Credentials(settings.tls_files, settings.messaging_token)
    redis = open_redis(settings.redis_access)
    reader = open_redis(settings.redis_access, retries=0)
    channel = open_channel(settings.messaging_target, MESSAGING, credentials)
    directory = StateDirectory(settings.state_directory)
    options = Options(
        uses_development_key=settings.uses_development_key,
        recovery_interval=timedelta(seconds=settings.recovery_interval_seconds),
        state_directory=directory,
    )
    async with redis, reader, channel as messaging, redis_clock(redis) as clock:
        connections = Connections(redis, reader, messaging)
        if clock.is_synchronized():
            # By a wrong clock all of it could be old.
            directory.drop_old(clock.now())
        wiring = Wiring(pools, connections, cipher, clock, options)
        with serve_metrics(settings.metrics_listen):
            await Application(wiring).serve(settings.listen, stop_requested(), security)


if __name__ == "__main__":
    main()
