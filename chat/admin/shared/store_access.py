"""Which vector stores staff see. What an assistant knows is their business; what people keep for themselves is not."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext as _

from chat.actions.assistants.tool_resources import HELPER_DAYS
from chat.admin.shared.history import log_access
from chat.admin.shared.permissions import may_read_all
from chat.models import Assistant, Audience, User, VectorStore
from chat.providers.tool_names import FILE_SEARCH

log = logging.getLogger(__name__)
ONE_VISIT = timedelta(minutes=30)  # noted once, however many pages of the store are opened
BY_THE_WAY = Q(name="", expires_after=HELPER_DAYS)  # made for a chat's attachments; programs can make such too


def visible(request: HttpRequest) -> QuerySet[VectorStore]:
    """Knowledge and one's own; private stores of others only with the permission to read what people wrote."""
    if may_read_all(request):
        return VectorStore.objects.all()
    return VectorStore.objects.filter(Q(owner=request.user.pk) | _is_knowledge())


def is_private(request: HttpRequest, store: VectorStore) -> bool:
    """Whether it is another person's own."""
    return store.owner_id != request.user.pk and not is_knowledge(store)


def is_knowledge(store: VectorStore) -> bool:
    return VectorStore.objects.filter(_is_knowledge(), pk=store.pk).exists()


def owners(request: HttpRequest) -> QuerySet[User]:
    """For whom a staff member may make a store. What is put into it later, staff will see: so for staff, or by those
    who may see it anyway.
    """
    users = User.objects.filter(is_active=True)
    return users if may_read_all(request) else users.filter(is_staff=True)


def log_looking(request: HttpRequest, store: VectorStore) -> None:
    """Note in the history of a private store that someone looked into it."""
    if not is_private(request, store):
        return
    if log_access(request, store, _("Looked at the files."), once_in=ONE_VISIT):
        log.info("%s looked at the files of %s", request.user.get_username(), store.id)


def _is_knowledge() -> Q:
    """Made in the admin, or searched by an assistant that others than its owner use."""
    added = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(VectorStore), action_flag=ADDITION
    ).values("object_id")
    # Compared as texts: of other tables the same column may hold what is no number.
    made_here = VectorStore.objects.annotate(key=Cast("pk", CharField())).filter(key__in=added)
    return Q(pk__in=made_here.values("pk")) | Q(pk__in=_shared())


def _shared() -> list[int]:
    assistants = Assistant.objects.exclude(audience=Audience.OWNER).filter(tool_resources__has_key=FILE_SEARCH)
    named = {
        (owner, store_id)
        for owner, resources in assistants.values_list("owner", "tool_resources")
        for store_id in ids_in(resources)
    }
    stores = VectorStore.objects.filter(id__in={store_id for _owner, store_id in named})
    return [pk for pk, owner, id in stores.values_list("pk", "owner", "id") if (owner, id) in named]


def ids_in(resources: dict[str, dict[str, list[str]]]) -> list[str]:
    """The ids of the stores in ``tool_resources``."""
    return resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])


def assistants_of(stores: Iterable[VectorStore]) -> dict[str, list[Assistant]]:
    """The assistants that search each of ``stores``, by the store's id; in one query."""
    by_id: dict[str, VectorStore] = {store.id: store for store in stores}
    found: dict[str, list[Assistant]] = {id: [] for id in by_id}
    owners = {store.owner_id for store in by_id.values()}
    for assistant in Assistant.objects.filter(owner__in=owners, tool_resources__has_key=FILE_SEARCH).order_by("name"):
        for id in ids_in(assistant.tool_resources):
            if id in by_id and by_id[id].owner_id == assistant.owner_id:
                found[id].append(assistant)
    return found
