"""Commands of operators about pools."""
