"""The mail with a link for a forgotten password, sent beside the request: its time would tell known addresses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.core.cache import cache
from django.db import close_old_connections
from django.utils import translation

log = logging.getLogger(__name__)
MAIL_EVERY = 300  # seconds between two mails about a password to one person
sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class ResetForm(PasswordResetForm):
    """The form of a forgotten password. One person gets at most one mail in ``MAIL_EVERY`` seconds."""

    def get_users(self, email: str) -> Iterator[Any]:
        for user in super().get_users(email):
            if cache.add(f"password-mail-{user.pk}", 1, MAIL_EVERY):
                yield user

    def save(self, *_positional: Any, **options: Any) -> None:
        """Look for the account and send the mail, both later. The link begins with ``EVERTHREAD_URL``."""
        # Not with the request's host, which whoever sends it can choose.
        site = urlsplit(settings.EVERTHREAD_URL)
        where = {"domain_override": site.netloc, "use_https": site.scheme == "https", "request": None}
        sender.submit(self._send, translation.get_language(), options | where)

    def _send(self, language: str, options: dict[str, Any]) -> None:
        try:
            with translation.override(language):
                super().save(**options)
        except Exception:
            log.exception("the mail for a forgotten password could not be sent")
        finally:
            close_old_connections()
