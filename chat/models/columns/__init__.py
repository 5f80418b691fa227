"""Parts of rows: look-ups in JSON columns, the encryption of secrets, and notes of the last use."""
