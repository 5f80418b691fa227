"""How we run code that we do not trust: the standard library only, no Django.

In the server's process:

    supervisor    has the environment made, starts the broker, starts it again; ``state`` is how things stand
    client        a session of a thread, over the broker's socket

In processes of their own, which the sandbox's Python runs:

    environment   makes that Python, with its libraries; it is not the server's
    broker        owns every session and keeps the quotas; without settings, secrets or database
    sessions      from outside: a zygote forks one in milliseconds, and its limits are watched
    isolation     what a fork does to itself before it may run a line of anyone's code
    inside        the read–eval loop in a session

``docs/sandbox.md`` says what is isolated and what is not.
"""
