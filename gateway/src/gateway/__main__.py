"""`python -m gateway` runs the gateway until it is asked to stop."""

from gateway.app import serve
from gateway.settings import Settings
from runtime.logging.setup import configure_logs
from runtime.reloading import UnusableFile
from runtime.settings.base import load_settings, refuse_to_start
from runtime.shutdown import run
from runtime.tracing.setup import traced


def main() -> None:
    """One process, one event loop."""
    settings = load_settings(Settings)
    configure_logs("gateway", settings.log_level)
    try:
        with traced("gateway", settings):
            run(serve(settings))
    except UnusableFile as unusable:
        refuse_to_start(str(unusable))


if __name__ == "__main__":
    main()
