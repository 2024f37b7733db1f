"""Callbacks from the carrier to the gateway: payloads, HTTP client and resend policy."""
