"""Runs a service and counts its calls: `python -m bench.systems.counted FILE MODULE`.

One byte is appended to the file for each call of a method of Maskline.
"""

import runpy
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import grpc

# The class takes no parameters when it runs.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"


class CallCounter(grpc.aio.ServerInterceptor):
    """Appends a byte for each call."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Health checks are not counted."""
        if handler_call_details.method.startswith("/maskline."):
            self._file.write(b".")
        return await continuation(handler_call_details)


def main() -> None:
    """Adds the counter to the server that the service starts."""
    path, module = sys.argv[1:]
    counter = CallCounter(Path(path))
    make_server: Callable[..., grpc.aio.Server] = grpc.aio.server

    def server(
        interceptors: Sequence[grpc.aio.ServerInterceptor] = (), **options: object
    ) -> grpc.aio.Server:
        return make_server(interceptors=[counter, *interceptors], **options)

    # The product has no hook for this.
    vars(grpc.aio)["server"] = server
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
