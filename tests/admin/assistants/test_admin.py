"""Staff shape assistants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from chat.models import Alias, Assistant, Audience, Kind, Model, Provider, Run
from tests.live import free_port, model_server

pytestmark = pytest.mark.django_db
ADD = "/admin/chat/assistant/add/"
WEATHER = {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


def filled(owner, **changes: Any) -> dict[str, Any]:
    """What a browser sends for the form."""
    return {
        "name": "Math tutor",
        "description": "",
        "instructions": "Explain each step.",
        "model": "default",
        "starter_prompts": "",
        "audience": "everyone",
        "owner": owner.pk,
        "store": "",
        "max_results": "",
        "score_threshold": "",
        "functions": "",
        "temperature": "1",
        "top_p": "1",
        "reasoning_effort": "",
        "metadata": "",
    } | changes


def page_of(assistant: Assistant) -> str:
    return reverse("admin:chat_assistant_change", args=[assistant.pk])


@pytest.fixture(scope="module")
def model_address() -> Iterator[str]:
    with model_server() as address:
        yield address


@pytest.fixture
def listing(db, model_address: str) -> Provider:
    """The default provider: one that lists its models."""
    provider = Provider.objects.create(name="local", kind=Kind.OPENAI, base_url=model_address, default_model="other")
    provider.make_default()
    return provider


class TestTheForm:
    def test_makes_an_assistant(self, boss, enter, scripted) -> None:
        data = filled(boss, starter_prompts="What is π?\r\n\r\n  Quiz me. ", metadata='{"team": "maths"}')
        answer = enter(boss).post(ADD, data)
        assert answer.status_code == 302
        made = Assistant.objects.get()
        assert (made.name, made.owner, made.model) == ("Math tutor", boss, "default")
        assert made.starter_prompts == ["What is π?", "Quiz me."]
        assert made.metadata == {"team": "maths"}

    def test_offers_its_maker_as_the_owner(self, boss, enter) -> None:
        page = enter(boss).get(ADD)
        assert page.context["adminform"].form.initial["owner"] == boss.pk

    def test_suggests_models_and_takes_any(self, boss, enter, scripted) -> None:
        model = Model.objects.create(provider=scripted, name="llama3.2:3b")
        Alias.objects.create(pattern="small", model=model)
        Alias.objects.create(pattern="gpt-*", model=model)
        client = enter(boss)
        page = client.get(ADD).content.decode()
        for suggestion in ("default", "llama3.2:3b", "small"):
            assert f'<option value="{suggestion}">' in page
        assert '<option value="gpt-*">' not in page
        client.post(ADD, filled(boss, model="something-else"))
        assert Assistant.objects.get().model == "something-else"

    def test_warns_when_no_model_answers_to_the_name(self, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(boss, model="nowhere-1"), follow=True).content.decode()
        assert "No model answers to the name “nowhere-1” yet." in page

    def test_suggests_what_the_default_provider_lists_and_warns_of_other_names(self, boss, enter, listing) -> None:
        client = enter(boss)
        assert '<option value="qwen3:8b">' in client.get(ADD).content.decode()
        page = client.post(ADD, filled(boss, model="qwen3:7b"), follow=True).content.decode()
        assert "The provider “local” does not list a model “qwen3:7b”." in page
        assert "It lists names like it: qwen3:8b." in page
        assert Assistant.objects.get().model == "qwen3:7b"
        page = client.post(ADD, filled(boss, model="gpt-banana"), follow=True).content.decode()
        assert "does not list a model “gpt-banana”. If it has none, there will be no answers.<" in page

    @pytest.mark.parametrize("name", ["qwen3:8b", "default", "small"])
    def test_does_not_warn_of_names_that_are_served(self, boss, enter, listing, name) -> None:
        model = Model.objects.create(provider=listing, name="other")
        Alias.objects.create(pattern="small", model=model)
        page = enter(boss).post(ADD, filled(boss, model=name), follow=True).content.decode()
        assert "does not list" not in page

    def test_is_there_while_the_provider_is_not(self, boss, enter, listing) -> None:
        Provider.objects.update(base_url=f"http://127.0.0.1:{free_port()}/v1")
        client = enter(boss)
        assert '<option value="default">' in client.get(ADD).content.decode()
        assert "does not list" not in client.post(ADD, filled(boss, model="any"), follow=True).content.decode()

    def test_keeps_what_the_api_stored_and_it_does_not_show(self, boss, enter, scripted) -> None:
        hosted = {"type": "code_interpreter"}
        kept = Assistant.objects.create(
            owner=boss,
            name="Old",
            tools=[hosted, {"type": "function", "function": WEATHER}],
            response_format={"type": "json_object"},
        )
        enter(boss).post(page_of(kept), filled(boss, name="New", run_code="on", functions=json.dumps([WEATHER])))
        kept.refresh_from_db()
        assert kept.name == "New"
        assert kept.tools == [hosted, {"type": "function", "function": WEATHER | {"strict": False}}]
        assert kept.response_format == {"type": "json_object"}

    def test_wants_groups_for_the_audience_of_groups(self, boss, enter) -> None:
        client, teachers = enter(boss), Group.objects.create(name="Teachers")
        page = client.post(ADD, filled(boss, audience="groups")).content.decode()
        assert "Choose at least one group" in page
        client.post(ADD, filled(boss, audience="groups", groups=[teachers.pk]))
        assert list(Assistant.objects.get().groups.all()) == [teachers]

    @pytest.mark.parametrize(
        ("metadata", "problem"),
        [
            ("[1]", "Write an object"),
            ('{"a": 1}', "The value of “a” must be a text"),
            (json.dumps({f"k{n}": "" for n in range(17)}), "At most 16 pairs"),
            (json.dumps({"k" * 65: ""}), "is longer than 64"),
            ('{"a": ', "This is not JSON"),
        ],
    )
    def test_says_what_is_wrong_with_the_metadata(self, metadata, problem, boss, enter) -> None:
        assert problem in enter(boss).post(ADD, filled(boss, metadata=metadata)).content.decode()
        assert not Assistant.objects.exists()

    def test_shows_what_was_typed_again_when_it_was_wrong(self, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(boss, functions="[{oops")).content.decode()
        assert "[{oops" in page

    def test_shows_those_who_may_only_look_everything_and_takes_nothing(self, make_staff, enter, assistant) -> None:
        assistant.tools = [{"type": "function", "function": WEATHER}]
        assistant.save()
        client = enter(make_staff("view_assistant"))
        page = client.get(page_of(assistant)).content.decode()
        assert "Be brief." in page
        assert "get_weather" in page
        assert client.post(page_of(assistant), filled(assistant.owner)).status_code == 403


class TestFunctions:
    @pytest.mark.parametrize(
        "written",
        [
            json.dumps([WEATHER]),
            json.dumps(WEATHER),
            json.dumps([{"type": "function", "function": WEATHER}]),
        ],
        ids=["a list", "one alone", "as the API lists them"],
    )
    def test_are_taken(self, written, boss, enter, scripted) -> None:
        enter(boss).post(ADD, filled(boss, functions=written))
        assert Assistant.objects.get().tools == [{"type": "function", "function": WEATHER | {"strict": False}}]

    def test_without_parameters_get_empty_ones(self, boss, enter, scripted) -> None:
        enter(boss).post(ADD, filled(boss, functions='[{"name": "now"}]'))
        [tool] = Assistant.objects.get().tools
        assert tool["function"]["parameters"] == {"type": "object", "properties": {}}

    @pytest.mark.parametrize(
        ("written", "problem"),
        [
            ('[{"name": "get weather"}]', "Function 1: its name must be 1 to 64 letters"),
            ('[{"name": "' + "x" * 65 + '"}]', "its name must be 1 to 64 letters"),
            ('[{"description": "nameless"}]', "its name must be 1 to 64 letters"),
            ('[{"name": "a"}, {"name": "a"}]', "The name “a” is used more than once."),
            ('[{"name": "a", "code": "x"}]', "“code” is not known here"),
            ('[{"name": "a", "parameters": {"type": "string"}}]', "must be a JSON schema of an object"),
            ('[{"name": "a", "parameters": []}]', "must be a JSON schema of an object"),
            ('[{"name": "a", "parameters": {"type": "object", "properties": []}}]', "“properties” must be an object"),
            ('[{"name": "a", "parameters": {"type": "object", "properties": {"p": 1}}}]', "“p” must be an object"),
            ('[{"name": "a", "parameters": {"type": "object", "required": "p"}}]', "“required” must be a list"),
            ('[{"name": "a", "strict": "yes"}]', "“strict” must be true or false"),
            ('[{"name": ["a"]}]', "its name must be"),
            ('["get_weather"]', "Function 1: write an object"),
            ('"get_weather"', "Write a list of functions"),
            ('[{"name": "a", "strict": NaN}]', "NaN is no value of JSON"),
            ("[" * 100_000, "nested too deeply"),
            ("[{]", "This is not JSON"),
        ],
    )
    def test_that_no_model_could_use_are_refused_in_words(self, written, problem, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(boss, functions=written))
        errors = " ".join(page.context["adminform"].form.errors["functions"])
        assert problem in errors
        assert not Assistant.objects.exists()


class TestTheList:
    def test_counts_the_threads(self, boss, enter, run, assistant) -> None:
        page = enter(boss).get("/admin/chat/assistant/").content.decode()
        assert '<td class="field-thread_count">1</td>' in page

    def test_duplicates_for_the_one_who_asks_alone(self, boss, enter, assistant) -> None:
        assistant.tools = [{"type": "function", "function": WEATHER}]
        assistant.save()
        data = {"action": "duplicate", "_selected_action": [assistant.pk]}
        enter(boss).post("/admin/chat/assistant/", data)
        copy = Assistant.objects.exclude(pk=assistant.pk).get()
        assert copy.id != assistant.id
        assert (copy.name, copy.instructions, copy.tools) == ("Copy of Helper", assistant.instructions, assistant.tools)
        assert (copy.owner, copy.audience) == (boss, Audience.OWNER)

    def test_offers_duplicating_only_to_those_who_may_add(self, make_staff, enter, assistant) -> None:
        client = enter(make_staff("view_assistant", "change_assistant"))
        client.post("/admin/chat/assistant/", {"action": "duplicate", "_selected_action": [assistant.pk]})
        assert Assistant.objects.count() == 1

    def test_offers_a_try_of_what_one_may_use(self, boss, enter, assistant, bob) -> None:
        private = Assistant.objects.create(owner=bob, name="Bob's own")
        client = enter(boss)
        page = client.get("/admin/chat/assistant/").content.decode()
        assert f"/?assistant={assistant.id}" in page
        assert f"/?assistant={private.id}" not in page
        assert f"/?assistant={assistant.id}" in client.get(page_of(assistant)).content.decode()
        assert f"/?assistant={private.id}" not in client.get(page_of(private)).content.decode()


class TestDeleting:
    def test_keeps_the_threads_and_runs(self, boss, enter, run, thread, assistant) -> None:
        client = enter(boss)
        address = reverse("admin:chat_assistant_delete", args=[assistant.pk])
        assistant.tool_resources = {"code_interpreter": {"file_ids": ["file-kept"]}}
        assistant.save()
        page = client.get(address).content.decode()
        assert f"Assistant: {assistant} (1 chat uses it and stays, its answers under this name)" in page
        assert "file-kept" not in page
        client.post(address, {"post": "yes"})
        assert not Assistant.objects.exists()
        assert Run.objects.get().assistant_id == assistant.id
        for page in ("thread", "run"):
            row = {"thread": thread, "run": run}[page]
            for address in (f"/admin/chat/{page}/", reverse(f"admin:chat_{page}_change", args=[row.pk])):
                assert "Helper (deleted)" in client.get(address).content.decode()
