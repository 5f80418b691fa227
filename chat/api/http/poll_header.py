"""What polling helpers of the SDKs are told: when to look again."""

from __future__ import annotations

from django.http import HttpResponse

POLL_AFTER = 300  # milliseconds between two looks


def look_again(response: HttpResponse) -> None:
    """Say so of something that is still at work. Without it helpers wait for a second (reference, section 1.1)."""
    response["openai-poll-after-ms"] = str(POLL_AFTER)
