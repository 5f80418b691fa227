"""Staff give an assistant knowledge: its own owner's, and nothing that is private to somebody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from chat.models import Assistant, Audience, User, VectorStore
from chat.tools.declarations import normalised
from tests.admin.assistants.test_admin import ADD, WEATHER, filled, page_of

pytestmark = pytest.mark.django_db
CODE = {"type": "code_interpreter"}
CODE_FILES = {"code_interpreter": {"file_ids": ["file-1"]}}


def searched(*stores: VectorStore) -> dict[str, Any]:
    return {"file_search": {"vector_store_ids": [store.id for store in stores]}}


def search(**settings: Any) -> dict[str, Any]:
    """The tool as the API shows it."""
    return normalised([{"type": "file_search", "file_search": settings}])[0]


def error(page: Any, field: str) -> str:
    return " ".join(page.context["adminform"].form.errors.get(field, []))


@pytest.fixture
def client(boss, enter, scripted) -> Client:
    return enter(boss)


class TestSearchInFiles:
    def test_is_given_with_a_store(self, boss, client, handbook) -> None:
        data = filled(boss, search_in_files="on", store=handbook.id, max_results="7", score_threshold="0.3")
        client.post(ADD, data)
        assistant = Assistant.objects.get()
        ranking = {"ranker": "default_2024_08_21", "score_threshold": 0.3, "hybrid_search": None}
        settings = {"max_num_results": 7, "ranking_options": ranking}
        assert assistant.tools == [{"type": "file_search", "file_search": settings}]
        assert assistant.tool_resources == searched(handbook)

    def test_is_given_without_a_store_for_what_is_attached_to_chats(self, boss, client) -> None:
        client.post(ADD, filled(boss, search_in_files="on"))
        assistant = Assistant.objects.get()
        assert assistant.tools == [search()]
        assert assistant.tool_resources == {}

    def test_shows_what_the_assistant_has(self, boss, client, handbook) -> None:
        tool = search(max_num_results=3, ranking_options={"score_threshold": 0.4})
        assistant = Assistant.objects.create(owner=boss, name="A", tools=[tool], tool_resources=searched(handbook))
        form = client.get(page_of(assistant)).context["adminform"].form
        initial = {name: form[name].initial for name in ("search_in_files", "store", "max_results", "score_threshold")}
        assert initial == {
            "search_in_files": True,
            "store": handbook.id,
            "max_results": 3,
            "score_threshold": 0.4,
        }

    def test_keeps_its_place_and_what_the_form_does_not_show(self, boss, client, handbook) -> None:
        tool = search(max_num_results=3, ranking_options={"ranker": "auto", "score_threshold": 0.4})
        function = {"type": "function", "function": WEATHER | {"strict": False}}
        resources = CODE_FILES | searched(handbook)
        assistant = Assistant.objects.create(owner=boss, tools=[CODE, tool, function], tool_resources=resources)
        data = filled(boss, run_code="on", search_in_files="on", store=handbook.id)
        data |= {"max_results": "3", "score_threshold": "0.4"}
        form = client.get(page_of(assistant)).context["adminform"].form
        client.post(page_of(assistant), data | {"functions": form["functions"].value()})
        assistant.refresh_from_db()
        assert assistant.tools == [CODE, tool, function]
        assert assistant.tool_resources == resources

    def test_is_taken_away(self, boss, client, handbook) -> None:
        resources = CODE_FILES | searched(handbook)
        assistant = Assistant.objects.create(owner=boss, name="A", tools=[CODE, search()], tool_resources=resources)
        client.post(page_of(assistant), filled(boss, run_code="on", store=handbook.id))
        assistant.refresh_from_db()
        assert (assistant.tools, assistant.tool_resources) == ([CODE], resources)
        client.post(page_of(assistant), filled(boss, run_code="on"))
        assistant.refresh_from_db()
        assert assistant.tool_resources == CODE_FILES

    def test_counts_as_a_tool(self, boss, client) -> None:
        functions = [{"name": f"f{number}"} for number in range(128)]

        data = filled(boss, functions=json.dumps(functions))
        assert error(client.post(ADD, data | {"search_in_files": "on"}), "functions") == "At most 127, please."
        assert client.post(ADD, data).status_code == 302

    @pytest.mark.parametrize(
        ("field", "value"), [("max_results", "0"), ("max_results", "51"), ("score_threshold", "1.5"), ("store", "vs_1")]
    )
    def test_has_the_limits_of_the_api(self, field, value, boss, client) -> None:
        assert error(client.post(ADD, filled(boss, **{field: value})), field)
        assert not Assistant.objects.exists()

    def test_offers_no_stores_of_chats(self, boss, client, handbook) -> None:
        VectorStore.objects.create(owner=boss, expires_after=7, origin="attachment")
        offered = client.get(ADD).context["adminform"].form.fields["store"].choices
        assert [label for _value, label in offered] == ["None but what is attached to the chat", "Handbook (boss)"]


class TestTheOwner:
    def test_must_be_the_store_s_own(self, ada, client, handbook) -> None:
        page = client.post(ADD, filled(ada, search_in_files="on", store=handbook.id))
        assert "“Handbook” belongs to boss, but the assistant to ada." in error(page, "store")
        assert not Assistant.objects.exists()

    def test_cannot_change_away_from_the_store(self, boss, ada, client, handbook) -> None:
        assistant = Assistant.objects.create(owner=boss, name="A", tool_resources=searched(handbook))
        page = client.post(page_of(assistant), filled(ada, store=handbook.id))
        assert "belongs to boss" in error(page, "store")

    def test_of_a_copy_gets_no_files_of_somebody_else(self, ada, boss, client, private, handbook) -> None:
        for owner, store in ((ada, private), (boss, handbook)):
            Assistant.objects.create(owner=owner, name=f"Of {owner}", tools=[search()], tool_resources=searched(store))
        data = {"action": "duplicate", "_selected_action": list(Assistant.objects.values_list("pk", flat=True))}
        page = client.post("/admin/chat/assistant/", data, follow=True).content.decode()
        copies = {copy.name: copy for copy in Assistant.objects.filter(name__startswith="Copy")}
        assert copies["Copy of Of ada"].tool_resources == {}
        assert copies["Copy of Of ada"].tools == [search()]
        assert copies["Copy of Of boss"].tool_resources == searched(handbook)
        assert "stay with the owner of the original" in page


class TestPrivateKnowledge:
    @pytest.fixture
    def staff(self, make_staff) -> User:
        return make_staff("view_assistant", "change_assistant", "add_assistant", "view_vectorstore")

    @pytest.fixture
    def hers(self, ada, private) -> Assistant:
        """An assistant that Ada's program made, with files that nobody else sees."""
        return Assistant.objects.create(
            owner=ada, name="Hers", tools=[search()], tool_resources=searched(private), audience=Audience.OWNER
        )

    def test_is_not_named(self, staff, enter, hers) -> None:
        page = enter(staff).get(page_of(hers)).content.decode()
        assert "Private files of the owner" in page
        assert "Diary" not in page

    def test_stays_when_the_form_is_saved(self, staff, enter, hers, private) -> None:
        data = filled(hers.owner, name="Renamed", audience="owner", search_in_files="on", store=private.id)
        enter(staff).post(page_of(hers), data)
        hers.refresh_from_db()
        assert (hers.name, hers.tool_resources) == ("Renamed", searched(private))

    def test_is_not_opened_to_others_by_sharing_the_assistant(self, staff, enter, hers, private, ada) -> None:
        page = enter(staff).post(page_of(hers), filled(ada, search_in_files="on", store=private.id))
        assert "It searches private files of its owner." in error(page, "audience")
        hers.refresh_from_db()
        assert hers.audience == Audience.OWNER

    def test_is_not_opened_by_a_new_owner(self, staff, enter, hers, private) -> None:
        page = enter(staff).post(page_of(hers), filled(staff, audience="owner", store=private.id))
        assert "belong to somebody else" in error(page, "store")
        assert "Diary" not in page.content.decode()

    def test_is_not_offered_for_other_assistants(self, staff, enter, private) -> None:
        assert error(enter(staff).post(ADD, filled(staff, store=private.id)), "store")

    def test_is_not_named_to_those_who_may_only_look(self, make_staff, enter, hers, handbook, boss) -> None:
        client = enter(make_staff("view_assistant"))
        page = client.get(page_of(hers)).content.decode()
        assert "private files" in page
        assert "Diary" not in page
        other = Assistant.objects.create(owner=boss, name="B", tool_resources=searched(handbook))
        assert "Handbook" in client.get(page_of(other)).content.decode()

    def test_that_is_gone_is_said_to_be(self, client, boss) -> None:
        gone = {"file_search": {"vector_store_ids": ["vs_gone"]}}
        assistant = Assistant.objects.create(owner=boss, name="A", tool_resources=gone)
        assert "Knowledge that is gone" in client.get(page_of(assistant)).content.decode()

    def test_can_be_shared_by_those_who_may_read_it(self, client, hers, private, ada) -> None:
        client.post(page_of(hers), filled(ada, search_in_files="on", store=private.id))
        hers.refresh_from_db()
        assert hers.audience == Audience.EVERYONE
