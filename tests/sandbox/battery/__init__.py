"""Attempts to get out of a session, each in a real one, while the host watches its canaries.

    inside      what an attempt has at hand; its text is the first cell of every session
    rows        what an attempt is, and the list of all
    files, processes, surface, limits, answers, endings      the attempts
    ground      the machine around the sessions: secrets, a victim, listeners
    weakened    sessions that lack a layer, to see that the attempts notice
    running     runs attempts, as a program: the user that it runs as is one of the things to vary

Standard library and chat.sandbox only: it runs in a Python that every user may read, which need not have our packages.
"""
