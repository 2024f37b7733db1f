"""The gRPC servicers: protobuf to commands and back, without decisions."""
