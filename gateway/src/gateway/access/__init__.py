"""Who may call the gateway, and how often."""
