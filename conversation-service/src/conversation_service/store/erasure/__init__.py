"""The erasure of a person: removing what is stored, and the record that it was done."""
