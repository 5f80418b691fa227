"""Threads of chat completions: those that are kept, and temporary ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.actions import expiry_sweep
from chat.actions.conversation import threads
from chat.actions.conversation.completions import NewCompletion, thread_id_of
from chat.models import Thread, User
from chat.models.runs import LIFE

pytestmark = pytest.mark.django_db


class TestAThreadsId:
    def test_is_the_same_for_the_same_names_of_one_owner_alone(self, ada: User, bob: User) -> None:
        named = [(ada, "u", "t"), (bob, "u", "t"), (ada, "v", "t"), (ada, "u", "s"), (ada, "", "ut")]
        ids = [
            thread_id_of(owner, NewCompletion({}, end_user=end_user, thread_name=name))
            for owner, end_user, name in named
        ]
        assert len(set(ids)) == len(ids)
        assert thread_id_of(ada, NewCompletion({}, end_user="u", thread_name="t")) == ids[0]

    def test_is_another_each_time_for_one_that_is_not_kept(self, ada: User) -> None:
        assert thread_id_of(ada, NewCompletion({})) != thread_id_of(ada, NewCompletion({}))


class TestATemporaryThread:
    def test_is_in_no_list(self, ada: User) -> None:
        threads.create(ada, temporary=True)
        kept = threads.create(ada)
        assert list(threads.search(ada)) == list(threads.of_user(ada)) == [kept]

    @pytest.mark.parametrize(("age", "is_left"), [(LIFE, True), (3 * LIFE, False)])
    def test_is_swept_when_its_server_has_forgotten_it(self, ada: User, age: timedelta, is_left: bool) -> None:
        active_at = timezone.now() - age
        for temporary in (True, False):
            Thread.objects.filter(pk=threads.create(ada, temporary=temporary).pk).update(active_at=active_at)
        expiry_sweep.sweep()
        assert Thread.objects.filter(temporary=True).exists() == is_left
        assert Thread.objects.filter(temporary=False).exists()
