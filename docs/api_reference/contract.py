"""The services, messages and enums of a folder of protos, with their comments."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    MethodOptions,
    ServiceDescriptorProto,
)
from grpc_tools import protoc

# An element's place in its file, as SourceCodeInfo gives it.
Place = tuple[int, ...]
_MESSAGES = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
_ENUMS = FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER
_SERVICES = FileDescriptorProto.SERVICE_FIELD_NUMBER
_SYNTAX = FileDescriptorProto.SYNTAX_FIELD_NUMBER
_METHODS = ServiceDescriptorProto.METHOD_FIELD_NUMBER
_VALUES = EnumDescriptorProto.VALUE_FIELD_NUMBER
_FIELDS = DescriptorProto.FIELD_FIELD_NUMBER
_ONEOFS = DescriptorProto.ONEOF_DECL_FIELD_NUMBER
_NESTED_MESSAGES = DescriptorProto.NESTED_TYPE_FIELD_NUMBER
_NESTED_ENUMS = DescriptorProto.ENUM_TYPE_FIELD_NUMBER


@dataclass(frozen=True)
class Element:
    """Anything with a name and a comment. The name of a type is relative to its package."""

    name: str
    comment: str
    is_deprecated: bool = False


@dataclass(frozen=True)
class Field(Element):
    """`kind` is a scalar type, or the full name of a message or enum."""

    kind: str = ""
    # "", "optional" or "repeated".
    label: str = ""
    # The kind of a map's keys; empty for other fields.
    key_kind: str = ""
    # Name of its oneof; empty if it is in none.
    oneof: str = ""


@dataclass(frozen=True)
class Message(Element):
    """A message that is no entry of a map."""

    fields: tuple[Field, ...] = ()
    oneofs: tuple[Element, ...] = ()


@dataclass(frozen=True)
class Enum(Element):
    """An enum with its values."""

    values: tuple[Element, ...] = ()


@dataclass(frozen=True)
class Method(Element):
    """Request and response are full names of messages."""

    request: str = ""
    response: str = ""
    streams_requests: bool = False
    streams_responses: bool = False
    idempotency: str = ""


@dataclass(frozen=True)
class Service(Element):
    """A service with its methods."""

    methods: tuple[Method, ...] = ()


@dataclass(frozen=True)
class Package:
    """What all files of a package define, in the order of the files and in them."""

    name: str
    files: tuple[Element, ...]
    services: tuple[Service, ...]
    messages: tuple[Message, ...]
    enums: tuple[Enum, ...]

    def messages_of_one_method(self) -> set[str]:
        """Full names of requests and responses that one method has and no message contains."""
        methods = [method for service in self.services for method in service.methods]
        uses = Counter(name for method in methods for name in (method.request, method.response))
        contained = {field.kind for message in self.messages for field in message.fields}
        return {name for name, number in uses.items() if number == 1} - contained


def read_packages(protos: Path, folder: str, *imported: Path) -> list[Package]:
    """The packages of all protos in a folder below `protos`, by name.

    The folders `imported` are searched for what they import. Exits after protoc's own message if
    one is not valid.
    """
    parsed: dict[str, list[FileDescriptorProto]] = {}
    for file in parse_files(protos, folder, imported):
        parsed.setdefault(file.package, []).append(file)
    return [_package(name, parsed[name]) for name in sorted(parsed)]


def parse_files(
    protos: Path, folder: str, imported: Sequence[Path]
) -> Sequence[FileDescriptorProto]:
    """The files of a folder by name, as protoc describes them, without those they import."""
    sources = sorted(str(path) for path in (protos / folder).rglob("*.proto"))
    paths = [f"-I{path}" for path in (protos, *imported, files("grpc_tools") / "_proto")]
    with TemporaryDirectory() as written:
        target = Path(written) / "descriptors"
        options = ["--include_source_info", f"--descriptor_set_out={target}"]
        failed = protoc.main(["protoc", *paths, *options, *sources])
        if failed:
            sys.exit(f"protoc could not read the contracts (exit status {failed})")
        parsed = FileDescriptorSet.FromString(target.read_bytes()).file
        return sorted(parsed, key=lambda file: file.name)


def _package(name: str, parsed: Sequence[FileDescriptorProto]) -> Package:
    readers = [_FileReader(file) for file in parsed]
    return Package(
        name,
        tuple(Element(reader.file.name, reader.comment((_SYNTAX,))) for reader in readers),
        tuple(service for reader in readers for service in reader.services()),
        tuple(message for reader in readers for message in reader.messages()),
        tuple(enum for reader in readers for enum in reader.enums()),
    )


class _FileReader:
    """One file. Its elements are found by their index, which is how comments name them."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self.file = file
        self._comments: dict[Place, str] = {
            tuple(location.path): location.leading_comments
            for location in file.source_code_info.location
        }

    def comment(self, place: Place) -> str:
        """Without the blank that follows each "//"."""
        lines = self._comments.get(place, "").splitlines()
        return "\n".join(line.removeprefix(" ").rstrip() for line in lines).strip()

    def services(self) -> Iterator[Service]:
        for index, service in enumerate(self.file.service):
            place = (_SERVICES, index)
            methods = tuple(
                self._method(method, (*place, _METHODS, position))
                for position, method in enumerate(service.method)
            )
            deprecated = service.options.deprecated
            yield Service(service.name, self.comment(place), deprecated, methods)

    def messages(self) -> Iterator[Message]:
        for place, name, message in self._message_types():
            yield self._message(name, message, place)

    def enums(self) -> Iterator[Enum]:
        for index, enum in enumerate(self.file.enum_type):
            yield self._enum(enum.name, enum, (_ENUMS, index))
        for place, name, message in self._message_types():
            for index, enum in enumerate(message.enum_type):
                yield self._enum(f"{name}.{enum.name}", enum, (*place, _NESTED_ENUMS, index))

    def _message_types(self) -> Iterator[tuple[Place, str, DescriptorProto]]:
        for index, message in enumerate(self.file.message_type):
            yield from _with_nested((_MESSAGES, index), message.name, message)

    def _method(self, method: MethodDescriptorProto, place: Place) -> Method:
        level = method.options.idempotency_level
        return Method(
            method.name,
            self.comment(place),
            method.options.deprecated,
            method.input_type.removeprefix("."),
            method.output_type.removeprefix("."),
            method.client_streaming,
            method.server_streaming,
            MethodOptions.IdempotencyLevel.Name(level),
        )

    def _message(self, name: str, message: DescriptorProto, place: Place) -> Message:
        entries = {nested.name: nested for nested in message.nested_type if _is_map_entry(nested)}
        oneofs = tuple(
            Element(oneof.name, self.comment((*place, _ONEOFS, index)))
            for index, oneof in enumerate(message.oneof_decl)
        )
        fields = tuple(
            self._field(field, (*place, _FIELDS, index), entries, oneofs)
            for index, field in enumerate(message.field)
        )
        deprecated = message.options.deprecated
        return Message(name, self.comment(place), deprecated, fields, oneofs)

    def _field(
        self,
        field: FieldDescriptorProto,
        place: Place,
        entries: dict[str, DescriptorProto],
        oneofs: Sequence[Element],
    ) -> Field:
        name, comment, deprecated = field.name, self.comment(place), field.options.deprecated
        if entry := entries.get(field.type_name.rpartition(".")[2]):
            key, value = entry.field
            return Field(name, comment, deprecated, _kind(value), key_kind=_kind(key))
        if field.proto3_optional:
            return Field(name, comment, deprecated, _kind(field), "optional")
        repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
        oneof = oneofs[field.oneof_index].name if field.HasField("oneof_index") else ""
        label = "repeated" if repeated else ""
        return Field(name, comment, deprecated, _kind(field), label, oneof=oneof)

    def _enum(self, name: str, enum: EnumDescriptorProto, place: Place) -> Enum:
        values = tuple(
            Element(value.name, self.comment((*place, _VALUES, index)), value.options.deprecated)
            for index, value in enumerate(enum.value)
        )
        return Enum(name, self.comment(place), enum.options.deprecated, values)


def _with_nested(
    place: Place, name: str, message: DescriptorProto
) -> Iterator[tuple[Place, str, DescriptorProto]]:
    yield place, name, message
    for index, nested in enumerate(message.nested_type):
        if not _is_map_entry(nested):
            inner = (*place, _NESTED_MESSAGES, index)
            yield from _with_nested(inner, f"{name}.{nested.name}", nested)


def _is_map_entry(message: DescriptorProto) -> bool:
    return message.options.map_entry


def _kind(field: FieldDescriptorProto) -> str:
    scalar = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    return field.type_name.removeprefix(".") or scalar
