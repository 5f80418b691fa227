"""The pieces of HTML that a thread's page is made of, and that its socket and polls replace by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from chat.engine.worker import Worker
from chat.events import types
from chat.events.types import Event
from chat.models import RunStatus, Thread
from chat.models.api_objects.objects import Object
from chat.providers.tool_names import CODE_INTERPRETER
from chat.web.live.open_answer import OpenAnswer
from chat.web.live.page_html import draw, excerpt, fit_to_page
from chat.web.live.run_progress import CodeChanges
from chat.web.markdown import BlockStream, highlight
from chat.web.timeline.history import waiting_messages
from chat.web.timeline.items import Answer, CodeStep, Item, Question, RunEnding

NOTHING = SafeString("")
# What a screen reader says; of runs that failed the page says more, as an alert.
ANNOUNCED = {
    types.STEP_COMPLETED: _("The code has run."),
    types.MESSAGE_CREATED: _("The assistant is answering."),
    types.RUN_REQUIRES_ACTION: _("The assistant waits for the result of a function."),
    types.RUN_COMPLETED: _("The answer is complete."),
    types.RUN_INCOMPLETE: _("The answer was cut off."),
    types.RUN_CANCELLED: _("The answer was stopped."),
}


def render_items(items: Iterable[Item]) -> SafeString:
    """Return messages, code that was run, and endings. Messages that do not fit the page are folded."""
    items = list(items)
    page = fit_to_page(items)
    html = []
    for item in items:
        match item:
            case CodeStep():
                html.append(_code_step(item))
            case Question():
                html.append(_question(item, is_folded=item.id in page.folded))
            case RunEnding():
                html.append(_template("ending", {"entry": item}))
            case Answer(is_open=True):
                stream = BlockStream()
                stream.feed(item.text, item.marks, item.links)
                html.append(open_answer(item, stream, item.pictures))
            case Answer():
                html.append(_answer(item, page.html.get(item.id)))
    return format_html_join("\n", "{}", ((each,) for each in html))


def whole_message(item: Question | Answer) -> SafeString:
    """Return a message with all of its text, in place of one that is folded."""
    return _question(item) if isinstance(item, Question) else _answer(item, draw(item))


def at_the_end(html: SafeString) -> SafeString:
    """Return new items for the end of the page, which skips those that it has already."""
    return format_html('<div hx-swap-oob="beforeend:#messages">{}</div>', html) if html else NOTHING


# --- an answer that is being written ---------------------------------------------------------------------------


def _question(item: Question, *, is_folded: bool = False) -> SafeString:
    return _template("question", {"entry": item, "excerpt": excerpt(item.text) if is_folded else ""})


def _answer(item: Answer, html: SafeString | None, **more: object) -> SafeString:
    """Return a whole answer with the ``html`` of its text; None: folded."""
    text = {"html": SafeString("") if html is None else html, "excerpt": excerpt(item.text) if html is None else ""}
    return _template("answer", {"entry": item, "pictures": item.pictures, **text, **more})


def open_answer(item: Answer, stream: BlockStream, pictures: Sequence[str]) -> SafeString:
    """Return an answer that is being written, with the blocks and the open end that ``stream`` has so far."""
    text = {"blocks": blocks(stream.blocks), "tail": stream.tail}
    return _template("answer", {"entry": item, "pictures": pictures, **text})


def more_of_answer(id: str, answer: OpenAnswer, closed: Iterable[str]) -> SafeString:
    """Return the ``closed`` blocks that are new in an open answer, its open end, and its pictures if it has some."""
    more = more_blocks(id, closed, tail=answer.stream.tail)
    if not answer.pictures:
        return more
    return _template("pictures", {"id": id, "pictures": answer.pictures, "oob": True}) + more


def finished(items: Iterable[Item]) -> SafeString:
    """Return answers in their final form, in place of the open ones."""
    answers = [each for each in items if isinstance(each, Answer)]
    page = fit_to_page(answers)
    return format_html_join("", "{}", ((_answer(each, page.html.get(each.id), oob=True),) for each in answers))


def blocks(closed: Iterable[str]) -> SafeString:
    """Return closed blocks, which are sanitized HTML already."""
    return format_html_join("", '<div class="block">{}</div>', ((mark_safe(html),) for html in closed))  # noqa: S308


def more_blocks(message_id: str, closed: Iterable[str], *, tail: str) -> SafeString:
    """Return more closed blocks for an open answer, and its open end in place of the one before."""
    html = blocks(closed)
    more = format_html('<div hx-swap-oob="beforeend:#{}-blocks">{}</div>', message_id, html) if html else NOTHING
    return format_html('{}<div class="tail" id="{}-tail" hx-swap-oob="true">{}</div>', more, message_id, tail)


# --- code that is run ------------------------------------------------------------------------------------------


def _code_step(item: CodeStep, **more: object) -> SafeString:
    cells = [(call, call.code if call.state == "writing" else highlight(call.code, "python")) for call in item.calls]
    return _template("code_cells", {"entry": item, "cells": cells, **more})


def code_changes(changes: CodeChanges) -> Iterator[SafeString]:
    """Yield code steps as they are now in place of what the page has, and remove those that were never whole."""
    for step in changes.changed:
        yield _code_step(step, oob=True)
    for id in changes.removed:
        yield format_html('<section id="{}" hx-swap-oob="delete"></section>', id)


# --- around the messages ---------------------------------------------------------------------------------------


def run_panel(
    thread: Thread, run: Object | None, *, live: bool, is_writing: bool, is_searching: bool = False
) -> SafeString:
    """Return what the live run does now: thinks, searches, waits for functions or a restart, stops. Empty when none is
    live.
    """
    calls = []
    if run and run["required_action"]:
        calls = [call["function"] for call in run["required_action"]["submit_tool_outputs"]["tool_calls"]]
    is_postponed = run is not None and run["status"] == RunStatus.QUEUED and Worker.is_draining()
    doing = {"live": live, "is_writing": is_writing, "is_searching": is_searching, "is_postponed": is_postponed}
    return _template("run_panel", {"thread": thread, "run": run, "calls": calls, **doing})


def waiting(thread: Thread) -> SafeString:
    """Return the messages that wait until the thread is free."""
    context = {"waiting_messages": waiting_messages(thread), "is_postponed": Worker.is_draining()}
    return _template("waiting_messages", {"thread": thread, **context})


def title(thread: Thread) -> SafeString:
    return format_html('<h1 id="title" hx-swap-oob="true">{}</h1>', str(thread))


def announcement(events: Sequence[Event], *, begins_code: bool) -> SafeString:
    """Return what a screen reader says of ``events``: the most important. ``begins_code``: a model begins to write."""
    names = {event.name for event in events if event.name != types.STEP_COMPLETED}
    completed = [event.data["step_details"] for event in events if event.name == types.STEP_COMPLETED]
    if any(call["type"] == CODE_INTERPRETER for details in completed for call in details.get("tool_calls", ())):
        names.add(types.STEP_COMPLETED)
    words = [_("The assistant is running Python.")] if begins_code else []
    words += [ANNOUNCED[name] for name in ANNOUNCED if name in names]
    if not words:
        return NOTHING
    return format_html('<p id="announce" hx-swap-oob="innerHTML">{}</p>', words[-1])


def _template(name: str, context: dict[str, Any]) -> SafeString:
    # Without the line breaks around it: a frame begins with its element.
    return mark_safe(render_to_string(f"chat/{name}.html", context).strip())  # noqa: S308 -- a template's output
