"""Threads: find, rename, delete."""

from __future__ import annotations

import pytest
from django.db import connection

from chat.actions.conversation import messages, runs, threads
from chat.actions.conversation.runs import NewRun
from chat.engine.recording import run_lifecycle
from chat.errors import InvalidRequest
from chat.models import File, Message, Run, Thread, User
from chat.models.threads import text_part
from chat.retrieval.keywords import chats

pytestmark = pytest.mark.django_db
FOUND = [  # what was said, and what finds it
    ("Käse und Brot", "Käse"),
    ("Käse und Brot", "KÄS"),
    ("Käse und Brot", "kase"),
    ("Die Straße", "STRASSE"),
    ("Привет, мир", "привет"),
    ("Привет, мир", "МИР"),
    ("東京都に行きたい", "京都"),
    ("안녕하세요 여러분", "녕하"),
    ("नमस्ते दुनिया", "नमस्ते"),
    ("Γειά σου Κόσμε", "κοσμε"),
    ("שלום עולם", "עולם"),
    ("don't panic", "don't"),
    ('She said "no" twice', '"no"'),
    ('She said "no" twice', '"'),
    (r"Look in C:\Temp\new", r"c:\temp"),
    (r"Look in C:\Temp\new", "\\"),
    ("What is max_tokens?", "max_tokens"),
    ("100 % of it", "%"),
    ("snake_case", "_"),
    ("So happy 🙂", "🙂"),
    ("a" * 90 + "b", "a" * 80),
]
SAID = 'She said "no" in C:\\Temp'
NOT_FOUND = ["type", "annotations", "value", "text", "[]", "{", "u00e4", "temperature", "e", "tem:", "_", "%", "'"]


def say(thread: Thread, text: str, *, in_title: bool = False) -> None:
    threads.rename(thread.owner, thread.id, title=text if in_title else "...")
    if not in_title:
        messages.create(thread.owner, thread.id, content=text)


def indexed() -> dict[str, set[int]]:
    """Return the keys of the rows that the index has."""
    found = {}
    with connection.cursor() as cursor:
        for table in (chats.MESSAGES, chats.TITLES):
            cursor.execute(f"SELECT rowid FROM {table}")
            found[table] = {key for (key,) in cursor.fetchall()}
    return found


class TestFinding:
    def test_looks_for_every_word_in_title_and_messages(self, thread: Thread, ada: User) -> None:
        messages.create(ada, thread.id, content="How much yeast?")
        threads.rename(ada, thread.id, title="Bread")
        threads.create(ada)

        assert list(threads.search(ada, words="yeast bread")) == [thread]
        assert list(threads.search(ada, words="yeast butter")) == []

    @pytest.mark.parametrize("in_title", [False, True])
    @pytest.mark.parametrize(("said", "words"), FOUND)
    def test_finds_words_of_any_script(self, thread: Thread, ada: User, said: str, words: str, in_title: bool) -> None:
        say(thread, said, in_title=in_title)
        assert list(threads.search(ada, words=words)) == [thread]

    @pytest.mark.parametrize("in_title", [False, True])
    @pytest.mark.parametrize("words", NOT_FOUND)
    def test_finds_nothing_that_nobody_wrote(self, thread: Thread, ada: User, words: str, in_title: bool) -> None:
        say(thread, SAID, in_title=in_title)
        assert list(threads.search(ada, words=words)) == []

    def test_finds_what_an_answer_says_once_it_is_whole(self, thread: Thread, ada: User) -> None:
        run = runs.start(thread, NewRun(runs.assistant_of(thread)))
        message, _step, _events = run_lifecycle.open_message(run)
        message.content = [text_part("Knusprige Laugenbrezeln")]
        assert not threads.search(ada, words="brezeln laugenbrezeln")
        run_lifecycle.close_message(message, run=run)
        assert list(threads.search(ada, words="laugenb")) == [thread]

    def test_finds_an_old_name_no_more(self, thread: Thread, ada: User) -> None:
        threads.rename(ada, thread.id, title="Bread")
        threads.rename(ada, thread.id, title="Cake")
        assert list(threads.search(ada, words="cake")) == [thread]
        assert list(threads.search(ada, words="bread")) == []

    def test_finds_only_the_own(self, thread: Thread, ada: User, bob: User) -> None:
        say(thread, SAID)
        for words in ("said", '"', "\\"):
            assert list(threads.search(bob, words=words)) == []

    def test_takes_a_whole_page_of_words(self, thread: Thread, ada: User) -> None:
        say(thread, SAID)
        assert list(threads.search(ada, words="she said " * 5_000)) == [thread]
        assert list(threads.search(ada, words=" ".join(map(str, range(5_000))))) == []

    def test_forgets_the_words_of_what_is_deleted(self, thread: Thread, ada: User) -> None:
        say(thread, SAID)
        before = indexed()
        threads.delete(ada, thread.id)
        after = indexed()
        assert len(before[chats.MESSAGES] - after[chats.MESSAGES]) == 1
        assert len(before[chats.TITLES] - after[chats.TITLES]) == 1

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
