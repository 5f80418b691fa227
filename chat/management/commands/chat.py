"""``manage.py chat``: talk to an assistant in the terminal. It brings a worker, which may run beside a server's."""

from __future__ import annotations

import asyncio
import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat.actions.assistants import assistants
from chat.actions.conversation import sending, threads
from chat.engine.worker import Worker
from chat.management.console import Console
from chat.management.users import find_user
from chat.models import Assistant, User


class Command(BaseCommand):
    help = (
        "Talk to an assistant here. One line is one message; Ctrl-C stops an answer, Ctrl-D or /quit leaves. Lines may"
        " also come from a pipe."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--assistant", default="", help="its name or id; default: the first there is")
        parser.add_argument("--user", default="", help="as whom to talk; default: the first administrator")
        parser.add_argument("--no-stream", action="store_true", help="print answers when they are whole")

    def handle(self, *, assistant: str, user: str, no_stream: bool, **options: Any) -> None:
        logging.getLogger("chat").setLevel(logging.ERROR)  # what a run says of its failure is shown in the chat
        person = find_user(user)
        answering = find_assistant(person, assistant)
        thread = threads.create(person, assistant=answering)
        self.stderr.write(f"{answering} answers {person}. Ctrl-C stops an answer, Ctrl-D or /quit leaves.")
        console = Console(thread, stream=not no_stream, write=self.print, remark=self.stderr.write)
        worker = Worker(
            folder=settings.EVERTHREAD_DATA_DIR / "workers",
            limit=settings.EVERTHREAD_MAX_RUNS,
            after_run=sending.post_next,
        )
        if not asyncio.run(console.talk(worker)):
            raise SystemExit(1)

    def print(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()


def find_assistant(user: User, name: str) -> Assistant:
    """Return the assistant of that id, or of that name in any case. Raise ``CommandError``."""
    usable = assistants.usable(user)
    if not name:
        matches = list(usable.order_by("number")[:1])
    else:
        matches = list(usable.filter(id=name)) or list(usable.filter(name__iexact=name))
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise CommandError(
            f"Several assistants are named {name!r}: {', '.join(one.id for one in matches)}. Name one by id."
        )
    known = ", ".join(str(one) for one in usable) or "none"
    raise CommandError(f"There is no assistant {name!r} for {user}. There are: {known}.")
