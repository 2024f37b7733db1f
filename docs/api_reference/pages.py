"""Pages of the API reference: one for each package."""

from collections.abc import Iterator, Sequence

from api_reference.contract import Element, Enum, Field, Message, Method, Package, Service
from api_reference.markdown import (
    REASON_ENUM,
    Links,
    Writer,
    page_name,
    reason_name,
    table,
)

_HEAD = """# `{package}`

[The gRPC API](../api.md) tells how to call it, and what holds for every method.

`make docs` generates this page from the contract."""


def render_reference(packages: Sequence[Package]) -> dict[str, str]:
    """The pages by file name."""
    links = Links(packages)
    return {page_name(package.name): _Page(package, links).render() for package in packages}


class _Page:
    def __init__(self, package: Package, links: Links) -> None:
        self._package = package
        self._write = Writer(package.name, links)
        by_name = {f"{package.name}.{message.name}": message for message in package.messages}
        # They are shown with their method.
        self._inline = {
            name: by_name[name] for name in package.messages_of_one_method() & {*by_name}
        }

    def render(self) -> str:
        """All sections, each followed by an empty line."""
        sections = [_HEAD.format(package=self._package.name), self._files()]
        for service in self._package.services:
            sections += self._service(service)
        sections += self._types()
        return "\n\n".join(filter(None, sections)) + "\n"

    def _files(self) -> str:
        rows = [
            (f"[`{file.name}`](../../protos/{file.name})", self._write.cell(file.comment))
            for file in self._package.files
        ]
        return table(("file", "what it contains"), rows)

    def _service(self, service: Service) -> Iterator[str]:
        yield f"## {service.name}"
        yield from self._description(service)
        yield table(("method", "idempotency level", "what it does"), self._methods(service))
        for method in service.methods:
            yield f"### {service.name}.{method.name}"
            yield from self._method(method)

    def _methods(self, service: Service) -> Iterator[tuple[str, ...]]:
        for method in service.methods:
            full_name = f"{self._package.name}.{service.name}.{method.name}"
            name = self._write.kind(full_name).replace(f"{service.name}.", "", 1)
            summary = f"{method.comment}\n".partition(".\n")[0].partition(". ")[0]
            summary = self._write.cell(f"{summary}.", is_deprecated=method.is_deprecated)
            yield name, f"`{method.idempotency}`", summary

    def _method(self, method: Method) -> Iterator[str]:
        description, _, errors = method.comment.partition("Errors:")
        yield from self._description(Element("", description, method.is_deprecated))
        if errors:
            yield f"**Errors:** {self._write.inline(' '.join(errors.split()))}"
        yield from self._side("Request", method.request, is_stream=method.streams_requests)
        yield from self._side("Response", method.response, is_stream=method.streams_responses)

    def _side(self, title: str, full_name: str, *, is_stream: bool) -> Iterator[str]:
        head = f"**{title}**: {'stream of ' if is_stream else ''}{self._write.kind(full_name)}"
        message = self._inline.get(full_name)
        if message is None:
            yield head
        elif not message.fields:
            yield f"{head}, without fields"
        else:
            yield head
            yield self._fields(message)

    def _description(self, element: Element) -> Iterator[str]:
        if element.is_deprecated:
            yield "**Deprecated.**"
        yield self._write.text(element.comment)

    def _types(self) -> Iterator[str]:
        prefix = f"{self._package.name}."
        messages = [
            message
            for message in self._package.messages
            if prefix + message.name not in self._inline
        ]
        enums = [enum for enum in self._package.enums if enum.name != REASON_ENUM]
        reasons = [enum for enum in self._package.enums if enum.name == REASON_ENUM]
        yield "## Messages" if messages else ""
        for message in messages:
            yield from (f"### {message.name}", *self._description(message), self._fields(message))
        yield "## Enums" if enums else ""
        for enum in enums:
            yield from (f"### {enum.name}", *self._description(enum), self._values(enum))
        for enum in reasons:
            yield from (f"## {enum.name}", *self._description(enum), self._reasons(enum))

    def _fields(self, message: Message) -> str:
        rows = (row for field in message.fields for row in self._field(field, message))
        return table(("field", "type", "meaning"), rows)

    def _field(self, field: Field, message: Message) -> Iterator[tuple[str, ...]]:
        """The first field of a oneof follows what the oneof is."""
        oneofs = [oneof for oneof in message.oneofs if oneof.name == field.oneof]
        for oneof in oneofs:
            if field == next(other for other in message.fields if other.oneof == oneof.name):
                yield f"_{oneof.name}_", "one of the following", self._write.cell(oneof.comment)
        meaning = self._write.cell(field.comment, is_deprecated=field.is_deprecated)
        yield f"{'↳ ' if oneofs else ''}`{field.name}`", self._type(field), meaning

    def _type(self, field: Field) -> str:
        kind = self._write.kind(field.kind)
        if field.key_kind:
            return f"map of `{field.key_kind}` to {kind}"
        return f"{field.label} {kind}".strip()

    def _values(self, enum: Enum) -> str:
        rows = (
            (f"`{value.name}`", self._write.cell(value.comment, is_deprecated=value.is_deprecated))
            for value in enum.values
        )
        return table(("value", "meaning"), rows)

    def _reasons(self, enum: Enum) -> str:
        return table(("reason", "status", "details", "meaning"), map(self._reason, enum.values[1:]))

    def _reason(self, value: Element) -> tuple[str, ...]:
        """Its first sentence has the status and the details, such as the keys of its metadata."""
        comment = " ".join(value.comment.split())
        facts, _, meaning = comment.partition(". ")
        status, _, details = facts.partition(", ")
        name = reason_name(value.name)
        anchor = f'<a id="{name.lower()}"></a>`{name}`'
        meaning = self._write.cell(meaning, is_deprecated=value.is_deprecated)
        return anchor, f"`{status.rstrip('.')}`", self._write.cell(details), meaning
