"""The form of a provider: its key goes in and does not come out, and exactly one provider is the default."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from chat.errors import KeyRefused
from chat.models import Kind, Provider
from tests.live import model_server

pytestmark = pytest.mark.django_db
ADD = "/admin/chat/provider/add/"
KEY = "sk-a-very-secret-key-9"


def filled(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Ollama",
        "kind": "openai",
        "base_url": "http://localhost:11434/v1",
        "api_key": "",
        "key_variable": "",
        "default_model": "llama3.2",
        "accepts_any_name": "on",
        "embedding_model": "",
        "enabled": "on",
        "timeout": "600",
    } | changes


def page_of(provider: Provider) -> str:
    return reverse("admin:chat_provider_change", args=[provider.pk])


@pytest.fixture
def keyed(db) -> Provider:
    """A provider with a key."""
    provider = Provider(name="Ollama", kind=Kind.OPENAI, base_url="http://localhost:11434/v1")
    provider.set_key(KEY)
    provider.save()
    return provider


@pytest.fixture
def variable(db, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A provider whose key is in a variable."""
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    address = "http://localhost:11434/v1"
    return Provider.objects.create(name="Groq", kind=Kind.OPENAI, base_url=address, key_variable="GROQ_API_KEY")


class TestTheKey:
    def test_is_kept_encrypted(self, boss, enter) -> None:
        enter(boss).post(ADD, filled(api_key=f" {KEY} "))
        provider = Provider.objects.get()
        assert provider.get_key() == KEY
        assert KEY not in provider.encrypted_key

    @pytest.mark.parametrize("page", ["", "{page}", "{page}../history/", "{page}../delete/"])
    def test_is_on_no_page(self, page, boss, enter, keyed) -> None:
        address = page.format(page=page_of(keyed)) if page else "/admin/chat/provider/"
        client = enter(boss)
        client.post(page_of(keyed), filled(api_key=KEY + "0", timeout="wrong"))  # not even after a mistake elsewhere
        text = client.get(address, follow=True).content.decode()
        for part in (KEY, keyed.encrypted_key, KEY[-6:], KEY[:8]):
            assert part not in text

    def test_is_not_repeated_when_the_form_has_a_mistake(self, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(api_key=KEY, timeout="wrong"))
        assert page.status_code == 200
        assert KEY not in page.content.decode()

    def test_stays_when_the_field_is_left_empty(self, boss, enter, keyed) -> None:
        client = enter(boss)
        assert "A key is set." in client.get(page_of(keyed)).content.decode()
        client.post(page_of(keyed), filled(name="Renamed"))
        keyed.refresh_from_db()
        assert (keyed.name, keyed.get_key()) == ("Renamed", KEY)

    def test_can_be_replaced(self, boss, enter, keyed) -> None:
        enter(boss).post(page_of(keyed), filled(api_key="sk-another"))
        keyed.refresh_from_db()
        assert keyed.get_key() == "sk-another"

    def test_can_be_forgotten(self, boss, enter, keyed) -> None:
        client = enter(boss)
        client.post(page_of(keyed), filled(forget_key="on"))
        keyed.refresh_from_db()
        assert keyed.get_key() == ""
        assert "No key is set." in client.get(page_of(keyed)).content.decode()

    def test_does_not_follow_to_another_server(self, boss, enter, keyed) -> None:
        """Whoever may change the address could otherwise have the key sent to themselves."""
        client, elsewhere = enter(boss), "http://localhost:4000/v1"
        page = client.post(page_of(keyed), filled(base_url=elsewhere)).content.decode()
        assert "The server is another one now" in page
        client.post(page_of(keyed), filled(base_url="http://localhost:11434/v2"))
        client.post(page_of(keyed), filled(base_url=elsewhere, api_key="sk-its-own"))
        keyed.refresh_from_db()
        assert (keyed.base_url, keyed.get_key()) == (elsewhere, "sk-its-own")

    def test_stays_when_the_address_is_none(self, boss, enter, keyed) -> None:
        page = enter(boss).post(page_of(keyed), filled(base_url="http://[::1/v1")).content.decode()
        assert "Enter an address such as" in page
        keyed.refresh_from_db()
        assert keyed.get_key()

    @pytest.mark.parametrize("name", ["DJANGO_SECRET_KEY", "DATABASE_URL", "PATH", "my_api_key"])
    def test_comes_from_no_variable_that_may_hold_another_secret(self, name, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(key_variable=name)).content.decode()
        assert "Name a variable that ends in API_KEY" in page
        assert not Provider.objects.exists()

    def test_may_come_from_a_variable(self, boss, enter) -> None:
        enter(boss).post(ADD, filled(key_variable="GROQ_API_KEY"))
        assert Provider.objects.get().key_variable == "GROQ_API_KEY"

    def test_of_a_variable_is_chosen_by_superusers_alone(self, make_staff, enter) -> None:
        client = enter(make_staff("add_provider", "change_provider", "view_provider"))
        client.post(ADD, filled(key_variable="OPENAI_API_KEY"))
        assert Provider.objects.get().key_variable == ""
        client.post(page_of(Provider.objects.get()), filled(key_variable="OPENAI_API_KEY"))
        assert Provider.objects.get().key_variable == ""

    def test_of_a_variable_is_sent_elsewhere_by_superusers_alone(self, make_staff, enter, variable) -> None:
        client = enter(make_staff("change_provider", "view_provider"))
        elsewhere = filled(base_url="http://localhost:4000/v1", send_variable="on")
        assert "Only a superuser can have" in client.post(page_of(variable), elsewhere).content.decode()
        client.post(page_of(variable), filled(name="Renamed"))
        variable.refresh_from_db()
        assert (variable.name, variable.base_url) == ("Renamed", "http://localhost:11434/v1")
        assert variable.get_key() == KEY

    def test_of_a_variable_follows_to_another_server_when_that_is_said(self, boss, enter, variable) -> None:
        client = enter(boss)
        elsewhere = filled(base_url="http://localhost:4000/v1", key_variable="GROQ_API_KEY")
        assert "tick this if it is to get the key" in client.post(page_of(variable), elsewhere).content.decode()
        client.post(page_of(variable), elsewhere | {"send_variable": "on"})
        variable.refresh_from_db()
        assert (variable.base_url, variable.get_key()) == ("http://localhost:4000/v1", KEY)

    def test_is_sent_to_no_server_but_its_own_whoever_changes_the_address(self, keyed, variable) -> None:
        for provider in (keyed, variable):
            Provider.objects.filter(pk=provider.pk).update(base_url="http://evil.example/v1")
            with pytest.raises(KeyRefused, match="was set for another server"):
                Provider.objects.get(pk=provider.pk).get_key()

    def test_does_not_come_from_two_places(self, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(key_variable="GROQ_API_KEY", api_key=KEY)).content.decode()
        assert "Either enter a key here or name the variable" in page


class TestTheDefault:
    def test_is_suggested_for_the_first_provider(self, boss, enter) -> None:
        page = enter(boss).get(ADD)
        assert page.context["adminform"].form["make_default"].initial is True

    def test_is_exactly_one(self, boss, enter, scripted) -> None:
        enter(boss).post(ADD, filled(make_default="on"))
        assert list(Provider.objects.filter(is_default=True).values_list("name", flat=True)) == ["Ollama"]

    def test_stays_when_the_box_is_not_ticked(self, boss, enter, scripted) -> None:
        client = enter(boss)
        client.post(ADD, filled())
        client.post(page_of(scripted), filled(name="scripted", kind="scripted", base_url=""))
        assert list(Provider.objects.filter(is_default=True)) == [scripted]

    def test_cannot_be_disabled(self, boss, enter, scripted) -> None:
        data = filled(name="scripted", kind="scripted", base_url="")
        del data["enabled"]
        page = enter(boss).post(page_of(scripted), data).content.decode()
        assert "Make another one the default first." in page

    def test_must_be_enabled(self, boss, enter, scripted) -> None:
        data = filled(make_default="on")
        del data["enabled"]
        page = enter(boss).post(ADD, data).content.decode()
        assert "The default provider must be enabled." in page
        assert list(Provider.objects.filter(is_default=True)) == [scripted]

    def test_is_missed_when_it_was_deleted(self, boss, enter, scripted) -> None:
        address = reverse("admin:chat_provider_delete", args=[scripted.pk])
        page = enter(boss).post(address, {"post": "yes"}, follow=True).content.decode()
        assert "There is no default provider now." in page


class TestEmbeddings:
    def test_for_new_knowledge_come_from_one_provider_at_most(self, boss, enter, keyed) -> None:
        client = enter(boss)
        data = {"name": "First", "embedding_model": "embed-3", "embed_new_stores": "on"}
        client.post(ADD, filled(**data))
        client.post(page_of(keyed), filled(**(data | {"name": "Second"})))
        keyed.refresh_from_db()
        assert list(Provider.objects.filter(embeds_new_stores=True)) == [keyed]
        assert keyed.embedding_model == "embed-3"

    def test_for_new_knowledge_are_those_built_in_again_when_the_box_is_cleared(self, boss, enter, keyed) -> None:
        Provider.objects.update(embedding_model="embed-3", embeds_new_stores=True)
        client = enter(boss)
        assert client.get(page_of(keyed)).context["adminform"].form["embed_new_stores"].initial is True
        client.post(page_of(keyed), filled(embedding_model="embed-3"))
        assert not Provider.objects.filter(embeds_new_stores=True).exists()

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"embed_new_stores": "on"}, "Name the model that makes the embeddings."),
            ({"kind": "scripted", "embedding_model": "x"}, "Only an OpenAI-compatible server has embeddings"),
            ({"embedding_model": "x", "embed_new_stores": "on", "enabled": ""}, "must be enabled"),
        ],
    )
    def test_that_nobody_could_make_are_refused(self, changes, problem, boss, enter) -> None:
        page = enter(boss).post(ADD, filled(**changes)).content.decode()
        assert problem in page
        assert not Provider.objects.exists()


class TestTheDefaultModel:
    def test_is_warned_of_if_the_server_does_not_list_it(self, boss, enter) -> None:
        with model_server() as address:
            client = enter(boss)
            form = filled(base_url=address, make_default="on")
            for name, is_listed in (("qwen3:7b", False), ("qwen3:8b", True)):
                page = client.post(ADD, form | {"name": name, "default_model": name}, follow=True).content.decode()
                assert ("does not list a model" in page) is not is_listed
