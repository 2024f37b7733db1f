"""`python -m gateway` serves until SIGTERM or SIGINT."""

from gateway.app import serve
from gateway.settings import Settings
from runtime.logging.setup import configure_logs
from runtime.reloading import ConfigFileError
from runtime.settings.base import exit_with_error, load_settings
from runtime.shutdown import run
from runtime.tracing.setup import traced


def main() -> None:
    """Reads the settings and serves."""
    settings = load_settings(Settings)
    configure_logs("gateway", settings.log_level)
    try:
        with traced("gateway", settings):
            run(serve(settings))
    except ConfigFileError as error:
        exit_with_error(str(error))


if __name__ == "__main__":
    main()
