from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chat.actions.access import api_keys
from chat.models import ApiKey, User

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    out, notes = StringIO(), StringIO()
    call_command("createapikey", *arguments, stdout=out, stderr=notes)
    return out.getvalue(), notes.getvalue()


class TestCreateApiKey:
    def test_prints_the_key_alone(self, ada: User) -> None:
        printed, notes = run("ada")
        assert len(printed.split()) == 1
        assert api_keys.owner_of(printed.strip()) == ada
        assert printed.strip() not in notes

    def test_names_the_key(self, ada: User) -> None:
        run("ada", "--name", "nightly import")
        assert ApiKey.objects.get().name == "nightly import"

    def test_says_that_there_is_no_such_user(self, ada: User) -> None:
        with pytest.raises(CommandError, match="no user 'adam'"):
            run("adam")

    def test_makes_no_key_that_would_not_work(self, ada: User) -> None:
        User.objects.update(is_active=False)
        with pytest.raises(CommandError, match="not active"):
            run("ada")

    @pytest.mark.parametrize(("name", "problem"), [("", "Give the key a name"), ("x" * 101, "at most 100 characters")])
    def test_refuses_a_name_that_cannot_be_kept(self, ada: User, name: str, problem: str) -> None:
        with pytest.raises(CommandError, match=problem):
            run("ada", "--name", name)
