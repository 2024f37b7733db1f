"""The gRPC face: wire to domain and back. No decision is made here."""
