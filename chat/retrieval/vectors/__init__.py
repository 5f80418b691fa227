"""The embeddings of a store's passages in memory, and how similar they are to those of a query."""
