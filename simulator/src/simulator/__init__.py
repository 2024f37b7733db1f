"""A simulated carrier: Flowroute's API and callbacks, and a web page of phones.

State is kept in memory only.
"""
