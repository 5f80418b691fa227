"""Vector stores: searchable sets of files and their passages (reference, sections 3 and 9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models.columns.touch import touch
from chat.models.files import File
from chat.models.ids import HexIdField, PublicObject
from chat.models.providers import Provider

BUILT_IN = "all-MiniLM-L6-v2 + USE-multilingual-3"  # the embedding models that are installed with the product


class Origin(models.TextChoices):
    """The way in which a vector store came to be. Staff see those made in the admin."""

    ADMIN = "admin", _("the admin")
    API = "api", _("a program")
    ATTACHMENT = "attachment", _("the files of one chat")


class VectorStore(PublicObject):
    """``expires_after`` is days since ``last_active_at``; None: never. ``version`` grows with every change of what can
    be found in it, so that what is kept in memory of a store is known to be old.
    """

    id = HexIdField(prefix="vs_")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="vector_stores")
    name = models.CharField(max_length=256, blank=True)
    description = models.CharField(max_length=512, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    expires_after = models.PositiveSmallIntegerField(_("expires after"), null=True, blank=True, help_text=_("Days."))
    last_active_at = models.DateTimeField(default=timezone.now, editable=False)
    files = models.ManyToManyField(File, through="VectorStoreFile", related_name="vector_stores")
    embedding_provider = models.ForeignKey(
        Provider,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who makes the vectors; empty: the model that is built in. A change has all made anew."),
    )
    embedding_model = models.CharField(max_length=256, blank=True)
    lends_files = models.BooleanField(
        _("lends its files"),
        default=False,
        help_text=_("Whoever may use an assistant with this knowledge may download the files that it cites."),
    )
    version = models.PositiveIntegerField(default=0, editable=False)
    # A store of which nothing else is said is a program's own, which staff do not see.
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.API, editable=False)

    class Meta(PublicObject.Meta):
        verbose_name = _("vector store")
        verbose_name_plural = _("vector stores")
        indexes = [
            models.Index(fields=["owner", "-created_at", "-number"], name="store_newest_of_owner"),
            models.Index(fields=["-created_at", "-number"], name="store_newest"),
        ]

    def __str__(self) -> str:
        return self.name or self.id

    @property
    def expires_at(self) -> datetime | None:
        return None if self.expires_after is None else self.last_active_at + timedelta(days=self.expires_after)

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def embedder(self) -> str:
        """The name of the model whose vectors it has: vectors of different models cannot be compared."""
        if self.embedding_provider_id is None:
            return BUILT_IN
        return f"{self.embedding_provider_id}:{self.embedding_model}"

    def touch(self) -> None:
        """It was used: its days begin anew."""
        self.last_active_at = timezone.now()
        touch(VectorStore.objects.filter(pk=self.pk), last_active_at=self.last_active_at)


class VectorStoreFileBatch(PublicObject):
    """Files that were put into a store together. ``cancelled_at``: those not read by then were left out."""

    id = HexIdField(prefix="vsfb_")
    store = models.ForeignKey(VectorStore, models.CASCADE, to_field="id", related_name="batches")
    cancelled_at = models.DateTimeField(null=True)

    class Meta(PublicObject.Meta):
        verbose_name = _("file batch")
        verbose_name_plural = _("file batches")

    def __str__(self) -> str:
        return self.id


class VectorStoreFile(models.Model):
    """A file in a store: an *entry*. ``in_progress`` until its passages can be searched.

    It is cut into passages first (``is_cut``), whose windows are then embedded one by one; ``progress`` is percent of
    that. ``attempt`` grows when it is to be read anew, so that whoever still reads it for an earlier one can tell.
    ``digest`` is the SHA-256 of the file's bytes, ``embedded_by`` the ``embedder`` that its vectors are of. A completed
    one that ``needs_vectors`` is to be given new ones; until then words alone find it. ``notice`` is what people should
    know of a file that was read, such as that there is no text in it.
    """

    class Status(models.TextChoices):
        IN_PROGRESS = "in_progress", _("being read")
        COMPLETED = "completed", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    store = models.ForeignKey(VectorStore, models.CASCADE, to_field="id", related_name="entries")
    file = models.ForeignKey(File, models.CASCADE, to_field="id", related_name="entries")
    batch = models.ForeignKey(
        VectorStoreFileBatch, models.SET_NULL, to_field="id", null=True, blank=True, related_name="entries"
    )
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.IN_PROGRESS)
    last_error = models.JSONField(null=True)
    notice = models.CharField(max_length=300, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    chunking_strategy = models.JSONField(default=dict)
    usage_bytes = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    attempt = models.PositiveIntegerField(default=1, editable=False)
    is_cut = models.BooleanField(default=False, editable=False)
    progress = models.PositiveSmallIntegerField(default=0, editable=False)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    embedded_by = models.CharField(max_length=300, blank=True, editable=False)
    needs_vectors = models.BooleanField(default=False, editable=False)
    worker = models.CharField(max_length=100, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("file in a store")
        verbose_name_plural = _("files in stores")
        constraints = [models.UniqueConstraint(fields=["store", "file"], name="one_entry_a_file_and_store")]
        indexes = [
            models.Index(fields=["status", "created_at"], name="entry_by_status"),
            models.Index(fields=["digest"], name="entry_by_digest", condition=~models.Q(digest="")),
            models.Index(fields=["created_at"], name="entry_without_vectors", condition=models.Q(needs_vectors=True)),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} in {self.store_id}"


def store_changed(store_id: str) -> None:
    """Something can be found in the store now that could not before, or no more."""
    VectorStore.objects.filter(id=store_id).update(version=F("version") + 1)


@receiver(pre_delete, sender=VectorStoreFile)
def hold_still(instance: VectorStoreFile, **_signal: Any) -> None:
    """Whoever reads the file writes no more passages of it after those that there are were removed."""
    if instance.status == VectorStoreFile.Status.IN_PROGRESS or instance.needs_vectors:
        VectorStoreFile.objects.select_for_update().filter(pk=instance.pk).first()


@receiver(post_delete, sender=VectorStoreFile)
def left_its_store(instance: VectorStoreFile, origin: Any, **_signal: Any) -> None:
    """However it goes: from its store, with its file, with its owner."""
    if not isinstance(origin, VectorStore):
        store_changed(instance.store_id)


class Passage(models.Model):
    """A piece of a file's text as it was cut for one store.

    ``text`` is ``document[char_from:char_to]``, the document being all text that was read of the file; consecutive
    passages overlap. Pages (slides, sheets) count from 1, None where the format has none; ``pages`` says
    where each begins, ``[[char, page], …]``, and ``headings`` the same of headings. Its windows are those of its
    entry from ``window_from`` to before ``window_to``.
    """

    entry = models.ForeignKey(VectorStoreFile, models.CASCADE, related_name="passages")
    place = models.PositiveIntegerField()
    text = models.TextField()
    heading = models.TextField(blank=True)
    headings = models.JSONField(default=list)
    page_from = models.PositiveIntegerField(null=True)
    page_to = models.PositiveIntegerField(null=True)
    pages = models.JSONField(default=list)
    char_from = models.PositiveBigIntegerField()
    char_to = models.PositiveBigIntegerField()
    window_from = models.PositiveIntegerField()
    window_to = models.PositiveIntegerField()

    class Meta:
        ordering = ["entry", "place"]
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        constraints = [models.UniqueConstraint(fields=["entry", "place"], name="one_passage_a_place")]

    def __str__(self) -> str:
        return f"{self.place} of {self.entry_id}"

    def page_at(self, char: int) -> int | None:
        """The page on which the character ``char`` of the document stands."""
        return next((page for begin, page in reversed(self.pages) if begin <= char), self.page_from)

    def heading_at(self, char: int) -> str:
        """The heading under which it stands."""
        return next((heading for begin, heading in reversed(self.headings) if begin <= char), self.heading)


class Window(models.Model):
    """A stretch of a file's text short enough to be embedded whole. ``vector`` is float32, little-endian, of length 1;
    None until it was made. Passages that overlap share windows.
    """

    entry = models.ForeignKey(VectorStoreFile, models.CASCADE, related_name="windows")
    place = models.PositiveIntegerField()
    char_from = models.PositiveBigIntegerField()
    char_to = models.PositiveBigIntegerField()
    vector = models.BinaryField(null=True)

    class Meta:
        ordering = ["entry", "place"]
        constraints = [models.UniqueConstraint(fields=["entry", "place"], name="one_window_a_place")]

    def __str__(self) -> str:
        return f"{self.place} of {self.entry_id}"
