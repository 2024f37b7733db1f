"""What a test observes: events, spans, logs and what is stored."""
