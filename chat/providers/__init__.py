"""How we talk to a model. No Django here.

``base`` is the protocol that every provider speaks; ``openai`` reaches any OpenAI-compatible server (and is the only
user of the SDK); ``embedded`` runs a small model on this machine; ``scripted`` is the fake that ships.
"""
