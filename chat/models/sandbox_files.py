"""The files in the folder of a thread's code interpreter, and the session that has them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.models.files import File
from chat.models.runs import Run
from chat.models.threads import Thread

LONGEST = 512  # characters of a name


class SandboxFile(models.Model):
    """A file that a cell made or changed, as it is now. Sessions come and go: a new one gets these files back.

    ``name`` is the path from ``/mnt/data``; ``run`` made this version.
    """

    thread = models.ForeignKey(Thread, models.CASCADE, to_field="id", related_name="sandbox_files")
    name = models.CharField(max_length=LONGEST)
    file = models.ForeignKey(File, models.CASCADE, to_field="id", related_name="sandbox_files")
    run = models.ForeignKey(Run, models.DO_NOTHING, to_field="id", null=True, db_constraint=False, related_name="+")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("file of the code interpreter")
        verbose_name_plural = _("files of the code interpreter")
        constraints = [models.UniqueConstraint(fields=["thread", "name"], name="one_sandbox_file_a_name")]

    def __str__(self) -> str:
        return self.name


class CodeSession(models.Model):
    """The session in which code of the thread ran last, on whatever machine. Any other session of the thread is stale.

    ``session`` is its id, empty before the first. ``files`` has what was put into it or kept of it, and how it was
    listed then: name → ``[file id, size, modified]``. The bytes of a file row never change, so its id proves them.
    """

    thread = models.OneToOneField(Thread, models.CASCADE, to_field="id", related_name="code_session")
    session = models.CharField(max_length=32, blank=True)
    files = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("session of the code interpreter")
        verbose_name_plural = _("sessions of the code interpreter")

    def __str__(self) -> str:
        return self.session

    @property
    def is_latest(self) -> bool:
        """True unless code of the thread ran in another session since."""
        return CodeSession.objects.filter(pk=self.pk, session=self.session).exists()

    def record(self, session: str, files: dict[str, list[Any]]) -> bool:
        """Write which session it is and what it has; return False if another one took its place since this was read."""
        if (session, files) == (self.session, self.files):
            return True
        if not CodeSession.objects.filter(pk=self.pk, session=self.session).update(session=session, files=files):
            return False
        self.session, self.files = session, files
        return True
