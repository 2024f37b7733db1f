"""`/simulator/faults`: lists, adds and removes faults."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.control import bodies, fault_bodies
from simulator.faults.faults import Faults


class FaultsApi:
    """The list of pending faults."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def list(self, _request: Request) -> Response:
        """`GET /simulator/faults`: pending faults, and how often each kind has occurred."""
        faults = [fault_bodies.fault_view(pending) for pending in self._faults.pending()]
        return JSONResponse({"faults": faults, "struck": self._faults.occurrences})

    async def add(self, request: Request) -> Response:
        """`POST /simulator/faults` {"kind", "count"?, "match"?, and the kind's parameters}."""
        fields = await bodies.read_fields(request)
        fault, count = fault_bodies.fault(fields), fault_bodies.count(fields)
        return JSONResponse({"id": self._faults.add(fault, count)}, HTTPStatus.CREATED)

    async def remove(self, request: Request) -> Response:
        """`DELETE /simulator/faults/{id}`."""
        self._faults.remove(request.path_params["fault_id"])
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def clear(self, _request: Request) -> Response:
        """`DELETE /simulator/faults`."""
        self._faults.clear()
        return Response(status_code=HTTPStatus.NO_CONTENT)


def fault_routes(faults: Faults) -> tuple[Route, ...]:
    """The routes beneath /simulator."""
    api = FaultsApi(faults)
    return (
        Route("/faults", api.list, methods=["GET"]),
        Route("/faults", api.add, methods=["POST"]),
        Route("/faults", api.clear, methods=["DELETE"]),
        Route("/faults/{fault_id}", api.remove, methods=["DELETE"]),
    )
