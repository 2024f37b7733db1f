"""gRPC servers and clients: TLS, authorization, errors, health and retries."""
