"""The embedded model: honest short answers with no key and, after the first start, no network.

``catalogue`` names the weights, ``weights`` and ``sources`` fetch them, ``child`` serves them over the OpenAI HTTP API in a
process of its own, ``supervisor`` starts and shares that process, ``tools`` lets so small a model use tools, ``floor``
answers with quotations where there is no model at all, ``provider`` joins them, ``status`` says how things stand.

Nothing is imported here: the child imports this package and must stay light.
"""
