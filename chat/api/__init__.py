"""The door for programs: the Assistants API v2 at ``/v1`` and ``/openai``, one module a resource in the order of the
reference. ``door`` is what every request passes, ``wire`` the shapes that several bodies share, ``pages`` the lists,
``errors`` what is said about a wrong request, ``stream`` the server-sent events.
"""
