"""The gRPC interface: wire mapping, permissions and status codes."""
