"""Finding a passage: files in stores become passages, and passages are found by keywords and by meaning. And a chat.

    indexing | search       reads files into passages; ranks the passages of a store for a query
      keywords | vectors      the full-text indexes, of passages and of chats; embeddings and their similarity

Each shelf imports only those below it. ``embedders`` names the embedding model of a store.
"""
