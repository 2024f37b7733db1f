"""The measured systems, the stub carrier and their processes."""
