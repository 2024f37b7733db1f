"""Flowroute's HTTP API, after its documentation, its SDKs and logged responses."""
