"""What a vector store holds and what it takes: files, passages, vectors, bytes, money."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from chat.admin.shared.durations_and_costs import MILLION
from chat.models import Model, Passage, VectorStore, VectorStoreFile, Window

Status = VectorStoreFile.Status
CHARACTERS_OF_A_TOKEN = 4  # as providers reckon for English


@dataclass(frozen=True, slots=True)
class Counts:
    """How many files are in which state."""

    total: int
    ready: int
    reading: int
    failed: int
    cancelled: int

    @property
    def noteworthy(self) -> list[tuple[str, int]]:
        """``(status, count)`` for each state but the good one, where there are files in it."""
        counts = ((Status.IN_PROGRESS, self.reading), (Status.FAILED, self.failed), (Status.CANCELLED, self.cancelled))
        return [(status.value, count) for status, count in counts if count]


def counts(store: VectorStore) -> Counts:
    found = dict(store.entries.order_by().values_list("status").annotate(Count("pk")))
    return Counts(
        total=sum(found.values()),
        ready=found.get(Status.COMPLETED, 0),
        reading=found.get(Status.IN_PROGRESS, 0),
        failed=found.get(Status.FAILED, 0),
        cancelled=found.get(Status.CANCELLED, 0),
    )


def counted(stores: QuerySet[VectorStore]) -> QuerySet[VectorStore]:
    """``stores`` with ``total``, ``ready``, ``reading``, ``failed`` (numbers of files) and ``size`` (bytes of them)."""

    def having(status: VectorStoreFile.Status) -> Count:
        return Count("entries", filter=Q(entries__status=status))

    return stores.annotate(
        total=Count("entries"),
        ready=having(Status.COMPLETED),
        reading=having(Status.IN_PROGRESS),
        failed=having(Status.FAILED),
        size=Coalesce(Sum("entries__file__bytes"), 0),
    )


@dataclass(frozen=True, slots=True)
class Size:
    """``file_bytes`` are those of the originals, ``index_bytes`` those of texts and vectors. ``tokens``, those that
    were embedded, is an estimate, and ``cost`` is what a provider takes for them, in the currency of its prices; None:
    nothing, or nobody knows.
    """

    file_bytes: int
    index_bytes: int
    passages: int
    vectors: int
    tokens: int
    cost: Decimal | None


def size(store: VectorStore) -> Size:
    """Counted in indexes, without reading texts or vectors: there may be a hundred thousand of them."""
    last = Passage.objects.filter(entry=OuterRef("pk")).order_by("-place").values("char_to")[:1]
    entries = store.entries.order_by().annotate(length=Subquery(last))
    sums = entries.aggregate(files=Sum("file__bytes"), index=Sum("usage_bytes"), characters=Sum("length"))
    tokens = (sums["characters"] or 0) // CHARACTERS_OF_A_TOKEN
    return Size(
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
