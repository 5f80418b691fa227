"""Indexing the files of stores: a worker claims each entry, reads and cuts it into passages, and embeds them."""
