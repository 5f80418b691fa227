"""The operations on vector stores: the stores, their files, batches of files, and search."""
