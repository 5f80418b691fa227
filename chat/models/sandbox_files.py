"""The files in the folder of a thread's code interpreter."""

from __future__ import annotations

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
