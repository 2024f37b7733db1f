"""The operator's command line for Maskline."""
