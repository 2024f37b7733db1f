"""`python -m gateway` runs the gateway until it is asked to stop."""

from gateway.app import serve
from gateway.settings import Settings
from runtime.logging.setup import configure_logs
from runtime.reloading import ConfigFileError
from runtime.settings.base import exit_with_error, load_settings
from runtime.shutdown import run
from runtime.tracing.setup import traced


def main() -> None:
    """One process, one event loop."""
    settings = load_settings(Settings)
    configure_logs("gateway", settings.log_level)
    try:
        with traced("gateway", settings):
            run(serve(settings))
    except ConfigFileError as unusable:
        exit_with_error(str(unusable))


if __name__ == "__main__":
    main()
