"""The connection to the conversation service: options, credentials, calls and failures."""
