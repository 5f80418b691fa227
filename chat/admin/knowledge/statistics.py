"""Statistics of vector stores: their files by status, passages, vectors, bytes, and the cost of embedding."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

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


def status_counts(store: VectorStore) -> StatusCounts:
    counts = dict(store.entries.order_by().values_list("status").annotate(Count("pk")))
    return StatusCounts(
        total=sum(counts.values()),
        ready=counts.get(Status.COMPLETED, 0),
        reading=counts.get(Status.IN_PROGRESS, 0),
        failed=counts.get(Status.FAILED, 0),
        cancelled=counts.get(Status.CANCELLED, 0),
    )


def with_statistics(stores: QuerySet[VectorStore]) -> QuerySet[VectorStore]:
    """Return ``stores`` with ``total``, ``ready``, ``reading``, ``failed`` (numbers of files) and ``size`` (bytes)."""

    def count(status: VectorStoreFile.Status) -> Count:
        return Count("entries", filter=Q(entries__status=status))

    return stores.annotate(
        total=Count("entries"),
        ready=count(Status.COMPLETED),
        reading=count(Status.IN_PROGRESS),
        failed=count(Status.FAILED),
        size=Coalesce(Sum("entries__file__bytes"), 0),
    )


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
    entries = store.entries.order_by().annotate(length=Subquery(last))
    sums = entries.aggregate(files=Sum("file__bytes"), index=Sum("usage_bytes"), characters=Sum("length"))
    tokens = (sums["characters"] or 0) // CHARACTERS_PER_TOKEN
    return StoreStatistics(
        file_bytes=sums["files"] or 0,
        index_bytes=sums["index"] or 0,
        passages=Passage.objects.filter(entry__store=store).count(),
        vectors=Window.objects.filter(entry__store=store, entry__status=Status.COMPLETED).count(),
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
