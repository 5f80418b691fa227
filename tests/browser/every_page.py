"""Rows of every kind in a server's database, and the addresses of all its pages. Runs in the server's shell."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model as Row
from django.urls import reverse

from chat.actions.access import api_keys
from chat.models import Alias, Assistant, Message, Model, Provider, Run, RunStep, Thread, User
from chat.models.threads import text_part
from tests.cited import annotated, answer, read_file, result, search_step, store_of
from tests.interpreted import PNG, cell, code_step, made, output_file, shown

PROSE = """# A heading\n\n## Another\n\nSome *words*, `code`, a [link](https://example.org) and $e = mc^2$.

| city | weather |\n|---|---|\n| Oslo | rain |

- [x] done\n- [ ] not yet

```python\ndef answer() -> int:\n    return 42\n```"""
LONG = "averylongnamewithoutanyspacesinit" * 4
FUNCTION = {"name": "get_weather", "description": "Of a city.", "parameters": {"type": "object", "properties": {}}}
WAITED_FOR = {"name": "get_weather", "arguments": '{"city": "Oslo", "days": 3}', "output": None}


def make() -> list[str]:
    """Make the rows, and return the addresses of all pages."""
    boss = User.objects.get(is_superuser=True)
    store = store_of(boss, name=f"Handbook {LONG}", origin="admin")
    entry = read_file(store, f"{LONG}.md", ["Everyone has thirty days of leave.", "The canteen closes at two."])
    assistant = Assistant.objects.create(
        owner=boss,
        name="Researcher",
        description="Reads and calculates.",
        audience="everyone",
        starter_prompts=["What is π?", "Draw a sine curve."],
        tools=[{"type": "file_search"}, {"type": "code_interpreter"}, {"type": "function", "function": FUNCTION}],
        tool_resources={"file_search": {"vector_store_ids": [store.id]}},
    )
    thread = talk(boss, assistant, entry)
    api_keys.create(boss, name="A program")
    model = Model.objects.create(provider=Provider.objects.get(), name="small")
    group = Group.objects.create(name="Class 4")
    rows = [assistant, store, thread, thread.runs.first(), boss, group, model, boss.api_keys.first()]
    rows += [Alias.objects.create(pattern="gpt-*", model=model), Provider.objects.get()]
    return [*pages_of_people(thread), *pages_of_staff(rows), passages_page(store, entry)]


def talk(owner: User, assistant: Assistant, entry: Row) -> Thread:
    """Return a thread with everything that a chat can show."""
    thread = Thread.objects.create(owner=owner, assistant=assistant, title=f"About leave {LONG}")
    Message.objects.create(thread=thread, role="user", content=[text_part(f"How much leave do I have? {LONG}")])
    columns = {"thread": thread, "assistant": assistant, "assistant_name": "Researcher", "model": "scripted"}
    usage = {"prompt_tokens": 1200, "completion_tokens": 80, "total_tokens": 1280}
    tools = [{"type": "file_search"}, {"type": "code_interpreter"}]
    run = Run.objects.create(**columns, status="completed", tools=tools, usage=usage)
    search_step(run, result(entry, 0))
    answer(thread, run, annotated("Thirty days 【4:0†a】.\n\n" + PROSE, {"【4:0†a】": entry.file}))
    table, picture = output_file(owner, "numbers.csv"), output_file(owner, "plot.png", PNG)
    for number in range(2):
        code_step(run, cell(f"print({number})\n" + "x = 1\n" * 3, "0\n" * 5, picture, files=made(table)))
    code_step(run, cell("1 / 0", "ZeroDivisionError: division by zero", status="error"))
    answer(thread, run, shown(picture), text_part("Here is the picture."))
    for status in ("expired", "failed"):
        Message.objects.create(thread=thread, role="user", content=[text_part("And the weather?")])
        timeline = [[3, f"thread.run.{status}", 600, "It took too long."]]
        ended = Run.objects.create(**columns, status=status, timeline=timeline)
        calls = [{"id": "call_1", "type": "function", "function": WAITED_FOR}]
        RunStep.objects.create(
            run=ended, type="tool_calls", status=status, details={"type": "tool_calls", "tool_calls": calls}
        )
    return thread


def pages_of_people(thread: Thread) -> list[str]:
    names = ["home", "sign-in", "keys", "password-change", "password-change-done"]
    return [*map(reverse, names), reverse("thread", args=[thread.id]), "/no/such/page/"]


def pages_of_staff(rows: list[Row]) -> Iterator[str]:
    yield from (reverse("admin:index"), reverse("admin:sandbox"), reverse("admin:password_change"))
    by_kind = {type(row): row for row in rows}
    for kind in admin.site._registry:
        opts, row = kind._meta, by_kind[kind]
        page = f"admin:{opts.app_label}_{opts.model_name}"
        yield reverse(f"{page}_changelist")
        yield reverse(f"{page}_change", args=[row.pk])
        yield reverse(f"{page}_add")
    for page, kind in (("chat_assistant", Assistant), ("chat_thread", Thread)):
        for name in ("delete", "history"):
            yield reverse(f"admin:{page}_{name}", args=[by_kind[kind].pk])


def passages_page(store: Row, entry: Row) -> str:
    return reverse("admin:chat_vectorstore_passages", args=[store.pk, entry.pk])


if __name__ == "__main__":
    with transaction.atomic():  # the server's workers see no row half made
        print(json.dumps(make()))
