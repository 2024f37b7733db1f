"""Load, measurements and their arithmetic."""
