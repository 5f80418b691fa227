"""``manage.py createapikey USERNAME``: a key for programs. It alone goes to standard output, for pipes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.actions.access import api_keys
from chat.errors import InvalidRequest
from chat.models import User


class Command(BaseCommand):
    help = "Make an API key for a user and print it. It is not kept and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="whom the key acts for")
        parser.add_argument("--name", default="made with createapikey", help="what the key is for, to tell keys apart")

    def handle(self, *, username: str, name: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(
                f"There is no user {username!r}. Make one in the admin or with manage.py createsuperuser."
            )
        if not user.is_active:
            raise CommandError(f"The user {username!r} is not active, so a key would not work.")
        try:
            key, secret = api_keys.create(user, name=name)
        except InvalidRequest as refusal:
            raise CommandError(refusal.message) from None
        self.stderr.write(f"A key for {username!r}, named {key.name!r}. Keep it safe: it cannot be shown again.")
        self.stdout.write(secret)
