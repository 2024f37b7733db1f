"""Prints tables for people and JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from maskline_cli.connection.options import Options
from maskline_cli.output.pages import Item, Listing

# Nothing is cut or wrapped if the output is not a terminal.
UNLIMITED_WIDTH = 100_000
_LINE_BREAK = "\N{RETURN SYMBOL}"
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def show(options: Options, document: Message | Mapping[str, object], view: RenderableType) -> None:
    """Prints the document in JSON mode, the view otherwise."""
    if options.as_json:
        print(json.dumps(as_json(document), indent=2))
    else:
        console().print(view)


def show_list(options: Options, name: str, listing: Listing[Item], view: RenderableType) -> None:
    """Prints a list, and a note if there may be more items."""
    items = [as_json(item) for item in listing.items]
    show(options, {name: items, "is_complete": listing.is_complete}, view)
    if not listing.is_complete and not options.as_json:
        print("There may be more items: raise --limit to list them.", file=sys.stderr)


def as_json(document: Message | Mapping[str, object]) -> Mapping[str, object]:
    """A message with the contract's field names, including fields with default values."""
    if not isinstance(document, Message):
        return document
    fields: dict[str, object] = MessageToDict(
        document, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return fields


def console() -> Console:
    """Standard output: as wide as the terminal, or unlimited if it is not one."""
    width = None if sys.stdout.isatty() else UNLIMITED_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """Columns with headings."""
    view = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        view.add_column(heading, overflow="fold")
    for row in rows:
        view.add_row(*map(cell, row))
    return view


def details(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values, without empty values."""
    view = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    view.add_column(style="bold", no_wrap=True)
    view.add_column(overflow="fold")
    for name, value in rows:
        if value:
            view.add_row(name, cell(value))
    return view


def cell(value: str) -> Text:
    """The value without control characters, which a terminal could execute."""
    line = value.replace("\n", _LINE_BREAK)
    return Text("".join(char if char.isprintable() else _UNPRINTABLE for char in line))
