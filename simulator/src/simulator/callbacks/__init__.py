"""What the carrier sends to the gateway: payloads, the way out, and the resend policy."""
