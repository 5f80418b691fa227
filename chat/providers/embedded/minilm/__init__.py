"""The embedder that is built in: all-MiniLM-L6-v2, an English model of 22 million weights, on one core.

``wordpiece`` splits text into the model's word pieces, ``windows`` into ranges that it can take whole. ``weights``
finds the model; ``child`` runs it in a process of its own, which ``session`` starts and asks in the form of ``frames``.
``priority`` lets those go first for whom somebody waits. ``embedder`` joins them all.

Nothing is imported here: the child imports this package and must stay light.
"""
