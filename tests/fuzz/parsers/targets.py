"""Functions of any bytes, by name. An exception is a finding."""

from collections.abc import Callable, Mapping

from fuzz.parsers.callback_targets import message_callback, receipt_callback
from fuzz.parsers.text_targets import command, outbound_text

TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (message_callback, receipt_callback, command, outbound_text)
}
