"""Statistics of vector stores: their files by status, passages, vectors, bytes, and the cost of embedding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, Subquery, Sum

from chat.admin.shared.durations_and_costs import MILLION
from chat.models import Model, Passage, VectorStore, VectorStoreFile, Window

Status = VectorStoreFile.Status
CHARACTERS_PER_TOKEN = 4  # as providers estimate for English


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """The numbers of a store's files by their status."""

    total: int
    ready: int
    reading: int
    failed: int
    cancelled: int

    @property
    def noteworthy(self) -> list[tuple[str, int]]:
        """``(status, count)`` for each status but the good one that any file has."""
        counts = ((Status.IN_PROGRESS, self.reading), (Status.FAILED, self.failed), (Status.CANCELLED, self.cancelled))
        return [(status.value, count) for status, count in counts if count]


def status_counts(stores: Sequence[VectorStore]) -> dict[str, StatusCounts]:
    """Return the counts of each of ``stores`` by its id, with one query for all."""
    found: dict[str, Counter[str]] = {store.id: Counter() for store in stores}
    entries = VectorStoreFile.objects.filter(store__in=list(found)).order_by()
    for store_id, status, count in entries.values_list("store", "status").annotate(Count("pk")):
        found[store_id][status] = count
    return {
        store_id: StatusCounts(
            total=counts.total(),
            ready=counts[Status.COMPLETED],
            reading=counts[Status.IN_PROGRESS],
            failed=counts[Status.FAILED],
            cancelled=counts[Status.CANCELLED],
        )
        for store_id, counts in found.items()
    }


def file_bytes(stores: Sequence[VectorStore]) -> Counter[str]:
    """Return the bytes of the files of each of ``stores`` by its id, with one query for all."""
    entries = VectorStoreFile.objects.filter(store__in=[store.id for store in stores]).order_by()
    return Counter(dict(entries.values_list("store").annotate(Sum("file__bytes"))))


@dataclass(frozen=True, slots=True)
class StoreStatistics:
    """``file_bytes`` are those of the originals, ``index_bytes`` those of texts and vectors. ``tokens`` is an estimate
    of those that were embedded, and ``cost`` their price at a provider, in the currency of its prices; None without a
    provider or a price.
    """

    file_bytes: int
    index_bytes: int
    passages: int
    vectors: int
    tokens: int
    cost: Decimal | None


def store_statistics(store: VectorStore) -> StoreStatistics:
    # Counted in indexes, without reading texts or vectors: there may be a hundred thousand of them.
    last = Passage.objects.filter(entry=OuterRef("pk")).order_by("-place").values("char_to")[:1]
    windows = Window.objects.filter(entry=OuterRef("pk")).order_by().values("entry").annotate(count=Count("pk"))
    entries = store.entries.order_by().annotate(length=Subquery(last), window_count=Subquery(windows.values("count")))
    sums = entries.aggregate(
        files=Sum("file__bytes"),
        index=Sum("usage_bytes"),
        characters=Sum("length"),
        vectors=Sum("window_count", filter=Q(status=Status.COMPLETED)),
    )
    tokens = (sums["characters"] or 0) // CHARACTERS_PER_TOKEN
    return StoreStatistics(
        file_bytes=sums["files"] or 0,
        index_bytes=sums["index"] or 0,
        passages=Passage.objects.filter(entry__store=store).count(),
        vectors=sums["vectors"] or 0,
        tokens=tokens,
        cost=_cost(store, tokens),
    )


def _cost(store: VectorStore, tokens: int) -> Decimal | None:
    if store.embedding_provider_id is None:
        return None
    served = Q(name=store.embedding_model) | Q(upstream_name=store.embedding_model)
    model = Model.objects.filter(served, provider=store.embedding_provider_id).first()
    if model is None or model.input_price is None:
        return None
    return tokens * model.input_price / MILLION
