"""`python -m conversation_service`: one process of the conversation service."""

import sys
from datetime import timedelta

import structlog

from conversation_service.domain.pool import SeededPool
from conversation_service.serve.pools_file import PoolsFileError, read_pools
from conversation_service.serve.service import Service
from conversation_service.serve.settings import Settings
from conversation_service.store.vault import Vault
from maskline.messaging.v1 import messaging_pb2
from runtime.clock import SystemClock
from runtime.grpc_client import open_channel
from runtime.logs import configure_logs
from runtime.metrics import serve_metrics
from runtime.redis_client import open_redis
from runtime.settings import EX_CONFIG, load_settings
from runtime.shutdown import run, stop_requested

MESSAGING = messaging_pb2.DESCRIPTOR.services_by_name["MessagingService"]


def main() -> None:
    """Reads the settings and serves until SIGTERM or SIGINT."""
    settings = load_settings(Settings)
    configure_logs("conversation_service", settings.log_level)
    if settings.uses_development_key:
        structlog.get_logger().warning("development_state_key", set="CONVERSATION_STATE_KEY")
    try:
        pools = read_pools(settings.pools_file)
    except PoolsFileError as error:
        print(f"CONVERSATION_POOLS_FILE: {error}", file=sys.stderr)
        sys.exit(EX_CONFIG)
    run(serve(settings, pools))


async def serve(settings: Settings, pools: tuple[SeededPool, ...]) -> None:
    """Opens the connections, serves, closes them."""
    url = settings.redis_url.get_secret_value()
    redis, reader = open_redis(url), open_redis(url, retries=0)
    async with redis, reader, open_channel(settings.messaging_target, [MESSAGING]) as messaging:
        service = Service(
            pools,
            redis=redis,
            reader=reader,
            messaging=messaging,
            vault=Vault(settings.state_key.get_secret_value()),
            clock=SystemClock(),
            uses_development_key=settings.uses_development_key,
            recovery_interval=timedelta(seconds=settings.recovery_interval_seconds),
        )
        with serve_metrics(settings.metrics_listen):
            await service.serve(settings.listen, stop_requested())


if __name__ == "__main__":
    main()
