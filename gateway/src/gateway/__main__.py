"""`python -m gateway` runs the gateway until it is asked to stop."""

from gateway.serve import serve
from gateway.settings import Settings
from runtime.logs import configure_logs
from runtime.reloaded import UnusableFile
from runtime.settings import load_settings, refuse_to_start
from runtime.shutdown import run
from runtime.traces import traced


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
