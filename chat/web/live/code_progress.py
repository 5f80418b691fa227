"""The code that is written and run while a page follows a thread."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from chat.models import StepStatus, Thread
from chat.web.live.deltas import Coded
from chat.web.timeline import history
from chat.web.timeline.code_cells import OPEN
from chat.web.timeline.generated_files import code_steps
from chat.web.timeline.items import Work


@dataclass(frozen=True, slots=True)
class Seen:
    """Works that a page lacks, works that it shows otherwise, and ids of works whose code was never whole."""

    missing: Sequence[Work] = ()
    changed: Sequence[Work] = ()
    gone: Collection[str] = ()


class Works:
    """``shown`` is the state of each work that the page has, by its id; ``writing`` the code that no row has yet."""

    def __init__(self, shown: Mapping[str, str]) -> None:
        self.shown = dict(shown)
        self.writing: dict[str, dict[int, str]] = {}

    @property
    def is_open(self) -> bool:
        """Whether something of them is being written, waits or runs."""
        return bool(self._open())

    def take(self, coded: Iterable[Coded]) -> set[str]:
        """More code. Returns the steps whose works the page has to draw anew."""
        changed = set()
        for each in coded:
            step = self.writing.setdefault(each.step_id, {}) if each.begins else self.writing.get(each.step_id, {})
            if each.begins or each.place in step:
                step[each.place] = each.code if each.begins else step[each.place] + each.code
                changed.add(each.step_id)
        return changed

    def look(self, thread: Thread, *, since: datetime | None, grown: Collection[str] = ()) -> Seen:
        """What the page lacks of works made ``since`` then, and of those that it shows as open or have ``grown``."""
        known = {*self._open(), *self.writing}
        steps = code_steps(also=known).filter(run__thread=thread)
        recent = steps.filter(Q(created_at__gte=since) | Q(id__in=known)) if since else steps
        newest = list(recent.order_by("-created_at", "-number")[: history.SHOWN])[::-1]
        works = [work for work in history.works_of(newest, writing=self.writing) if work.cells]
        self._forget_written(works)
        missing = [work for work in works if work.id not in self.shown]
        changed = [
            work for work in works if work.id in self.shown and (work.id in grown or work.state != self.shown[work.id])
        ]
        left = {work.id for work in works} | {step.id for step in newest if step.status == StepStatus.IN_PROGRESS}
        gone = known.intersection(self.shown) - left
        self.shown |= {work.id: work.state for work in works}
        for id in gone:
            del self.shown[id]
        return Seen(missing, changed, gone)

    def _open(self) -> set[str]:
        return {id for id, state in self.shown.items() if any(word in OPEN for word in state.split())}

    def _forget_written(self, works: Iterable[Work]) -> None:
        """What the rows have is no longer needed."""
        self.writing = {
            work.id: self.writing[work.id]
            for work in works
            if work.id in self.writing and any(cell.state == "writing" for cell in work.cells)
        }
