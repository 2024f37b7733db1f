"""The TLS context of all outgoing connections."""

import ssl
from functools import cache

import httpx


@cache
def client_context() -> ssl.SSLContext:
    """One per process: loading the certificate authorities takes some 26 ms of CPU."""
    return httpx.create_ssl_context()
