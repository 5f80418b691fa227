"""One server process of the chat model for all processes of a data folder.

``child`` is that process: llama.cpp behind the OpenAI HTTP API on loopback. ``supervisor`` starts it, ``record`` is the
file in which it says where it listens, ``client`` streams answers from it.

Nothing is imported here: the child imports this package and must stay light.
"""
