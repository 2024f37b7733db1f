"""What every answer says to browsers and caches, whoever wrote it."""

from collections.abc import Mapping

# Nothing here is a page: whatever makes a browser show an answer shows text that can do nothing.
SECURITY_HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    # Addresses hold tokens: no answer to one is to lie in a cache.
    "cache-control": "no-store",
}
# Two years, what browsers' preload lists ask for.
HTTPS_ONLY: Mapping[str, str] = {"strict-transport-security": "max-age=63072000"}


def headers_of_every_answer(*, is_https: bool) -> tuple[tuple[str, str], ...]:
    """`is_https`: whether callers come by HTTPS, here or at a proxy in front."""
    return (*SECURITY_HEADERS.items(), *(HTTPS_ONLY.items() if is_https else ()))
