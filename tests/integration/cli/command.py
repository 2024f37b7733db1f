"""The former place of `support.cli_process`, for imports of other test trees."""

from support.cli_process import Ended, Watching, maskline, watching

__all__ = ["Ended", "Watching", "maskline", "watching"]
