"""Hybrid search: the passages of stores, ranked by keywords and by the similarity of their embeddings."""
