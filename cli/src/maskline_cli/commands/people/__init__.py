"""`maskline people`: people, their opt-outs and blocks, and erasure of their data."""
