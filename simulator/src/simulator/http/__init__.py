"""HTTP plumbing shared by all APIs: body limits, broken responses, the TLS context."""
