"""Attachments: their addresses, the files stored here, and fetching those of an MMS."""
