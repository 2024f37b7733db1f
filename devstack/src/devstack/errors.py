"""The base class of errors to print."""


class StackError(Exception):
    """The stack cannot start or continue. The message says what to do."""
