"""Spans: what a process does, how long that takes and what came of it. Nothing unless traced.

`runtime.tracing_export` switches it on, and alone knows OpenTelemetry. What fields a span may have
is listed in `runtime.redaction`: opaque ids, counts and outcomes.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol, TypeAlias

Told: TypeAlias = str | int | float | bool | Sequence[str] | None

SpanKind = Literal["internal", "server", "client"]

Headers = Mapping[str, str]

# What made somebody wait for a batch; opaque to all but the tracer. None if nothing is traced.
Cause: TypeAlias = object


class Span(Protocol):
    """What is under way."""

    def tell(self, **fields: Told) -> None:
        """Says more of it; None says nothing."""
        ...


class Tracer(Protocol):
    """What makes spans of what happens."""

    def span(
        self, name: str, kind: SpanKind, headers: Headers | None, fields: Mapping[str, Told]
    ) -> AbstractContextManager[Span]:
        """A span inside the present one, or inside the one that a caller's headers tell of.

        An exception that passes is told by its type.
        """
        ...

    def is_inside(self) -> bool:
        """Whether the present span is recorded."""
        ...

    def present(self) -> Span:
        """The present span."""
        ...

    def headers(self) -> Headers:
        """What tells a callee of the present span: W3C's `traceparent`."""
        ...

    def cause(self) -> Cause:
        """The present span, for a batch that is carried out elsewhere."""
        ...

    def caused_by(self, causes: Sequence[Cause]) -> AbstractContextManager[None]:
        """Inside, the next span belongs to the first cause that is recorded, and links to all."""
        ...


class _Nothing:
    """A span that nobody asked for."""

    def tell(self, **fields: Told) -> None:
        """Says nothing."""


_NOTHING = _Nothing()

_NO_SPAN: AbstractContextManager[Span] = nullcontext(_NOTHING)

_NO_CAUSES: AbstractContextManager[None] = nullcontext()

_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Traces the whole process from now on, or nothing any more."""
    global _tracer
    _tracer = tracer


def is_on() -> bool:
    """Whether this process is traced; it is decided before anything is served."""
    return _tracer is not None


def span(
    name: str,
    *,
    kind: SpanKind = "internal",
    headers: Headers | None = None,
    **fields: Told,
) -> AbstractContextManager[Span]:
    """What happens inside; the name is written where it is told, as a log's event is."""
    return _NO_SPAN if _tracer is None else _tracer.span(name, kind, headers, fields)


def inner_span(name: str, **fields: Told) -> AbstractContextManager[Span]:
    """As `span`, but only inside of one: loops that look for work all day are no news."""
    if _tracer is None or not _tracer.is_inside():
        return _NO_SPAN
    return _tracer.span(name, "internal", None, fields)


def tell(**fields: Told) -> None:
    """Says more of the present span."""
    if _tracer is not None:
        _tracer.present().tell(**fields)


def headers() -> Headers:
    """What tells a callee of the present span."""
    return {} if _tracer is None else _tracer.headers()


def cause() -> Cause:
    """The present span, for whoever carries things out in batches."""
    return None if _tracer is None else _tracer.cause()


def caused_by(causes: Sequence[Cause]) -> AbstractContextManager[None]:
    """A batch is carried out inside."""
    return _NO_CAUSES if _tracer is None else _tracer.caused_by(causes)
