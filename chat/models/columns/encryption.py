"""Encryption at rest for the few secrets that must be read back: providers' keys.

The key is derived from ``SECRET_KEY``; ``SECRET_KEY_FALLBACKS`` still decrypt, so the secret can be rotated.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from chat.errors import KeyRefused


def cipher() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [
        hashlib.blake2b(secret.encode(), digest_size=32, person=b"everthread-keys").digest() for secret in secrets
    ]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def encrypt(secret: str) -> str:
    return cipher().encrypt(secret.encode()).decode()


def decrypt(token: str) -> str:
    """Raises ``KeyRefused`` when the token was made under another secret."""
    try:
        return cipher().decrypt(token.encode()).decode()
    except InvalidToken:
        raise KeyRefused(
            "The stored API key cannot be read: DJANGO_SECRET_KEY has changed. An administrator must enter it again."
        ) from None
