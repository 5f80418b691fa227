"""The settings of a run."""

from __future__ import annotations

from chat.actions.conversation.run_settings import merge


class TestTheResourcesOfARun:
    def test_are_the_assistants_and_the_threads(self) -> None:
        assistant = {"code_interpreter": {"file_ids": ["file-a"]}, "file_search": {"vector_store_ids": ["vs_a"]}}
        thread = {
            "code_interpreter": {"file_ids": ["file-t", "file-a"]},
            "file_search": {"vector_store_ids": ["vs_t"]},
        }
        assert merge(assistant, thread) == {
            "code_interpreter": {"file_ids": ["file-a", "file-t"]},
            "file_search": {"vector_store_ids": ["vs_a", "vs_t"]},
        }

    def test_have_only_the_tools_that_either_has(self) -> None:
        search = {"file_search": {"vector_store_ids": ["vs_t"]}}
        assert merge({}, {}) == {}
        assert merge(search, {}) == search
        assert merge({}, search) == search
