"""Whether this process is being stopped: the server says so, and requests and streams ask."""

from __future__ import annotations


class Shutdown:
    """``has_begun``: others should take what is new. ``ends_streams``: what still streams must end now."""

    has_begun = False
    ends_streams = False


shutdown = Shutdown()
