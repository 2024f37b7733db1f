"""What every command uses: the protocol, the snapshot, the change, and shared rules."""
