"""Which vector stores staff see. What an assistant knows is their business; what people keep for themselves is not."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from chat.admin.shared.permissions import may_read_all
from chat.models import Assistant, Audience, ResourceUse, User, VectorStore
from chat.models.vector_stores import Origin
from chat.providers.tool_names import FILE_SEARCH


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


def _is_knowledge() -> Q:
    """Made in the admin, or searched by an assistant of its owner that others use too."""
    shared = ResourceUse.objects.filter(
        resource_id=OuterRef("id"),
        assistant__owner=OuterRef("owner"),
        assistant__audience__in=[Audience.GROUPS, Audience.EVERYONE],
    )
    return Q(origin=Origin.ADMIN) | Q(Exists(shared))


def ids_in(resources: dict[str, dict[str, list[str]]]) -> list[str]:
    """The ids of the stores in ``tool_resources``."""
    return resources.get(FILE_SEARCH, {}).get("vector_store_ids", [])


def assistants_of(stores: Iterable[VectorStore]) -> dict[str, list[Assistant]]:
    """Return the assistants of its owner that search each of ``stores``, by the store's id; in one query."""
    owners: dict[str, int] = {store.id: store.owner_id for store in stores}
    searching: dict[str, list[Assistant]] = {id: [] for id in owners}
    uses = ResourceUse.objects.filter(resource_id__in=owners, assistant__owner__in=owners.values())
    for use in uses.select_related("assistant").order_by("assistant__name"):
        if use.assistant is not None and use.assistant.owner_id == owners[use.resource_id]:
            searching[use.resource_id].append(use.assistant)
    return searching
