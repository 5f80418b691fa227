"""Models that are asked for answers and vectors. No Django here.

    base       the protocols ``Provider`` and ``Embedder``, and the values that pass through them
    openai     any server that speaks OpenAI's API; the only user of the SDK
    embedded   a small chat model and an embedding model on this machine
    scripted   the fake that ships
    tokens     a cheap estimate of how many tokens a text is
    storable   what of a model's text rows can hold

Imports go from ``embedded`` to ``openai`` to ``base``, never back.
"""
