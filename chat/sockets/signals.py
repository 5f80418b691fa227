"""Signal receivers: when a user or a key may have lost access, the user's sockets check theirs, and close.

Imported once, when the app is ready.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from chat.models import ApiKey, User
from chat.sockets.auth import recheck_sockets


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **_more: Any) -> None:
    if user is not None:
        # Django would end the session just after this signal, but the sockets look for it at once.
        request.session.flush()
        recheck_sockets(user.pk)


@receiver(post_save, sender=User)
def user_saved(instance: User, created: bool, **_more: Any) -> None:
    # ``_password`` is what ``set_password`` was given, until the row is saved.
    has_new_password = getattr(instance, "_password", None) is not None
    if not created and (has_new_password or not instance.is_active):
        recheck_after_commit(instance.pk)


@receiver(post_delete, sender=User)
def user_deleted(instance: User, **_more: Any) -> None:
    recheck_after_commit(instance.pk)


@receiver(post_save, sender=ApiKey)
def key_saved(instance: ApiKey, created: bool, **_more: Any) -> None:
    if not created:
        recheck_after_commit(instance.owner_id)


@receiver(post_delete, sender=ApiKey)
def key_deleted(instance: ApiKey, **_more: Any) -> None:
    recheck_after_commit(instance.owner_id)


def recheck_after_commit(user_id: int) -> None:
    transaction.on_commit(partial(recheck_sockets, user_id))
