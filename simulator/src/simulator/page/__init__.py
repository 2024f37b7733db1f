"""The web page of phones: static files."""

from importlib.resources import files

from starlette.responses import Response
from starlette.routing import Route

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Nothing from other origins and nothing inline: a message cannot inject markup or scripts.
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def page_routes() -> list[Route]:
    """One route for each file; index.html is at /."""
    web = files(__package__).joinpath("web")
    return [_route(entry.name, entry.read_bytes()) for entry in web.iterdir() if entry.is_file()]


def _route(name: str, content: bytes) -> Route:
    path = "/" if name == "index.html" else f"/{name}"
    media_type = CONTENT_TYPES[name[name.rindex(".") :]]

    async def serve(_request: object) -> Response:
        return Response(content, headers=HEADERS, media_type=media_type)

    return Route(path, serve, methods=["GET"])
