"""The list of models: reference, sections 2, 3 and 12."""

from __future__ import annotations

import pytest

from chat.models import Alias, Assistant, Model, Provider, User
from tests.api.calling import Api, absent, told

pytestmark = pytest.mark.django_db


def known(api: Api) -> set[str]:
    return {model["id"] for model in api.found("/models")["data"]}


@pytest.fixture
def vendor(scripted: Provider) -> Model:
    """A model whose provider knows nothing else."""
    provider = Provider.objects.create(name="vendor", kind=scripted.kind, accepts_any_name=False)
    return Model.objects.create(provider=provider, name="vendor/model:7b")


class TestTheListOfModels:
    def test_is_a_list_without_pages(self, api: Api, vendor: Model) -> None:
        shown = api.found("/models")
        assert shown.keys() == {"object", "data"}
        assert shown["object"] == "list"
        [row] = [row for row in shown["data"] if row["id"] == vendor.name]
        created = int(vendor.provider.updated_at.timestamp())
        assert row == {"id": vendor.name, "object": "model", "created": created, "owned_by": "vendor"}

    def test_has_what_the_default_provider_answers_with(self, api: Api, scripted: Provider) -> None:
        assert known(api) >= {"default", "scripted"}

    def test_has_aliases_but_no_patterns(self, api: Api, vendor: Model) -> None:
        Alias.objects.create(pattern="gpt-4o", model=vendor)
        Alias.objects.create(pattern="gpt-3.5*", model=vendor)
        assert "gpt-4o" in known(api)
        assert not [name for name in known(api) if "*" in name]

    @pytest.mark.parametrize("what", ["model", "provider"])
    def test_leaves_out_what_is_switched_off(self, api: Api, vendor: Model, what: str) -> None:
        row = vendor if what == "model" else vendor.provider
        row.enabled = False
        row.save()
        assert vendor.name not in known(api)

    def test_is_empty_where_there_is_no_provider(self, api: Api) -> None:
        assert api.found("/models")["data"] == []


class TestAnAssistant:
    @pytest.fixture
    def names(self, api: Api, assistant: Assistant) -> list[str]:
        """Of the assistant, as a model."""
        return [
            name for name in (model["id"] for model in api.found("/models")["data"]) if name[-8:] == assistant.id[-8:]
        ]

    def test_is_listed_under_its_name_and_its_id(self, names: list[str], assistant: Assistant) -> None:
        assert names == [f"helper-{assistant.id[-8:]}", assistant.id]

    def test_is_found_under_both_and_under_an_old_name(self, api: Api, names: list[str], assistant: Assistant) -> None:
        Assistant.objects.update(name="Другой")
        for name in (*names, f"assistant-{assistant.id[-8:]}"):
            assert api.found(f"/models/{name}") == {
                "id": name,
                "object": "model",
                "created": int(assistant.created_at.timestamp()),
                "owned_by": "user",
            }

    def test_does_not_share_a_name(self, api: Api, assistant: Assistant, bob: User) -> None:
        other = Assistant.objects.create(owner=bob, name=assistant.name, audience="everyone")
        shown = [model["id"] for model in api.found("/models")["data"]]
        assert len(shown) == len(set(shown))
        assert other.id in shown

    def test_of_someone_else_is_neither_listed_nor_found(self, api: Api, scripted: Provider, bob: User) -> None:
        other = Assistant.objects.create(owner=bob, name="Secret")
        assert other.id not in known(api)
        assert told(api.get(f"/models/{other.id}"))[0] == 404


class TestAModel:
    def test_may_have_slashes_and_colons_in_its_name(self, api: Api, vendor: Model) -> None:
        assert api.found("/models/vendor/model:7b")["id"] == "vendor/model:7b"
        assert api.found("/models/vendor%2Fmodel%3A7b")["id"] == "vendor/model:7b"

    def test_is_found_under_the_name_that_was_asked_for(self, api: Api, vendor: Model) -> None:
        Alias.objects.create(pattern="gpt-3.5*", model=vendor)
        shown = api.found("/models/gpt-3.5-turbo-1106")
        assert (shown["id"], shown["owned_by"]) == ("gpt-3.5-turbo-1106", "vendor")

    @pytest.mark.parametrize("method", ["get", "delete"])
    def test_that_is_not_there_is_named(self, api: Api, vendor: Model, method: str) -> None:
        Provider.objects.update(accepts_any_name=False)
        status, body = absent("The model 'fake_id' does not exist")
        body["error"] |= {"param": "model", "code": "model_not_found"}
        assert told(getattr(api, method)("/models/fake_id")) == (status, body)

    def test_is_not_deleted_by_programs(self, api: Api, vendor: Model) -> None:
        reply = api.delete("/models/vendor/model:7b")
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "permission_denied")
        assert Model.objects.filter(pk=vendor.pk).exists()
