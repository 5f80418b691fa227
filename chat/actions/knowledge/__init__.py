"""Vector stores, the files in them, and searching them."""
