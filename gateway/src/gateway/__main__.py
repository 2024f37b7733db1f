"""`python -m gateway` runs the gateway until it is asked to stop."""

from gateway.serve import serve
from gateway.settings import Settings
from runtime.logs import configure_logs
from runtime.settings import load_settings
from runtime.shutdown import run


def main() -> None:
    """One process, one event loop."""
    settings = load_settings(Settings)
    configure_logs("gateway", settings.log_level)
    run(serve(settings))


if __name__ == "__main__":
    main()
