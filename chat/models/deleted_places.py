"""Where deleted objects stood in their lists, so that a program that deletes what it is given gets to the next page.

A page is asked for by the id of the object before it; ``chat.api.http.pagination`` looks here when that is gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from chat.models.assistants import Assistant
from chat.models.files import File
from chat.models.threads import Message, Thread
from chat.models.vector_stores import VectorStore, VectorStoreFile

LIFE = timedelta(days=1)
# By what is listed: the column of what the list belongs to, and that of the ids that programs know.
LISTS: dict[type[models.Model], tuple[str, str]] = {
    Assistant: ("owner_id", "id"),
    Thread: ("owner_id", "id"),
    File: ("owner_id", "id"),
    VectorStore: ("owner_id", "id"),
    Message: ("thread_id", "id"),
    VectorStoreFile: ("store_id", "file_id"),
}
# What is deleted along with these leaves a list that stays.
ALONG_WITH: dict[type[models.Model], type[models.Model]] = {VectorStoreFile: File}


class DeletedPlace(models.Model):
    """The ``created_at`` and ``number`` of a deleted row in its list; ``scope``: the key of a user, thread or store."""

    kind = models.CharField(max_length=20)
    scope = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    number = models.BigIntegerField()
    deleted_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()  # it is on no page
        indexes = [models.Index(fields=["object_id"], name="deleted_place_by_id")]

    def __str__(self) -> str:
        return self.object_id


def place_of_deleted(model: type[models.Model], scope: object, id: str) -> tuple[datetime, int] | None:
    """Return the place that the deleted object had in the list of ``scope``; None if it was not there."""
    places = DeletedPlace.objects.filter(kind=model._meta.model_name, scope=str(scope), object_id=id)
    return places.values_list("created_at", "number").last()


@receiver(post_delete)
def keep_place(sender: type[Any], instance: Any, origin: Any, **_more: Any) -> None:
    """Keep the place of what was deleted by itself: what goes along with the whole list needs none."""
    if sender not in LISTS:
        return
    begun_with = origin.model if isinstance(origin, models.QuerySet) else type(origin)
    if begun_with not in (sender, ALONG_WITH.get(sender)):
        return
    scope, id = (getattr(instance, column) for column in LISTS[sender])
    DeletedPlace.objects.create(
        kind=str(sender._meta.model_name),
        scope=str(scope),
        object_id=id,
        created_at=instance.created_at,
        number=instance.pk,
    )
