"""Connects the span of a batch with the spans of everybody whose items are in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext

_BATCH = contexts.create_key("batch")


def current_span_context() -> SpanContext:
    """The span that adds an item to a batch; not valid if there is none."""
    return trace.get_current_span().get_span_context()


@contextmanager
def batch_of(spans: Sequence[SpanContext]) -> Iterator[None]:
    """Spans started inside are children of the first recorded span and link to the others.

    Without a recorded span they are children of the first valid one, or of none: never of the span
    of the caller that happens to start the batch.
    """
    valid = [span for span in spans if span.is_valid]
    token = contexts.attach(_context(valid and ([*filter(_is_sampled, valid)] or valid[:1])))
    try:
        yield
    finally:
        contexts.detach(token)


def links_of(parent: SpanContext | None, context: Context | None) -> Sequence[SpanContext]:
    """The spans that a new span with this parent has to link to.

    `context` is what the span was started in, None for the current one.
    """
    batch = contexts.get_value(_BATCH, context)
    # The context is inherited: spans further inside have another parent.
    return batch[1:] if isinstance(batch, tuple) and batch[0] == parent else ()


def _context(spans: Sequence[SpanContext]) -> Context:
    if not spans:
        return Context()
    parent = trace.set_span_in_context(trace.NonRecordingSpan(spans[0]), Context())
    return contexts.set_value(_BATCH, tuple(spans), parent)


def _is_sampled(span: SpanContext) -> bool:
    return span.trace_flags.sampled
