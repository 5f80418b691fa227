"""Code that we do not trust, run in isolation: the standard library only, no Django.

In the server's process:

    supervisor      has the environment made, starts the broker and starts it again; ``state`` says how things stand
    client          a session of a thread, over the broker's socket
    child_process   a process that ends when its parent does
    broker_options  the options that a broker is started with

In processes of their own, which the sandbox's Python runs:

    environment     makes that Python, with its libraries; it is not the server's
    broker          owns every session and keeps the quotas; without settings, secrets or database
    sessions        from outside: a zygote forks one in milliseconds, and its limits are watched
    isolation       the layers that a fork puts on before it may run a line of anyone's code
    inside          the read–eval loop in a session

``protocol``, ``values`` and ``errors`` are what passes between them, ``libraries`` the list of what cells may import.
``docs/sandbox.md`` says what is isolated and what is not.
"""
