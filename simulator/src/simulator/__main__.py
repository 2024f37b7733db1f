"""`python -m simulator`: the simulated carrier as a process."""

import structlog

from runtime.clock import SystemClock
from runtime.http.server import serve_http
from runtime.logging.setup import configure_logs
from runtime.settings.base import exit_with_error, load_settings
from runtime.shutdown import run
from simulator.app import create_app, create_carrier
from simulator.callbacks.client import CallbackClient
from simulator.settings import Settings
from simulator.storage.data_file import DataFileUnusable


def main() -> None:
    """Reads the settings and serves until SIGTERM or SIGINT."""
    settings = load_settings(Settings)
    configure_logs("simulator", settings.log_level)
    structlog.get_logger().info("serving", listen=settings.listen)
    run(serve(settings))


async def serve(settings: Settings) -> None:
    """Serves until a stop is requested, which ends event streams and hanging responses."""
    clock, client = SystemClock(), CallbackClient()
    try:
        carrier = create_carrier(settings, clock, client.post)
    except DataFileUnusable as error:
        await client.close()
        exit_with_error(f"SIMULATOR_DATA_FILE: {error}; name another file or delete it")
    app = create_app(settings, clock, carrier, client)
    await serve_http(app, settings.listen, on_stop=carrier.close)


if __name__ == "__main__":
    main()
