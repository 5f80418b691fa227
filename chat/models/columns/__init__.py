"""Parts of rows: look-ups in JSON columns, and the encryption of secrets."""
