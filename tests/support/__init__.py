"""What several groups of tests need."""
