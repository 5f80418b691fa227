"""Asking a provider, in tests."""

from __future__ import annotations

from chat.providers.base import ChatProvider, Piece, Request, Text, Turn

HELLO = Request(model="m", turns=[Turn("user", "Hello")])


async def ask(provider: ChatProvider, request: Request = HELLO) -> list[Piece]:
    """All pieces of an answer."""
    return [piece async for piece in provider.stream(request)]


async def collect(provider: ChatProvider, pieces: list[Piece], request: Request = HELLO) -> None:
    """As ``ask``, but what came before an error is kept in ``pieces``."""
    async for piece in provider.stream(request):
        pieces.append(piece)


def text_of(pieces: list[Piece]) -> str:
    """The text among ``pieces``."""
    return "".join(piece.value for piece in pieces if isinstance(piece, Text))
