"""What Maskline means: pure decisions on plain values. It imports the standard library only."""
