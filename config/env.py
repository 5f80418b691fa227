"""Readers of the environment. A wrong value stops the start with a sentence that says how to mend it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
DATABASES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def text(name: str, *, default: str = "") -> str:
    """An empty value counts as none."""
    return str(env.str(name, default="")) or default


def words(name: str, *, default: Sequence[str] = ()) -> list[str]:
    """Comma-separated."""
    return [word for part in text(name).split(",") if (word := part.strip())] or list(default)


def whole_number(name: str, *, default: int) -> int:
    value = text(name, default=str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number. Set it to one, such as {name}={default}.")
    return int(value)


def yes_or_no(name: str, *, default: bool) -> bool:
    value = text(name, default=str(default)).lower()
    if value not in YES + NO:
        raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Set it to true or false.")
    return value in YES


def one_of(name: str, *, choices: Sequence[str], default: str) -> str:
    """One of ``choices``, whatever the case."""
    value = text(name, default=default).upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is unknown. Set it to one of {', '.join(choices)}.")
    return value


def database(name: str, *, default: str) -> dict[str, Any]:
    """An address such as ``postgres://user:password@host/name`` as Django's dict."""
    try:
        found = dict(env.db_url_config(text(name, default=default)))
    except Exception:
        found = {}
    if found.get("ENGINE") not in DATABASES:
        # The value may hold a password, so it is not shown.
        raise ImproperlyConfigured(
            f"{name} names no database that Everthread can use."
            " It looks like postgres://user:password@host:5432/name or sqlite:////folder/file."
        )
    return found


def mail(name: str) -> dict[str, Any]:
    """A mail server's address as Django's ``EMAIL_…`` settings; without one, mail is written to the log."""
    try:
        return dict(env.email_url_config(text(name, default="consolemail://")))
    except Exception as error:
        raise ImproperlyConfigured(
            f"{name} is no mail server's address ({type(error).__name__})."
            f" It looks like smtp+tls://user:password@host:587."
        ) from None


def span(name: str, *, default: str) -> tuple[int, int]:
    """Two whole numbers, such as 61200-65000: the first and the last."""
    value = text(name, default=default)
    first, _, last = value.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last)):
        raise ImproperlyConfigured(f"{name}={value!r} is no range of numbers. Set it to one, such as {name}={default}.")
    return int(first), int(last)


def file(name: str) -> Path | None:
    """A path, which need not exist; None when it is not set."""
    value = text(name)
    return Path(value).absolute() if value else None


def folder(name: str, *, default: Path) -> Path:
    """A folder, made if it is not there."""
    path = Path(text(name, default=str(default))).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}={str(path)!r} cannot be made ({error.strerror}). Name a folder that can be written."
        ) from None
    return path


def kept_secret(path: Path) -> str:
    """The secret in ``path``; made on the first start, readable by its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()
