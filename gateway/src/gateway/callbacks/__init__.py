"""Callbacks of the carrier: parsed straight into the messages of the contract."""
