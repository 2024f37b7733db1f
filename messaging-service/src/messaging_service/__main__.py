"""The messaging service as a process."""

from messaging_service.service import grpc_server, serve
from messaging_service.settings import Settings
from runtime.clock import SystemClock
from runtime.logs import configure_logs
from runtime.settings import load_settings
from runtime.shutdown import run, stop_requested


async def main(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT."""
    await serve(settings, SystemClock(), grpc_server(settings.listen), stop_requested())


if __name__ == "__main__":
    loaded = load_settings(Settings)
    configure_logs("messaging_service", loaded.log_level)
    run(main(loaded))
