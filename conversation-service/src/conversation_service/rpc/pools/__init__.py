"""PoolService: protobuf to commands and back."""
