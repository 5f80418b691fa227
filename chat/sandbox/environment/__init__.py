"""The Python with its libraries in which cells run. It is not the server's.

build          makes it, by the programs of ``install_steps``; ``python -m chat.sandbox.environment`` runs this alone
provision      has it made by the process of ``child``, while the server goes on
"""
