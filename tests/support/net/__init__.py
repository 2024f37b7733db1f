"""Ports, certificates, and clients of gRPC and HTTP."""
