"""From what happens on a thread to what one page of it lacks.

A page says what it ``Have``s; a ``Feed`` then knows what the page shows and turns snapshots and events into frames:
HTML that htmx swaps in by id, and small JSON frames of text for the open end of an answer. The socket keeps a feed for
as long as it is open; a poll makes one for a single look.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from chat.actions.conversation import citations, threads
from chat.actions.conversation.citations import Searches
from chat.engine.follow import Snapshot
from chat.events import types
from chat.events.types import Event
from chat.models import Message, StepStatus, Thread, User
from chat.models.objects import Object
from chat.web.live import fragments
from chat.web.live.code_progress import Seen, Works
from chat.web.live.deltas import begins_search, coded_in, said_in
from chat.web.live.open_answer import Writing
from chat.web.timeline import history
from chat.web.timeline.code_cells import CODE
from chat.web.timeline.generated_files import made_in

OPEN = Message.Status.IN_PROGRESS
CLOSING = (types.MESSAGE_COMPLETED, types.MESSAGE_INCOMPLETE)
STEP_ENDS = {types.STEP_COMPLETED, types.STEP_FAILED, types.STEP_CANCELLED, types.STEP_EXPIRED}
SEARCH_ENDS = {*STEP_ENDS, types.MESSAGE_CREATED, *types.RUN_ENDED}
CHANGES = {types.THREAD_CHANGED, types.RUN_CREATED}  # with these, something but the run may have changed
# What a screen reader says; of runs that failed the page says more, as an alert.
ANNOUNCED = {
    types.STEP_COMPLETED: _("The code has run."),
    types.MESSAGE_CREATED: _("The assistant is answering."),
    types.RUN_REQUIRES_ACTION: _("The assistant waits for the result of a function."),
    types.RUN_COMPLETED: _("The answer is complete."),
    types.RUN_INCOMPLETE: _("The answer was cut off."),
    types.RUN_CANCELLED: _("The answer was stopped."),
}


@dataclass(frozen=True, slots=True)
class Have:
    """What a page shows: the ``last`` whole message's id, of each open answer how many closed blocks, and the state of
    code that was run, of what is unfinished or comes after that message.
    """

    last: str = ""
    open: Mapping[str, int] = field(default_factory=dict)
    works: Mapping[str, str] = field(default_factory=dict)


class Feed:
    """``apply`` reads rows and belongs in a thread; ``text_frames`` does not. One call at a time."""

    def __init__(self, user: User, thread_id: str, have: Have) -> None:
        self.user, self.thread_id = user, thread_id
        self.have: Have | None = have  # None once the first snapshot was applied
        self.open: dict[str, Writing] = {}
        self.works = Works(have.works)
        self.sent: set[str] = set()  # ids of whole messages and of endings
        self.floor = 0  # number of the message up to which the page has all
        self.begin: datetime | None = None  # when that was said: works begun earlier are on the page
        self.since: datetime | None = None  # endings of runs made earlier are on the page
        self.run: Object | None = None
        self.live = False
        self.is_searching = False

    def apply(self, item: Snapshot | Sequence[Event]) -> str:
        """One frame of HTML that brings the page up to ``item``. Raises ``NotFound`` when the thread is gone."""
        thread = threads.get(self.user, self.thread_id)
        parts = self._snapshot(thread, item) if isinstance(item, Snapshot) else self._events(thread, item)
        return format_html_join("\n", "{}", ((part,) for part in parts if part))

    def text_frames(self, deltas: Sequence[Event]) -> list[str]:
        """Frames for events that only make texts longer: JSON, but HTML for an answer when a block of it closes."""
        frames: list[str] = []
        for id, said in said_in(deltas).items():
            if writing := self.open.get(id):
                if blocks := writing.add(said):
                    frames.append(fragments.more_blocks(id, blocks, tail=writing.tail))
                else:
                    frames.append(more_text(id, writing.grown))
        for coded in coded_in(deltas):
            if self.works.take([coded]):
                frames.append(more_text(f"{coded.step_id}-{coded.place}", coded.code))
        return frames

    # --- the rows, all of one moment -------------------------------------------------------------------------------

    def _snapshot(self, thread: Thread, snapshot: Snapshot) -> list[SafeString]:
        self.run, self.live = snapshot.run, snapshot.live
        self.is_searching = any(is_search(step, self.run) for step in snapshot.steps)
        shown = self._page_begins(thread)
        writing = {message["id"]: message["content"] for message in snapshot.messages if message["status"] == OPEN}
        on_page = {*shown, *self.open}
        seen = self.works.look(thread, since=self.begin)
        parts = [self._missing(thread, seen, besides=on_page), self._finished(thread, on_page - set(writing))]
        parts += changes(seen)
        parts += [self._written(thread, id, content, shown=shown.get(id)) for id, content in writing.items()]
        return [*parts, self._panel(thread), *surroundings(thread)]

    def _page_begins(self, thread: Thread) -> Mapping[str, int]:
        """The first snapshot takes the page's word for what it has. Returns its open answers."""
        if self.have is None:
            return {}
        shown, last = self.have.open, thread.messages.filter(id=self.have.last).first()
        if last is not None:
            self._risen_to(last)
        self.have = None
        return shown

    def _risen_to(self, message: Message) -> None:
        self.floor, self.begin = message.number, message.created_at
        run = message.run if message.run_id else None
        self.since = run.created_at if run else message.created_at

    def _written(self, thread: Thread, id: str, content: Sequence[Object], *, shown: int | None) -> SafeString:
        """What the page lacks of an answer that is being written. ``shown``: how many blocks a new page has of it."""
        if writing := self.open.get(id):
            return self._more(id, writing.catch_up(content))
        if id in self.sent:
            return fragments.NOTHING
        writing = self.open[id] = Writing(self._searches())
        writing.catch_up(content)
        if shown is not None:
            return self._more(id, writing.blocks[shown:])
        return fragments.opened(history.entries_of(list(thread.messages.filter(id=id))), writing=writing)

    def _more(self, id: str, blocks: Iterable[str]) -> SafeString:
        writing = self.open[id]
        more = fragments.more_blocks(id, blocks, tail=writing.tail)
        return fragments.pictures(id, writing.pictures) + more if writing.pictures else more

    def _searches(self) -> Sequence[citations.Search]:
        """What the run has searched for so far: it cites nothing else."""
        run_id = self.run["id"] if self.run else ""
        return citations.searches_of([run_id]).get(run_id, Searches()).all

    def _missing(self, thread: Thread, seen: Seen, *, besides: Iterable[str]) -> SafeString:
        """Whole messages, code that was run, and endings that the page lacks."""
        rows = list(thread.messages.filter(number__gt=self.floor).order_by("-number")[: history.SHOWN])[::-1]
        runs = thread.runs.filter(status__in=history.UNWELL).order_by("-created_at", "-number")
        ended = (runs.filter(created_at__gte=self.since) if self.since else runs)[: history.SHOWN][::-1]
        known = {*self.sent, *besides}
        news = [row for row in rows if row.status != OPEN and row.id not in known]
        endings = [run for run in ended if run.id not in known]
        self.sent |= {each.id for each in (*news, *endings)}
        if rows and not any(row.status == OPEN for row in rows):
            self._risen_to(rows[-1])
        return fragments.appended(history.in_order(news, seen.missing, endings))

    def _finished(self, thread: Thread, ids: Iterable[str]) -> SafeString:
        """The final form of answers that the page takes for open."""
        rows = list(thread.messages.filter(id__in=set(ids)).exclude(status=OPEN))
        for row in rows:
            self.open.pop(row.id, None)
        self.sent |= {row.id for row in rows}
        return format_html_join("", "{}", ((fragments.finished(each),) for each in history.entries_of(rows)))

    def _panel(self, thread: Thread) -> SafeString:
        is_writing = bool(self.open) or self.works.is_open
        return fragments.run_panel(
            thread, self.run, live=self.live, is_writing=is_writing, is_searching=self.is_searching
        )

    # --- events ----------------------------------------------------------------------------------------------------

    def _events(self, thread: Thread, events: Sequence[Event]) -> list[SafeString]:
        names = {event.name for event in events}
        opened = [event.data["id"] for event in events if event.name == types.MESSAGE_CREATED]
        closed = [event.data["id"] for event in events if event.name in CLOSING]
        for event in events:
            if event.data.get("object") == "thread.run":
                self.run, self.live = event.data, event.name not in types.RUN_ENDED
            self.is_searching = event.name not in SEARCH_ENDS and (self.is_searching or begins_search(event))
        coded = list(coded_in(events))
        grown = self.works.take(coded)
        looks = bool(grown or names & {*CHANGES, *STEP_ENDS, *types.RUN_ENDED})
        seen = self.works.look(thread, since=self.begin, grown=grown) if looks else Seen()
        parts = []
        if names & {*CHANGES, *types.RUN_ENDED}:
            parts.append(self._missing(thread, seen, besides=self.open))
            seen = replace(seen, missing=())
        parts += [self._written(thread, id, [], shown=None) for id in opened]
        parts += [fragments.appended(seen.missing), *changes(seen)]
        for id, said in said_in(events).items():
            if id in self.open:
                parts.append(self._more(id, self.open[id].add(said)))
        offering = made_in(event.run_id for event in events if event.name in types.RUN_ENDED)
        parts.append(self._finished(thread, {*closed, *offering}))
        if names & CHANGES:
            parts += surroundings(thread)
        parts.append(self._panel(thread))
        return [*parts, *announcements(events, has_code=any(each.begins for each in coded))]


def changes(seen: Seen) -> list[SafeString]:
    """What the page shows of works in place of what it had."""
    return [*map(fragments.changed, seen.changed), *map(fragments.gone, seen.gone)]


def announcements(events: Iterable[Event], *, has_code: bool) -> list[SafeString]:
    """What a screen reader says of ``events``: the most important of it. ``has_code``: a model began to write some."""
    names = {event.name for event in events if event.name != types.STEP_COMPLETED or runs_code(event)}
    words = [_("The assistant is running Python.")] if has_code else []
    words += [ANNOUNCED[name] for name in ANNOUNCED if name in names]
    return [fragments.announcement(words[-1])] if words else []


def surroundings(thread: Thread) -> list[SafeString]:
    """What is no message: those that wait, and the title."""
    return [fragments.waiting(thread), fragments.title(thread)]


def more_text(id: str, text: str) -> str:
    """A frame with more ``text`` for the open end of ``id``: an answer, or code that is being written."""
    return json.dumps({"m": id, "t": text}, ensure_ascii=False)


def is_search(step: Object, run: Object | None) -> bool:
    """Whether a step searches now. Until it is complete its row has no calls, so the tools of the run must say."""
    if step["status"] != StepStatus.IN_PROGRESS or step["step_details"].get("tool_calls") != [] or run is None:
        return False
    tools = {tool["type"] for tool in run["tools"]}
    return "file_search" in tools and not tools & {"function", CODE}


def runs_code(event: Event) -> bool:
    return any(call["type"] == CODE for call in event.data["step_details"].get("tool_calls", ()))
