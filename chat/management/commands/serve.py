"""``manage.py serve``: set up what is missing, then serve the pages and sockets, work on runs and read files."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

import chat
from chat import data_folder
from chat.actions import first_run
from chat.actions.conversation import sending
from chat.management.set_up import check_secret, limit_malloc_arenas, prepare_model, set_up_alone
from chat.management.workers import QUEUES, Workers
from chat.sandbox.broker.broker import raise_descriptor_limit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Command(BaseCommand):
    help = "Set up what is missing, then serve the chat page, the admin and the sockets, work on runs and read files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.EVERTHREAD_HOST, help="address to listen on")
        parser.add_argument("--port", default=settings.EVERTHREAD_PORT, help="port to listen on")
        parser.add_argument("--new-secret", action="store_true", help="take this secret key for a lost one")
        parser.add_argument(
            "--no-workers", action="store_true", help="leave runs, the reading of files and sweeps to manage.py work"
        )

    def handle(self, *, host: str, port: str, new_secret: bool, no_workers: bool, **options: Any) -> None:
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise CommandError(f"The port {port!r} is not a number from 1 to 65535. Set --port or PORT.")
        if no_workers:
            settings.EVERTHREAD_WORKERS = False  # /readyz asks for it, too
        limit_malloc_arenas()
        raise_descriptor_limit()
        check_port_free(host, int(port))
        self.stdout.write(f"Everthread {chat.__version__}")
        with set_up_alone():
            data_folder.make_private()
            if problem := data_folder.problem_at_start():
                raise CommandError(problem)
            call_command("migrate", interactive=False, verbosity=0)
            check_secret(renew=new_secret)
            collect_static()
            prepare_model(first_run.ensure_provider(), self.stdout, self.stderr)
            administrator = first_run.first_run(
                username=settings.EVERTHREAD_ADMIN_USERNAME, password=settings.EVERTHREAD_ADMIN_PASSWORD
            )
        self.greet(host, port, administrator)
        sending.post_all_waiting()
        connections.close_all()
        self.serve(host, int(port))

    def greet(self, host: str, port: str, administrator: first_run.Administrator | None) -> None:
        name = f"[{host}]" if ":" in host else host
        address = f"http://{'localhost' if host in ('0.0.0.0', '::') else name}:{port}/"  # noqa: S104 -- compared only
        self.stdout.write(f"\nOpen {self.style.SUCCESS(address)}")
        if host not in LOOPBACK:
            names = ", ".join(settings.ALLOWED_HOSTS)
            self.stdout.write(f"It answers under these names only: {names}. Set DJANGO_ALLOWED_HOSTS to change them.")
        if administrator is None:
            self.stdout.write("Sign in with your account; a forgotten password: manage.py changepassword NAME")
        elif administrator.password:
            self.stdout.write(
                f"Sign in as {administrator.username!r} with the password {self.style.SUCCESS(administrator.password)}"
            )
            self.stdout.write("It is shown only this once; change it after signing in.")
        else:
            self.stdout.write(
                f"Sign in as {administrator.username!r} with the password from EVERTHREAD_ADMIN_PASSWORD."
            )
        self.stdout.write("Stop with Ctrl-C.\n")
        self.stdout.flush()

    def serve(self, host: str, port: int) -> None:
        # Imported here, since importing Daphne installs Twisted's reactor, which no other command needs.
        from channels.routing import get_default_application
        from daphne.endpoints import build_endpoint_description_strings

        from chat.management.http_server.server import EverthreadServer

        endpoints = build_endpoint_description_strings(host=host, port=port)
        application = get_default_application()
        workers = Workers(QUEUES if settings.EVERTHREAD_WORKERS else ())
        server = EverthreadServer(application, endpoints=endpoints, workers=workers)
        server.run()
        if server.failure:
            raise CommandError(f"Cannot listen on {host}:{port}: {server.failure}")


def check_port_free(host: str, port: int) -> None:
    """Raise ``CommandError`` if the port is taken: before the set-up, which may take a while."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port} ({error.strerror}). Choose another with --host and --port, or PORT."
            ) from None


def collect_static() -> None:
    """Gather and compress the static files when one is newer than those gathered last."""
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    gathered_at = manifest.stat().st_mtime if manifest.exists() else 0.0
    for finder in get_finders():
        for path, storage in finder.list([]):
            if Path(storage.path(path)).stat().st_mtime > gathered_at:
                call_command("collectstatic", interactive=False, verbosity=0)
                return
