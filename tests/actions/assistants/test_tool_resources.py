from __future__ import annotations

from typing import Any

import pytest

from chat.actions.assistants import tool_resources
from chat.actions.knowledge import vector_stores
from chat.errors import InvalidRequest, NotFound
from chat.models import User, VectorStore
from tests.actions.knowledge.stores import ids_of


class TestToolResourcesThatAreGiven:
    @pytest.mark.parametrize("nothing", [None, {}, {"code_interpreter": None, "file_search": None}])
    def test_may_be_nothing(self, ada: User, nothing: dict[str, Any] | None) -> None:
        assert tool_resources.clean_resources(ada, nothing) == {}

    def test_keep_only_the_keys_that_were_given(self, ada: User) -> None:
        store = vector_stores.create(ada)
        one, other = ids_of(ada, 2)
        code = {"code_interpreter": {"file_ids": [other, one, other]}}
        search = {"file_search": {"vector_store_ids": [store.id]}}
        assert tool_resources.clean_resources(ada, code) == {"code_interpreter": {"file_ids": [other, one]}}
        assert tool_resources.clean_resources(ada, search) == search
        assert list(tool_resources.clean_resources(ada, code | search)) == ["code_interpreter", "file_search"]

    def test_keep_an_empty_list_for_a_tool_that_was_named(self, ada: User) -> None:
        kept = tool_resources.clean_resources(ada, {"code_interpreter": {}, "file_search": {}})
        assert kept == {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}}

    def test_may_not_name_a_file_of_someone_else(self, ada: User, bob: User) -> None:
        (theirs,) = ids_of(bob, 1)
        with pytest.raises(NotFound, match=f"^No such File object: {theirs}$"):
            tool_resources.clean_resources(ada, {"code_interpreter": {"file_ids": [theirs]}})

    def test_may_not_name_a_store_of_someone_else(self, ada: User, bob: User) -> None:
        theirs = vector_stores.create(bob)
        with pytest.raises(NotFound, match=f"^No vector store found with id '{theirs.id}'.$"):
            tool_resources.clean_resources(ada, {"file_search": {"vector_store_ids": [theirs.id]}})

    @pytest.mark.parametrize(("for_thread", "days"), [(True, 7), (False, None)])
    def test_have_a_store_made_whose_id_takes_its_place(self, ada: User, for_thread: bool, days: int | None) -> None:
        file_ids = ids_of(ada, 2)
        wanted = {"file_ids": file_ids, "metadata": {"for": "test"}, "chunking_strategy": {"type": "auto"}}
        kept = tool_resources.clean_resources(ada, {"file_search": {"vector_stores": [wanted]}}, for_thread=for_thread)
        store = VectorStore.objects.get()
        assert kept == {"file_search": {"vector_store_ids": [store.id]}}
        assert (store.owner, store.metadata, store.expires_after) == (ada, {"for": "test"}, days)
        assert store.origin == ("attachment" if for_thread else "api")
        assert {file.id for file in store.files.all()} == set(file_ids)

    def test_may_not_both_name_a_store_and_have_one_made(self, ada: User) -> None:
        both = {"vector_store_ids": [vector_stores.create(ada).id], "vector_stores": [{"file_ids": []}]}
        with pytest.raises(InvalidRequest, match="exclude each other") as refused:
            tool_resources.clean_resources(ada, {"file_search": both})
        assert refused.value.param == "file_search"
        assert VectorStore.objects.count() == 1

    def test_leave_no_store_behind_when_they_are_refused(self, ada: User) -> None:
        wanted = {"file_ids": [*ids_of(ada, 1), "file-none"]}
        with pytest.raises(NotFound):
            tool_resources.clean_resources(ada, {"file_search": {"vector_stores": [wanted]}})
        assert not VectorStore.objects.exists()
