"""What the carrier reports: inbound messages, delivery receipts, lost callbacks."""
