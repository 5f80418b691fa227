"""Vector stores: their form, their files, the passages of a file, and a form that tries a search."""
