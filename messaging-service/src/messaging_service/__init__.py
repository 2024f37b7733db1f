"""The voice: the only holder of carrier credentials; every outbound text passes here."""
