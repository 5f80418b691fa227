"""Threads over the API: reference, sections 2 to 5."""

from __future__ import annotations

import pytest

from chat.actions.conversation import sending
from chat.models import Assistant, File, Message, Run, Thread, User, VectorStore
from tests.actions.knowledge.stores import file_of, ids_of
from tests.api.calling import Api, Body, absent, told

pytestmark = pytest.mark.django_db
NO_FILES = {"code_interpreter": {"file_ids": []}}


def said(text: str, **fields: object) -> Body:
    return {"role": "user", "content": text} | fields


class TestANewThread:
    def test_of_nothing_is_shown_whole(self, api: Api) -> None:
        shown = api.made("/threads")
        row = Thread.objects.get()
        assert shown == {
            "id": row.id,
            "object": "thread",
            "created_at": int(row.created_at.timestamp()),
            "metadata": {},
            "tool_resources": NO_FILES,
        }
        assert api.found(f"/threads/{row.id}") == shown

    def test_takes_null_for_nothing(self, api: Api) -> None:
        shown = api.made("/threads", {"messages": None, "metadata": None, "tool_resources": None})
        assert (shown["metadata"], shown["tool_resources"]) == ({}, NO_FILES)

    def test_holds_its_first_messages_in_order(self, api: Api) -> None:
        roles = ["user", "assistant", "user"]
        given = [{"role": role, "content": f"{place}"} for place, role in enumerate(roles)]
        path = f"/threads/{api.made('/threads', {'messages': given})['id']}/messages"
        shown = api.found(path, order="asc")["data"]
        assert [(row["role"], row["content"][0]["text"]["value"]) for row in shown] == [
            ("user", "0"),
            ("assistant", "1"),
            ("user", "2"),
        ]

    def test_gives_what_is_attached_to_its_tools(self, api: Api, ada: User) -> None:
        """Section 5."""
        code, searched = ids_of(ada, 2)
        attachments = [
            {"file_id": code, "tools": [{"type": "code_interpreter"}]},
            {"file_id": searched, "tools": [{"type": "file_search"}]},
        ]
        shown = api.made("/threads", {"messages": [said("Look.", attachments=attachments)]})
        store = VectorStore.objects.get()
        assert shown["tool_resources"] == {
            "code_interpreter": {"file_ids": [code]},
            "file_search": {"vector_store_ids": [store.id]},
        }
        assert api.found(f"/threads/{shown['id']}") == shown

    def test_may_have_a_store_made_that_lives_a_week(self, api: Api, ada: User) -> None:
        given = {"file_search": {"vector_stores": [{"file_ids": ids_of(ada, 1)}]}}
        shown = api.made("/threads", {"tool_resources": given})
        [store_id] = shown["tool_resources"]["file_search"]["vector_store_ids"]
        assert api.found(f"/vector_stores/{store_id}")["expires_after"] == {"anchor": "last_active_at", "days": 7}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"messages": [said("Fine."), said("  ")]},
            {"messages": [said("Fine."), said("Look.", attachments=[{"file_id": "file-x"}])]},
            {"messages": [said("Fine.")], "tool_resources": {"file_search": {"vector_store_ids": ["vs_x"]}}},
        ],
    )
    def test_is_made_whole_or_not_at_all(self, api: Api, wrong: Body) -> None:
        assert api.post("/threads", wrong).status_code in (400, 404)
        assert not Thread.objects.exists()
        assert not Message.objects.exists()

    def test_is_named_by_its_first_words_in_the_chat_page(self, api: Api) -> None:
        api.made("/threads", {"messages": [{"role": "assistant", "content": "Hi!"}, said("What is love?")]})
        assert Thread.objects.get().title == "What is love?"


class TestAChangedThread:
    def test_has_its_metadata_replaced_as_a_whole(self, api: Api) -> None:
        made = api.made("/threads", {"metadata": {"a": "1", "b": "2"}})
        changed = api.made(f"/threads/{made['id']}", {"metadata": {"b": "3"}})
        assert changed == made | {"metadata": {"b": "3"}}
        assert api.found(f"/threads/{made['id']}") == changed

    def test_keeps_what_is_not_sent(self, api: Api, ada: User) -> None:
        resources = {"code_interpreter": {"file_ids": ids_of(ada, 1)}}
        made = api.made("/threads", {"metadata": {"a": "1"}, "tool_resources": resources})
        assert api.made(f"/threads/{made['id']}") == made
        assert api.made(f"/threads/{made['id']}", {}) == made
        assert api.made(f"/threads/{made['id']}", {"metadata": {}})["tool_resources"] == resources

    def test_loses_what_is_null(self, api: Api, ada: User) -> None:
        resources = {"code_interpreter": {"file_ids": ids_of(ada, 1)}}
        made = api.made("/threads", {"metadata": {"a": "1"}, "tool_resources": resources})
        changed = api.made(f"/threads/{made['id']}", {"metadata": None, "tool_resources": None})
        assert (changed["metadata"], changed["tool_resources"]) == ({}, NO_FILES)

    def test_may_change_while_a_run_is_live(self, api: Api, assistant: Assistant, thread: Thread) -> None:
        """Section 6.3."""
        api.made(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id})
        assert api.made(f"/threads/{thread.id}", {"metadata": {"a": "b"}})["metadata"] == {"a": "b"}

    def test_cannot_be_given_a_store_by_the_way(self, api: Api, thread: Thread) -> None:
        reply = api.post(f"/threads/{thread.id}", {"tool_resources": {"file_search": {"vector_stores": []}}})
        assert reply.json()["error"]["param"] == "tool_resources.file_search.vector_stores"


class TestADeletedThread:
    def test_is_gone_with_its_messages_and_runs(self, api: Api, assistant: Assistant, thread: Thread) -> None:
        Message.objects.create(thread=thread, role="user")
        run = Run.objects.create(thread=thread, assistant=assistant, status="completed")
        reply = api.delete(f"/threads/{thread.id}")
        assert told(reply) == (200, {"id": thread.id, "object": "thread.deleted", "deleted": True})
        gone = absent(f"No thread found with id '{thread.id}'.")
        assert told(api.get(f"/threads/{thread.id}")) == gone
        assert told(api.get(f"/threads/{thread.id}/runs/{run.id}")) == gone
        assert told(api.delete(f"/threads/{thread.id}")) == gone
        assert not Message.objects.exists()
        assert not Run.objects.exists()

    def test_may_have_a_live_run(self, api: Api, assistant: Assistant, thread: Thread) -> None:
        api.made(f"/threads/{thread.id}/runs", {"assistant_id": assistant.id})
        assert api.delete(f"/threads/{thread.id}").status_code == 200

    def test_leaves_its_files_and_stores(self, api: Api, ada: User) -> None:
        """Section 5."""
        attachments = [{"file_id": file_of(ada).id, "tools": [{"type": "file_search"}]}]
        made = api.made("/threads", {"messages": [said("Look.", attachments=attachments)]})
        api.delete(f"/threads/{made['id']}")
        assert (File.objects.count(), VectorStore.objects.count()) == (1, 1)


class TestTheListOfThreads:
    """Our own: OpenAI never had it."""

    def test_has_those_of_the_chat_page_too(self, api: Api, ada: User, assistant: Assistant) -> None:
        made = api.made("/threads")["id"]
        chat = Thread.objects.create(owner=ada, assistant=assistant)
        sending.send(chat.owner, chat.id, text="Hello?", client_key="one")
        assert [row["id"] for row in api.found("/threads")["data"]] == [chat.id, made]

    def test_has_nobody_elses(self, api: Api, bob: User) -> None:
        Thread.objects.create(owner=bob)
        assert api.found("/threads")["data"] == []

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("user", "42"),
            ("a__contains", "1"),
            ("a__b", "__"),
            ("a.b", "x.y"),
            ("it's", "so 'quoted'"),
            ('say "hi"', '"'),
            ("$[0]", "$"),
            ("0", "0"),
            ("ключ", "значение"),
            ("back\\slash", "\\"),
            ("%", "%%"),
            ("a b", ""),
            ("a[b]", "c]"),
            ("x" * 64, "y" * 512),
            ("pair_0", "1"),
            ("owner", "1"),
            ("true", "true"),
            ("null", "null"),
        ],
    )
    def test_is_filtered_by_a_pair_of_metadata(self, api: Api, key: str, value: str) -> None:
        found = api.made("/threads", {"metadata": {key: value, "other": "pair"}})["id"]
        api.made("/threads", {"metadata": {key: "another"}})
        api.made("/threads", {"metadata": {"another": value}})
        api.made("/threads")
        assert [row["id"] for row in api.found("/threads", **{f"metadata[{key}]": value})["data"]] == [found]

    def test_is_filtered_by_all_pairs_together(self, api: Api) -> None:
        for pairs in ({"a": "1"}, {"b": "2"}, {"a": "1", "b": "2"}, {"a": "1", "b": "3"}):
            api.made("/threads", {"metadata": pairs})
        shown = api.found("/threads", **{"metadata[a]": "1", "metadata[b]": "2"})["data"]
        assert [row["metadata"] for row in shown] == [{"a": "1", "b": "2"}]

    def test_keeps_its_filter_over_pages(self, api: Api) -> None:
        wanted = [api.made("/threads", {"metadata": {"k": str(place % 2)}})["id"] for place in range(6)][1::2][::-1]
        first = api.found("/threads", **{"metadata[k]": "1", "limit": 2})
        rest = api.found("/threads", **{"metadata[k]": "1", "limit": 2, "after": first["last_id"]})
        assert [row["id"] for row in first["data"] + rest["data"]] == wanted
        assert (first["has_more"], rest["has_more"]) == (True, False)
