"""The page `/docs`: Swagger UI for the OpenAPI document, with scripts from an installed package."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/docs"

OPENAPI_PATH = "/openapi.json"

# Files of the package fastapi-offline with their media types.
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}

POLICY_HEADER = "content-security-policy"


class DefaultPolicy:
    """ASGI middleware: adds a Content-Security-Policy to responses that have none.

    The server's own header would come on top of the page's, and browsers apply the stricter one.
    """

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._header = (POLICY_HEADER.encode(), policy.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if all(name != self._header[0] for name, _ in headers):
                    message = {**message, "headers": [*headers, self._header]}
            await send(message)

        await self._app(scope, receive, send_with_policy)


def add_page(app: FastAPI) -> None:
    """Adds the page and its files."""
    page = _page(app.title)

    async def show(_: Request) -> Response:
        return page

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            raise HTTPException(404)
        content = files("fastapi_offline").joinpath("static", name).read_bytes()
        return Response(content, media_type=ASSETS[name])

    app.add_api_route(PATH, show, include_in_schema=False)
    app.add_api_route(f"{PATH}/{{name}}", asset, include_in_schema=False)


def _page(title: str) -> HTMLResponse:
    page = get_swagger_ui_html(
        openapi_url=OPENAPI_PATH,
        title=title,
        swagger_js_url=f"{PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{PATH}/swagger-ui.css",
        swagger_favicon_url=f"{PATH}/favicon.png",
        oauth2_redirect_url=None,
    )
    page.headers[POLICY_HEADER] = _policy(bytes(page.body))
    return page


def _policy(page: bytes) -> str:
    """Allows files of the gateway, and the script in the page by its hash.

    Swagger UI also sets styles from its script, and has images in its style sheet.
    """
    script = page.rpartition(b"<script>")[2].partition(b"</script>")[0]
    digest = b64encode(sha256(script).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; connect-src 'self'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    )
