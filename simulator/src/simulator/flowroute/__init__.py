"""Flowroute's HTTP API, as its documentation, its SDKs and logged answers show it."""
