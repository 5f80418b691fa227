"""The header that tells the SDKs' polling helpers when to look again."""

from __future__ import annotations

from django.http import HttpResponse

POLL_AFTER_MS = 300  # milliseconds between two looks


def set_poll_header(response: HttpResponse) -> None:
    """Set the header on the object of something that is still at work."""
    # Without it helpers wait for a second (reference, section 1.1).
    response["openai-poll-after-ms"] = str(POLL_AFTER_MS)
