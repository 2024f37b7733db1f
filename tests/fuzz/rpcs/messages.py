"""Requests of any RPC, made from its descriptor: any message, that one damaged, or any bytes."""

from collections.abc import Mapping, Sequence

from fuzz.amounts import trying
from fuzz.inputs import damaged
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

# Values that fit fields of these names, so that not everything is refused at the door.
Palette = Mapping[str, Sequence[object]]

MAX_ITEMS = 3
MAX_DEPTH = 4
MAX_BYTES = 200

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
}
_SMALL = st.integers(0, 9)
# An enum of proto3 may hold what no version knows.
_ENUM = _SMALL | _INTEGERS[FieldDescriptor.CPPTYPE_INT32]
_SCALARS: Mapping[int, st.SearchStrategy[object]] = {
    **{kind: _SMALL | integers for kind, integers in _INTEGERS.items()},
    FieldDescriptor.CPPTYPE_ENUM: _ENUM,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
}


def requests(described: Descriptor, palette: Palette) -> st.SearchStrategy[bytes]:
    """Bytes that are a request of this type, were one, or never could be."""
    fitting = messages(described, palette, only_fitting=True).map(_written)
    anything = messages(described, palette).map(_written)
    return fitting | anything | damaged(fitting) | damaged(anything) | st.binary(max_size=MAX_BYTES)


def messages(
    described: Descriptor, palette: Palette, depth: int = MAX_DEPTH, *, only_fitting: bool = False
) -> st.SearchStrategy[Message]:
    """Any message of this type, or one of what the palette has; messages in it to a depth."""
    return _Making(palette, only_fitting=only_fitting).message(described, depth)


class _Making:
    def __init__(self, palette: Palette, *, only_fitting: bool) -> None:
        self._palette = palette
        self._only_fitting = only_fitting

    def message(self, described: Descriptor, depth: int) -> st.SearchStrategy[Message]:
        kind = GetMessageClass(described)
        fields = {
            field.name: self._field(field, depth)
            for field in described.fields
            if depth or field.message_type is None
        }
        required = fields if self._only_fitting and depth == MAX_DEPTH else {}
        chosen = st.fixed_dictionaries(required, optional=fields if not required else {})
        return chosen.map(lambda values: kind(**values))

    def _field(self, field: FieldDescriptor, depth: int) -> st.SearchStrategy[object]:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return self._map(field.message_type, depth)
        if not field.is_repeated:
            return self._or_fitting(field, self._one(field, depth), is_list=False)
        several = st.lists(self._one(field, depth), max_size=MAX_ITEMS)
        return self._or_fitting(field, several, is_list=True)

    def _or_fitting(
        self, field: FieldDescriptor, strategy: st.SearchStrategy[object], *, is_list: bool
    ) -> st.SearchStrategy[object]:
        named = self._palette.get(field.name, ())
        fitting = [value for value in named if _fits(value, field, is_list=is_list)]
        if not fitting:
            return strategy
        return (
            st.sampled_from(fitting) if self._only_fitting else st.sampled_from(fitting) | strategy
        )

    def _map(self, entry: Descriptor, depth: int) -> st.SearchStrategy[object]:
        key, value = (self._one(entry.fields_by_name[name], depth) for name in ("key", "value"))
        return st.dictionaries(key, value, max_size=MAX_ITEMS)

    def _one(self, field: FieldDescriptor, depth: int) -> st.SearchStrategy[object]:
        if field.message_type is not None:
            return self.message(field.message_type, depth - 1)
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            is_text = field.type == FieldDescriptor.TYPE_STRING
            return st.text(max_size=MAX_BYTES) if is_text else st.binary(max_size=MAX_BYTES)
        return _SCALARS[field.cpp_type]


def _fits(value: object, field: FieldDescriptor, *, is_list: bool) -> bool:
    """Some fields of one name are texts in one message and messages in another."""
    items = value if isinstance(value, list) else [value]
    is_message = field.message_type is not None
    return isinstance(value, list) is is_list and all(
        isinstance(item, Message) is is_message for item in items
    )


def _written(message: Message) -> bytes:
    return message.SerializeToString()


def drawn(strategy: st.SearchStrategy[bytes], number: int) -> list[bytes]:
    """So many, at the most, to be sent from within an event loop."""
    found: list[bytes] = []

    @trying(number)
    @given(strategy)
    def draw(data: bytes) -> None:
        found.append(data)

    draw()
    return found


def is_message(described: Descriptor, data: bytes) -> bool:
    """Whether these bytes can be read as a message of this type."""
    try:
        GetMessageClass(described).FromString(data)
    except DecodeError:
        return False
    return True
