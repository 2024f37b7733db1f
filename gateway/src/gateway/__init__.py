"""The gateway: callbacks of the carrier over HTTP in, gRPC out. It keeps no state."""
