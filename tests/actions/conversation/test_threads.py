"""Threads: find, rename, delete."""

from __future__ import annotations

import pytest

from chat.actions.conversation import threads
from chat.errors import InvalidRequest
from chat.models import File, Message, Run, Thread, User
from chat.models.threads import text_part

pytestmark = pytest.mark.django_db


class TestFinding:
    def test_looks_for_every_word_in_title_and_messages(self, thread: Thread, ada: User) -> None:
        Thread.objects.filter(pk=thread.pk).update(title="Bread")
        Message.objects.create(thread=thread, role="user", content=[text_part("How much yeast?")])
        threads.create(ada)

        assert list(threads.search(ada, words="yeast bread")) == [thread]
        assert list(threads.search(ada, words="yeast butter")) == []

    def test_shows_the_last_active_first_and_leaves_out_the_archived(self, ada: User) -> None:
        old, new, put_away = (threads.create(ada) for _ in range(3))
        threads.archive(ada, put_away.id)
        old.touch()

        assert list(threads.search(ada)) == [old, new]
        assert list(threads.search(ada, archived=True)) == [put_away]


class TestRenaming:
    def test_tidies_the_name(self, thread: Thread, ada: User) -> None:
        assert threads.rename(ada, thread.id, title="  My \n bread ").title == "My bread"

    @pytest.mark.parametrize("title", ["", "  ", "x" * 201])
    def test_refuses_a_name_that_is_none(self, thread: Thread, ada: User, title: str) -> None:
        with pytest.raises(InvalidRequest):
            threads.rename(ada, thread.id, title=title)


class TestDeleting:
    def test_takes_messages_and_runs_along_but_not_files(self, thread: Thread, ada: User) -> None:
        file = File.objects.create(owner=ada, filename="a.txt", content_type="text/plain", bytes=1)
        Message.objects.create(thread=thread, role="user")
        Run.objects.create(thread=thread, model="default")
        threads.delete(ada, thread.id)

        assert not Message.objects.exists()
        assert not Run.objects.exists()
        assert File.objects.filter(pk=file.pk).exists()
