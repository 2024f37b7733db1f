"""ConversationService: protobuf to commands and back."""
