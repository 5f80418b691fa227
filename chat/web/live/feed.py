"""Turns what happens on a thread into frames for one page of it. A socket keeps a feed; a poll makes one for one look.

Frames are HTML that htmx swaps in by id, and small JSON frames of text for the open end of an answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import F
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from chat.actions.conversation import threads
from chat.actions.conversation.citations import Numbering
from chat.engine.follow import ThreadSnapshot
from chat.events import types
from chat.events.types import Event
from chat.models import Message, Thread, User
from chat.models.api_objects.objects import Object
from chat.providers.tool_names import CODE_INTERPRETER
from chat.web.live import fragments
from chat.web.live.open_answer import OpenAnswer, message_deltas
from chat.web.live.run_progress import STEP_ENDS, CodeChanges, CodeProgress, RunProgress, code_deltas
from chat.web.timeline import history
from chat.web.timeline.history import NO_RUN, RunDetails, begun_answer, message_items, run_details
from chat.web.timeline.items import CodeStep

OPEN = Message.Status.IN_PROGRESS
CLOSING = (types.MESSAGE_COMPLETED, types.MESSAGE_INCOMPLETE)
CHANGES = {types.THREAD_CHANGED, types.RUN_CREATED}  # with these, something but the run may have changed
LIGHT = 4_000  # characters of an open end: drawing a block of so many takes about 20 ms at worst
DETAILS_CHANGE = {types.MESSAGE_CREATED, *STEP_ENDS, *types.RUN_ENDED}  # with these, the details of a run have changed


@dataclass(frozen=True, slots=True)
class PageState:
    """The state of a page as it says: the id of the ``last`` whole message, the number of closed blocks of each open
    answer, and the state of each code step that is unfinished or comes after that message.
    """

    last: str = ""
    open: Mapping[str, int] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompleteUpTo:
    """The last message up to which a page has all: code that began before it, and endings of runs that were created
    before its run, are on the page.
    """

    number: int = 0
    created_at: datetime | None = None
    run_created_at: datetime | None = None


class Feed:
    """``apply`` reads rows and belongs in a thread; ``text_frames`` does not. One call at a time."""

    thread: Thread  # as it was at the last snapshot, or when something but a run changed

    def __init__(self, user: User, thread_id: str, page: PageState) -> None:
        self.user, self.thread_id = user, thread_id
        self.page: PageState | None = page  # None once the first snapshot was applied
        self.complete = CompleteUpTo()
        self.sent: set[str] = set()  # ids of whole messages and of endings
        self.open: dict[str, OpenAnswer] = {}
        self.code = CodeProgress(page.code)
        self.progress = RunProgress()
        self.runs: dict[str, RunDetails] = {}

    def apply(self, item: ThreadSnapshot | Sequence[Event]) -> str:
        """Return one frame of HTML that brings the page up to ``item``. Raise ``NotFound`` when the thread is gone."""
        parts = self._apply_snapshot(item) if isinstance(item, ThreadSnapshot) else self._apply_events(item)
        progress = self.progress
        panel = fragments.run_panel(
            self.thread,
            progress.run,
            live=progress.is_live,
            is_writing=bool(self.open) or (CODE_INTERPRETER in progress.tools and bool(self.code.open_ids)),
            is_searching=progress.is_searching,
        )
        parts.append(panel)
        return format_html_join("\n", "{}", ((part,) for part in parts if part))

    def is_light(self, deltas: Sequence[Event]) -> bool:
        """Return whether ``text_frames`` takes milliseconds at most, so that the event loop may do it."""
        pieces = sum(len(delta.text) for delta in message_deltas(deltas).values())
        return pieces + max((len(answer.stream.tail) for answer in self.open.values()), default=0) < LIGHT

    def text_frames(self, deltas: Sequence[Event]) -> list[str]:
        """Return frames for events that only make texts longer: JSON, but HTML when a block of an answer closes."""
        frames: list[str] = []
        for id, delta in message_deltas(deltas).items():
            if answer := self.open.get(id):
                if blocks := answer.add(delta):
                    frames.append(fragments.more_blocks(id, blocks, tail=answer.stream.tail))
                else:
                    frames.append(more_text(id, answer.stream.last_piece))
        for code in code_deltas(deltas) if CODE_INTERPRETER in self.progress.tools else ():
            if self.code.add([code]):
                frames.append(more_text(f"{code.step_id}-{code.place}", code.code))
        return frames

    # --- the rows, all of one moment -------------------------------------------------------------------------------

    def _apply_snapshot(self, snapshot: ThreadSnapshot) -> list[SafeString]:
        self.thread = threads.get(self.user, self.thread_id)
        self.progress.read_snapshot(snapshot)
        self.runs.clear()
        blocks_on_page = self._apply_page_state()
        on_page = {*blocks_on_page, *self.open}
        open = {message["id"]: message for message in snapshot.messages if message["status"] == OPEN}
        code = self.code.compare(self.thread, since=self.complete.created_at)
        return [
            self._missing(code.missing, besides=on_page),
            self._finished(on_page - open.keys()),
            *fragments.code_changes(code),
            *[self._grown(message, blocks=blocks_on_page.get(id)) for id, message in open.items()],
            fragments.waiting(self.thread),
            fragments.title(self.thread),
        ]

    def _apply_page_state(self) -> Mapping[str, int]:
        """Take, once, the page's word for what it has. Return its open answers."""
        if self.page is None:
            return {}
        page, self.page = self.page, None
        messages = self.thread.messages.annotate(run_created_at=F("run__created_at"))
        if last := messages.filter(id=page.last).first():
            self.complete = CompleteUpTo(last.number, last.created_at, last.run_created_at or last.created_at)
        return page.open

    def _missing(self, code_steps: Sequence[CodeStep], *, besides: Iterable[str]) -> SafeString:
        """Draw the whole messages, code steps and endings that the page lacks."""
        messages = self.thread.messages.annotate(run_created_at=F("run__created_at"))
        rows = list(messages.filter(number__gt=self.complete.number).order_by("-number")[: history.SHOWN])[::-1]
        runs = self.thread.runs.filter(status__in=history.NOT_COMPLETED).order_by("-created_at", "-number")
        since = self.complete.run_created_at
        ended = (runs.filter(created_at__gte=since) if since else runs)[: history.SHOWN][::-1]
        known = {*self.sent, *besides}
        new = [row for row in rows if row.status != OPEN and row.id not in known]
        endings = [run for run in ended if run.id not in known]
        self.sent |= {each.id for each in (*new, *endings)}
        if rows and not any(row.status == OPEN for row in rows):
            last = rows[-1]
            self.complete = CompleteUpTo(last.number, last.created_at, last.run_created_at or last.created_at)
        items = history.in_order(new, code_steps, endings, known=self.runs)
        return fragments.at_the_end(fragments.render_items(items))

    def _grown(self, message: Object, *, blocks: int | None) -> SafeString:
        """Draw what the page lacks of an answer that is being written. A new page has the first ``blocks`` of it."""
        id = message["id"]
        if answer := self.open.get(id):
            return fragments.more_of_answer(id, answer, answer.catch_up(message["content"]))
        if id in self.sent:
            return fragments.NOTHING
        run = self._details(message["run_id"])
        answer = self.open[id] = OpenAnswer(Numbering(run.searches.all))
        if message["content"]:
            answer.catch_up(message["content"])
        if blocks is not None:
            return fragments.more_of_answer(id, answer, answer.stream.blocks[blocks:])
        item = begun_answer(message, run=run)
        return fragments.at_the_end(fragments.open_answer(item, answer.stream, answer.pictures))

    def _details(self, run_id: str | None) -> RunDetails:
        self.runs = run_details([run_id], known=self.runs)
        return self.runs.get(run_id or "", NO_RUN)

    def _finished(self, ids: Iterable[str]) -> SafeString:
        """Draw the final form of answers that the page takes for open."""
        rows = list(self.thread.messages.filter(id__in=set(ids)).exclude(status=OPEN))
        for row in rows:
            self.open.pop(row.id, None)
        self.sent |= {row.id for row in rows}
        return fragments.finished(message_items(rows, known=self.runs))

    # --- events ----------------------------------------------------------------------------------------------------

    def _apply_events(self, events: Sequence[Event]) -> list[SafeString]:
        names = {event.name for event in events}
        has_code = CODE_INTERPRETER in self.progress.tools
        self.progress.read_events(events)
        has_code = has_code or CODE_INTERPRETER in self.progress.tools
        if names & CHANGES:
            self.thread = threads.get(self.user, self.thread_id)
        if names & DETAILS_CHANGE:
            self.runs.clear()
        codes = list(code_deltas(events)) if has_code else []
        code = None
        if has_code and ((grown := self.code.add(codes)) or names & {*CHANGES, *STEP_ENDS, *types.RUN_ENDED}):
            self._details(self.progress.run["id"] if self.progress.run else None)
            code = self.code.compare(self.thread, since=self.complete.created_at, grown=grown, known=self.runs)
        return [
            *self._messages(events, names, code),
            *((fragments.waiting(self.thread), fragments.title(self.thread)) if names & CHANGES else ()),
            fragments.announcement(events, begins_code=any(each.begins for each in codes)),
        ]

    def _messages(self, events: Sequence[Event], names: set[str], code: CodeChanges | None) -> list[SafeString]:
        """Draw what ``events`` change in the messages and the code of the page, in the order of the page."""
        parts = []
        if names & {*CHANGES, *types.RUN_ENDED}:
            parts.append(self._missing(code.missing if code else (), besides=self.open))
            code = replace(code, missing=()) if code else None
        parts += [self._grown(event.data, blocks=None) for event in events if event.name == types.MESSAGE_CREATED]
        if code:
            parts.append(fragments.at_the_end(fragments.render_items(code.missing)))
            parts += fragments.code_changes(code)
        for id, delta in message_deltas(events).items():
            if answer := self.open.get(id):
                parts.append(fragments.more_of_answer(id, answer, answer.add(delta)))
        closed = {event.data["id"] for event in events if event.name in CLOSING}
        # An answer that was whole before its run ended is drawn again if it is the one that offers what the code made.
        for event in events:
            if event.name in types.RUN_ENDED:
                closed.update(self._details(event.run_id).files)
        if closed:
            parts.append(self._finished(closed))
        return parts


def more_text(id: str, text: str) -> str:
    """Return a frame with more ``text`` for the open end of ``id``: an answer, or code that is being written."""
    return json.dumps({"m": id, "t": text}, ensure_ascii=False)


def only_grows(event: Event) -> bool:
    """Return whether an event makes a text on the page longer and does nothing else: no row is needed to show it."""
    if event.name == types.MESSAGE_DELTA:
        return all(part["type"] in ("text", "refusal") for part in event.data["delta"]["content"])
    calls = event.data["delta"]["step_details"]["tool_calls"] if event.name == types.STEP_DELTA else ()
    return event.name == types.STEP_DELTA and not any("id" in call for call in calls)
