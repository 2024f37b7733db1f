"""The edge: carrier callbacks in, gRPC out. It holds nothing."""
