"""Why Maskline cannot run here, in words for the person at the terminal."""


class StackError(Exception):
    """The stack cannot start or go on. Its text says what to do."""
