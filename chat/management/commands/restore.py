"""``manage.py restore FILE``: an empty installation becomes that of a backup."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand

from chat import data_folder
from chat.management.set_up import set_up_alone
from chat.management.transfer.archive import Archive
from chat.management.transfer.failures import transfer_failures
from chat.management.transfer.receive import check_secret, receive


class Command(BaseCommand):
    help = "Fill an empty database and its storage of files from a backup, on SQLite or PostgreSQL, folder or bucket."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="what manage.py backup wrote; -: standard input")
        parser.add_argument("--new-secret", action="store_true", help="the secret key of the backup is lost")

    def handle(self, *, file: str, new_secret: bool, **options: Any) -> None:
        with ExitStack() as opened:
            opened.enter_context(transfer_failures())
            stream = sys.stdin.buffer if file == "-" else opened.enter_context(Path(file).open("rb"))
            archive = Archive(stream)
            check_secret(archive.manifest, is_lost=new_secret)
            opened.enter_context(set_up_alone())
            totals = receive(archive, default_storage, new_secret=new_secret)
            data_folder.make_private()
        self.stdout.write(
            f"Restored the backup of {archive.manifest.made_at}: {totals.rows} rows and {totals.files.count} files, as"
            " they were. Start manage.py serve."
        )
