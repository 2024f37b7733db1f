"""Redis behind TLS, behind a relay, and with access rules."""
