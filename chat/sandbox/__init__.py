"""How we run code that we do not trust: the standard library only, no Django.

    environment   the Python with its libraries in which cells run; not the server's
    supervisor    in the server's process: has the environment made, starts the broker, starts it again
    client        in the server's process: a session of a thread, over the broker's socket
    broker        a process without settings, secrets or database: owns every session, keeps the quotas
    session       in the broker: one session as it is seen from outside, and the watch over its limits
    zygote        a process that has imported the heavy libraries and forks a session in milliseconds
    isolation     what a fork does to itself before it may run a line of anyone's code
    cell          the read–eval loop inside a session

``docs/sandbox.md`` says what is isolated and what is not.
"""
