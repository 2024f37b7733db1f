"""The messaging service as a process."""

from messaging_service.app import grpc_server, serve
from messaging_service.config.settings import Settings
from runtime.logging.setup import configure_logs
from runtime.reloading import ConfigFileError
from runtime.settings.base import exit_with_error, load_settings
from runtime.shutdown import run, stop_requested
from runtime.tracing.setup import traced


async def main(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT. Raises ConfigFileError."""
    await serve(settings, None, grpc_server(settings), stop_requested())


if __name__ == "__main__":
    loaded = load_settings(Settings)
    configure_logs("messaging_service", loaded.log_level)
    try:
        with traced("messaging_service", loaded):
            run(main(loaded))
    except ConfigFileError as error:
        exit_with_error(str(error))
