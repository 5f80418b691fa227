"""The fake that ships: a provider that answers from a script, without a model and without a network.

provider   the class ``ScriptedProvider``, and the list of commands
replies    what a test tells it to play
commands   what a person tells it with a message like ``/stream 50``
    tools      its calls of the code interpreter, and what it says of results
"""
