"""Readers of the environment. A wrong value stops the start with a sentence that says how to mend it."""

from __future__ import annotations

import os
import secrets
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
REDIS_EXAMPLE = "redis://:password@host:6379/0"
SQLITE, POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def text(name: str, *, default: str = "") -> str:
    """Return the variable; ``default`` if it is not set or empty."""
    return str(env.str(name, default="")) or default


def word_list(name: str, *, default: Sequence[str] = ()) -> list[str]:
    """Return the comma-separated words."""
    return [word for part in text(name).split(",") if (word := part.strip())] or list(default)


def integer(name: str, *, default: int, least: int = 0) -> int:
    value = text(name, default=str(default))
    if not value.isdecimal() or int(value) < least:
        wanted = f"a whole number from {least} on" if least else "a whole number"
        raise ImproperlyConfigured(f"{name}={value!r} is not {wanted}. Set it to one, such as {name}={default}.")
    return int(value)


def boolean(name: str, *, default: bool) -> bool:
    value = text(name, default=str(default)).lower()
    if value not in TRUE + FALSE:
        raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Set it to true or false.")
    return value in TRUE


def choice(name: str, *, choices: Sequence[str], default: str) -> str:
    """Return the value, which is one of ``choices`` in any case, in capitals."""
    value = text(name, default=default).upper()
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is unknown. Set it to one of {', '.join(choices)}.")
    return value


def database(name: str, *, default: Path) -> dict[str, Any]:
    """Return an address such as ``postgres://user:password@host/name`` as Django's dict; without one, SQLite's file."""
    value = text(name)
    if not value:
        return {"ENGINE": SQLITE, "NAME": str(default)}
    config = _database_config(value)
    if config is None:
        # The value may hold a password, so it is not shown.
        raise ImproperlyConfigured(
            f"{name} is not the address of a database that Everthread can use."
            " Set it to one, such as postgres://user:password@host:5432/name or sqlite:////folder/file."
        )
    return config


def _database_config(address: str) -> dict[str, Any] | None:
    """Return Django's dict for ``address``, or None if it has no known scheme or names no database."""
    engine = env.DB_SCHEMES.get(address.partition("://")[0].lower())
    if engine not in (SQLITE, POSTGRESQL):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # environ warns of a part that it does not use
            config = dict(env.db_url_config(address))
    except (ValueError, UserWarning):
        return None
    if engine == SQLITE:
        # The server's threads and processes share the database, which memory-only SQLite cannot be.
        config["NAME"] = "" if config["NAME"] == ":memory:" else str(Path(config["NAME"]).absolute())
    return config if config["NAME"] or config.get("OPTIONS", {}).get("service") else None


def storage(name: str) -> dict[str, Any]:
    """Return where files are stored, as Django's dict: in a bucket such as ``s3://bucket/prefix?endpoint=https://host``,
    and without an address in the data folder.
    """
    value = text(name)
    if not value:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    parts = urlsplit(value)
    more = dict(parse_qsl(parts.query))
    endpoint = more.get("endpoint", "https://")
    if parts.scheme != "s3" or not parts.netloc or more.keys() - {"endpoint", "region"} or "://" not in endpoint:
        raise ImproperlyConfigured(
            f"{name} is no bucket's address. Set it to one, such as s3://bucket/folder for Amazon, or"
            " s3://bucket/folder?endpoint=https://host:port&region=name for a server of your own."
            " The account's keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(f"{name} needs libraries. Install them: pip install 'everthread[s3]'")
    options = {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": more.get("endpoint"),
        "region_name": more.get("region"),
        # Servers of one's own seldom have a name for each bucket.
        "addressing_style": "path" if "endpoint" in more else "auto",
    }
    return {"BACKEND": "config.object_storage.ObjectStorage", "OPTIONS": options}


def redis(name: str) -> str:
    """Return an address such as ``redis://:password@host:6379/0``; "" if it is not set."""
    value = text(name)
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme == "unix" or (parts.scheme in ("redis", "rediss") and bool(parts.hostname))
        _ = parts.port
    except ValueError:
        is_usable = False
    if value and not is_usable:
        # The value may hold a password, so it is not shown.
        raise ImproperlyConfigured(f"{name} is not the address of a Redis. Set it to one, such as {REDIS_EXAMPLE}.")
    if value and find_spec("redis") is None:
        raise ImproperlyConfigured(f"{name} is set, but its client is not installed: pip install 'everthread[redis]'.")
    return value


def mail(name: str) -> dict[str, Any]:
    """Return Django's ``EMAIL_…`` settings of a mail server's address; without one, mail is written to the log."""
    try:
        return dict(env.email_url_config(text(name, default="consolemail://")))
    except Exception as error:
        raise ImproperlyConfigured(
            f"{name} is no mail server's address ({type(error).__name__})."
            f" It looks like smtp+tls://user:password@host:587."
        ) from None


def site_address(name: str, *, default: str) -> str:
    """Return an address such as https://chat.example.org, without a slash at its end."""
    value = text(name, default=default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name}={value!r} is no site's address. Set it to one, such as {name}={default}.")
    return value


def integer_range(name: str, *, default: str) -> tuple[int, int]:
    """Return the first and the last number of a range such as 61200-65000."""
    value = text(name, default=default)
    first, _, last = value.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last)):
        raise ImproperlyConfigured(f"{name}={value!r} is no range of numbers. Set it to one, such as {name}={default}.")
    return int(first), int(last)


def file(name: str) -> Path | None:
    """Return a path, which need not exist; None if it is not set."""
    value = text(name)
    return Path(value).absolute() if value else None


def folder(name: str, *, default: Path) -> Path:
    """Return a folder, created if it does not exist."""
    path = Path(text(name, default=str(default))).resolve()
    try:
        # Sandbox sessions that root starts have users of their own, who must pass through.
        path.mkdir(mode=0o700 if os.geteuid() else 0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}={str(path)!r} cannot be made ({error.strerror}). Name a folder that can be written."
        ) from None
    return path


def secret_in_file(path: Path) -> str:
    """Return the secret in the file ``path``, which the first start creates, readable by its owner only."""
    if not path.exists():
        with NamedTemporaryFile("w", dir=path.parent) as made:  # which has the mode 0600
            made.write(secrets.token_urlsafe(50))
            made.flush()
            with suppress(FileExistsError):  # another process was faster
                os.link(made.name, path)
    return path.read_text().strip()
