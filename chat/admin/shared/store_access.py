"""The vector stores that staff may see: knowledge of assistants, but not what people keep for themselves."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from chat.admin.shared.permissions import may_read_all
from chat.models import Assistant, Audience, ResourceUse, User, VectorStore
from chat.models.vector_stores import Origin
from chat.providers.tool_names import FILE_SEARCH


def visible_stores(request: HttpRequest) -> QuerySet[VectorStore]:
    """Return knowledge and one's own stores; private ones of others only with the permission to read all messages."""
    if may_read_all(request):
        return VectorStore.objects.all()
    return VectorStore.objects.filter(Q(owner=request.user.pk) | _knowledge_filter())


def is_private(request: HttpRequest, store: VectorStore) -> bool:
    """Return whether the store is another person's own."""
    return store.owner_id != request.user.pk and not is_knowledge(store)


def is_knowledge(store: VectorStore) -> bool:
    """Return whether the store was made in the admin, or is searched by an assistant that others use too."""
    return VectorStore.objects.filter(_knowledge_filter(), pk=store.pk).exists()


def allowed_owners(request: HttpRequest) -> QuerySet[User]:
    """Return the users for whom the staff member may make a store."""
    # Staff will see what is put into it later. So it is for staff, or made by those who may see all anyway.
    users = User.objects.filter(is_active=True)
    return users if may_read_all(request) else users.filter(is_staff=True)


def _knowledge_filter() -> Q:
    shared = ResourceUse.objects.filter(
        resource_id=OuterRef("id"),
        assistant__owner=OuterRef("owner"),
        assistant__audience__in=[Audience.GROUPS, Audience.EVERYONE],
    )
    return Q(origin=Origin.ADMIN) | Q(Exists(shared))


def store_ids_in(resources: dict[str, dict[str, list[str]]]) -> list[str]:
    """Return the ids of the vector stores in ``tool_resources``."""
    return resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])


def assistants_of(stores: Iterable[VectorStore]) -> dict[str, list[Assistant]]:
    """Return the assistants of its owner that search each of ``stores``, by the store's id; in two queries."""
    owners: dict[str, int] = {store.id: store.owner_id for store in stores}
    searching: dict[str, list[Assistant]] = {id: [] for id in owners}
    # Not joined: PostgreSQL would read all assistants for it.
    uses = ResourceUse.objects.filter(resource_id__in=owners, assistant__isnull=False)
    pairs = list(uses.values_list("resource_id", "assistant_id"))
    assistants = Assistant.objects.in_bulk({assistant_id for _store, assistant_id in pairs}, field_name="id")
    for store_id, assistant_id in pairs:
        assistant = assistants.get(assistant_id)
        if assistant is not None and assistant.owner_id == owners[store_id]:
            searching[store_id].append(assistant)
    return {id: sorted(assistants, key=lambda assistant: assistant.name) for id, assistants in searching.items()}
