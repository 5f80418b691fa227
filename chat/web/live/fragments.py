"""The pieces of HTML that the page is made of, and that sockets and polls replace by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from chat.models import Thread
from chat.models.objects import Object
from chat.web.live.open_answer import Writing
from chat.web.markdown import BlockStream, highlighted, render
from chat.web.timeline import history
from chat.web.timeline.items import Answer, Ending, Entry, Question, Work

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

NOTHING = SafeString("")


def entry(shown: Entry) -> SafeString:
    """A message, code that was run, or an ending, whole."""
    match shown:
        case Work():
            return _work(shown)
        case Question():
            return _template("question", {"entry": shown})
        case Ending():
            return _template("ending", {"entry": shown})
        case Answer(is_open=True):
            stream = BlockStream()
            stream.feed(shown.text, shown.marks, shown.links)
            return _open_answer(shown, stream=stream, pictures=shown.pictures)
        case Answer():
            return _answer(shown)


def entries(shown: Iterable[Entry]) -> SafeString:
    return format_html_join("\n", "{}", ((entry(each),) for each in shown))


def appended(shown: Iterable[Entry]) -> SafeString:
    """New entries for the end of the page, which skips those that it has already."""
    return _at_the_end(entries(shown))


def _at_the_end(html: SafeString) -> SafeString:
    return format_html('<div hx-swap-oob="beforeend:#messages">{}</div>', html) if html else NOTHING


# --- an answer that is being written ---------------------------------------------------------------------------


def _answer(shown: Answer, **more: object) -> SafeString:
    html = render(shown.text, shown.marks, shown.links)
    return _template("answer", {"entry": shown, "html": html, "pictures": shown.pictures, **more})


def _open_answer(shown: Answer, *, stream: BlockStream | Writing, pictures: Sequence[str]) -> SafeString:
    written = {"blocks": blocks(stream.blocks), "tail": stream.tail, "pictures": pictures}
    return _template("answer", {"entry": shown, **written})


def opened(shown: Iterable[Entry], *, writing: Writing) -> SafeString:
    """Answers that begin, for the end of the page; what there is of their text is in ``writing``."""
    answers = (
        _open_answer(each, stream=writing, pictures=writing.pictures) for each in shown if isinstance(each, Answer)
    )
    return _at_the_end(format_html_join("", "{}", ((each,) for each in answers)))


def finished(shown: Entry) -> SafeString:
    """An answer in its final form, in place of the open one."""
    return _answer(shown, oob=True) if isinstance(shown, Answer) else NOTHING


def blocks(closed: Iterable[str]) -> SafeString:
    """Closed blocks, already rendered and sanitized."""
    return format_html_join("", '<div class="block">{}</div>', ((mark_safe(html),) for html in closed))  # noqa: S308


def more_blocks(message_id: str, closed: Iterable[str], *, tail: str) -> SafeString:
    """More closed blocks for an open answer, and its open end in place of the one before."""
    html = blocks(closed)
    grown = format_html('<div hx-swap-oob="beforeend:#{}-blocks">{}</div>', message_id, html) if html else NOTHING
    return format_html('{}<div class="tail" id="{}-tail" hx-swap-oob="true">{}</div>', grown, message_id, tail)


def pictures(message_id: str, file_ids: Iterable[str]) -> SafeString:
    """All pictures of an open answer so far."""
    return _template("pictures", {"id": message_id, "pictures": file_ids, "oob": True})


# --- code that is run ------------------------------------------------------------------------------------------


def _work(shown: Work, **more: object) -> SafeString:
    cells = [(cell, cell.code if cell.state == "writing" else highlighted(cell.code, "python")) for cell in shown.cells]
    return _template("work", {"entry": shown, "cells": cells, **more})


def changed(shown: Work) -> SafeString:
    """Code that was run as it stands now, in place of what the page has of it."""
    return _work(shown, oob=True)


def gone(work_id: str) -> SafeString:
    """Takes code off the page that was never whole."""
    return format_html('<section id="{}" hx-swap-oob="delete"></section>', work_id)


# --- around the messages ---------------------------------------------------------------------------------------


def run_panel(
    thread: Thread, run: Object | None, *, live: bool, is_writing: bool, is_searching: bool = False
) -> SafeString:
    """What the live run does now: thinks, searches, waits for results of functions, stops. Empty when none is live."""
    calls = []
    if run and run["required_action"]:
        calls = [call["function"] for call in run["required_action"]["submit_tool_outputs"]["tool_calls"]]
    doing = {"live": live, "is_writing": is_writing, "is_searching": is_searching, "calls": calls}
    return _template("run", {"thread": thread, "run": run, **doing})


def waiting(thread: Thread) -> SafeString:
    """Messages that wait until the thread is free."""
    return _template("waiting", {"thread": thread, "queued": history.waiting(thread)})


def title(thread: Thread) -> SafeString:
    return format_html('<h1 id="title" hx-swap-oob="true">{}</h1>', str(thread))


def announcement(words: str | StrPromise) -> SafeString:
    """For screen readers."""
    return format_html('<p id="announce" hx-swap-oob="innerHTML">{}</p>', words)


def _template(name: str, context: dict[str, Any]) -> SafeString:
    return render_to_string(f"chat/{name}.html", context)
