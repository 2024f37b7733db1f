"""PersonService: look-ups, opt-outs, blocks and erasures of people."""
