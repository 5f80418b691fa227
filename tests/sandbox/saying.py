"""Cells that are run for what they say."""

from __future__ import annotations

import io

from PIL import Image

from chat.sandbox.sessions.session import Session


def said(session: Session, code: str) -> str:
    """What a cell that ends well prints and shows."""
    outcome = session.run(code)
    assert outcome.status == "ok", outcome.logs
    return outcome.logs


def complaint(session: Session, code: str) -> str:
    """The traceback of a cell that fails."""
    outcome = session.run(code)
    assert outcome.status == "error", outcome.logs
    return outcome.logs


def sizes(images: tuple[bytes, ...]) -> list[tuple[int, int]]:
    return [Image.open(io.BytesIO(image)).size for image in images]
