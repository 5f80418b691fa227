"""What belongs to someone else answers exactly like what does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group

from chat.actions.access import api_keys
from chat.actions.assistants import assistants
from chat.actions.conversation import threads
from chat.actions.files import files
from chat.errors import NotFound, NotSignedIn
from chat.models import ApiKey, Assistant, Audience, File, Thread, User

pytestmark = pytest.mark.django_db
DOINGS: dict[str, Callable[[User, str], Any]] = {
    "reading": threads.get,
    "renaming": lambda user, id: threads.rename(user, id, title="Mine"),
    "archiving": threads.archive,
    "deleting": threads.delete,
}


@pytest.fixture
def thread(ada: User, assistant: Assistant) -> Thread:
    return Thread.objects.create(owner=ada, assistant=assistant, title="Ada's")


class TestSomeoneElsesThread:
    @pytest.mark.parametrize("doing", DOINGS)
    def test_is_absent(self, thread: Thread, bob: User, doing: str) -> None:
        with pytest.raises(NotFound) as foreign:
            DOINGS[doing](bob, thread.id)
        with pytest.raises(NotFound) as absent:
            DOINGS[doing](bob, "thread_absent")
        assert foreign.value.as_body() == {
            "error": {**absent.value.as_body()["error"], "message": f"No thread found with id '{thread.id}'."}
        }
        thread.refresh_from_db()
        assert (thread.title, thread.archived_at) == ("Ada's", None)

    def test_is_not_listed(self, thread: Thread, ada: User, bob: User) -> None:
        threads.rename(ada, thread.id, title="Ada's")
        assert list(threads.search(ada, words="Ada")) == [thread]
        assert list(threads.search(bob, words="Ada")) == []


class TestSomeoneElsesFile:
    def test_is_absent(self, ada: User, bob: User) -> None:
        file = File.objects.create(owner=ada, filename="a.txt", content_type="text/plain", bytes=1)
        assert files.get(ada, file.id) == file
        with pytest.raises(NotFound):
            files.get_all(bob, [file.id], param="file_ids[]")


class TestAnAssistant:
    def test_is_absent_unless_it_is_shared(self, assistant: Assistant, bob: User) -> None:
        Assistant.objects.update(audience="owner")
        with pytest.raises(NotFound):
            assistants.get(bob, assistant.id)
        assert list(assistants.usable(bob)) == []

    def test_is_there_for_everyone_when_shared_with_all(self, assistant: Assistant, bob: User) -> None:
        assert assistants.get(bob, assistant.id) == assistant

    def test_is_there_for_its_groups_only(self, assistant: Assistant, bob: User, make_user) -> None:
        tutors = Group.objects.create(name="tutors")
        other = Group.objects.create(name="others")
        Assistant.objects.update(audience="groups")
        assistant.groups.add(tutors, other)
        with pytest.raises(NotFound):
            assistants.get(bob, assistant.id)
        bob.groups.add(tutors, other)
        assert list(assistants.usable(bob)) == [assistant]

    @pytest.mark.parametrize("audience", Audience.values)
    @pytest.mark.parametrize("is_member", [False, True])
    def test_is_found_by_its_id_where_it_is_listed(
        self, assistant: Assistant, ada: User, bob: User, audience: str, is_member: bool
    ) -> None:
        Assistant.objects.update(audience=audience)
        assistant.groups.add(Group.objects.create(name="tutors"))
        if is_member:
            bob.groups.add(assistant.groups.get())
        for user in (ada, bob):
            for listed in assistants.usable(user):
                assert assistants.get(user, listed.id) == assistant
            if not assistants.usable(user):
                with pytest.raises(NotFound):
                    assistants.get(user, assistant.id)


class TestAnApiKey:
    def test_acts_as_its_owner(self, ada: User) -> None:
        _key, secret = api_keys.create(ada, name="laptop")
        assert api_keys.owner_of(secret) == ada

    def test_is_not_kept_in_clear(self, ada: User) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        row = ApiKey.objects.filter(pk=key.pk).values().get()
        assert secret not in str(row)
        assert secret.startswith(row["start"])

    def test_does_not_work_when_revoked(self, ada: User) -> None:
        key, secret = api_keys.create(ada, name="laptop")
        key.revoke()
        with pytest.raises(NotSignedIn):
            api_keys.owner_of(secret)

    def test_does_not_work_for_someone_who_was_deactivated(self, ada: User) -> None:
        _key, secret = api_keys.create(ada, name="laptop")
        User.objects.update(is_active=False)
        with pytest.raises(NotSignedIn):
            api_keys.owner_of(secret)

    @pytest.mark.parametrize("secret", ["", "et-guess", "é" * 5000])
    def test_cannot_be_guessed(self, ada: User, secret: str) -> None:
        with pytest.raises(NotSignedIn):
            api_keys.owner_of(secret)
