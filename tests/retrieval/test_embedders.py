from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.errors import KeyRefused, ProviderError
from chat.models import Kind, Provider, User, VectorStore
from chat.providers.embedded.embedder.built_in import BuiltInEmbedder
from chat.providers.openai.embedder import OpenAIEmbedder
from chat.retrieval import embedders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    embedders.close()


@pytest.fixture
def provider() -> Provider:
    row = Provider(name="Company", base_url="http://127.0.0.1:9/v1", embedding_model="small", embeds_new_stores=True)
    row.set_key("sk-0123456789")
    row.save()
    return row


@pytest.fixture
def store(ada: User, provider: Provider) -> VectorStore:
    return VectorStore.objects.create(owner=ada, name="Manuals", embedding_provider=provider, embedding_model="small")


def again(store: VectorStore) -> VectorStore:
    return VectorStore.objects.get(pk=store.pk)


class TestTheEmbedderOfAStore:
    def test_is_built_in_without_a_provider_and_the_same_for_all(self, ada: User) -> None:
        stores = [VectorStore.objects.create(owner=ada) for _ in range(2)]
        found = {embedders.embedder_of(store) for store in stores}
        assert found == {embedders.built_in()}
        assert isinstance(found.pop(), BuiltInEmbedder)

    @pytest.mark.parametrize("kind", [Kind.SCRIPTED, Kind.EMBEDDED])
    def test_is_built_in_with_a_provider_that_makes_no_vectors(self, store: VectorStore, kind: Kind) -> None:
        Provider.objects.update(kind=kind)
        assert embedders.embedder_of(again(store)) is embedders.built_in()

    def test_is_its_providers_and_made_once(self, store: VectorStore) -> None:
        found = embedders.embedder_of(store)
        assert isinstance(found, OpenAIEmbedder)
        assert embedders.embedder_of(again(store)) is found

    def test_is_another_one_for_another_model(self, store: VectorStore, ada: User, provider: Provider) -> None:
        large = VectorStore.objects.create(owner=ada, embedding_provider=provider, embedding_model="large")
        assert embedders.embedder_of(large) is not embedders.embedder_of(store)

    def test_is_made_anew_when_the_provider_changes(self, store: VectorStore, provider: Provider) -> None:
        found = embedders.embedder_of(store)
        provider.save()
        assert embedders.embedder_of(again(store)) is not found

    def test_is_made_anew_when_the_keys_variable_changes(
        self, store: VectorStore, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provider.key_variable = "COMPANY_KEY"
        provider.save()
        monkeypatch.setenv("COMPANY_KEY", "sk-one")
        found = embedders.embedder_of(again(store))
        monkeypatch.setenv("COMPANY_KEY", "sk-two")
        assert embedders.embedder_of(again(store)) is not found

    def test_needs_its_key(self, store: VectorStore, provider: Provider) -> None:
        provider.key_variable = "ABSENT_KEY"
        provider.save()
        with pytest.raises(KeyRefused, match="ABSENT_KEY"):
            embedders.embedder_of(again(store))

    def test_is_refused_when_its_provider_is_switched_off(self, store: VectorStore) -> None:
        Provider.objects.update(enabled=False)
        with pytest.raises(ProviderError, match=r"“Manuals”.*“Company”, which is switched off\. An administrator can"):
            embedders.embedder_of(again(store))

    def test_is_refused_when_its_provider_has_no_embedding_model(self, store: VectorStore) -> None:
        Provider.objects.update(embedding_model="")
        with pytest.raises(ProviderError, match=r"“Company”, which has no embedding model\. An administrator can"):
            embedders.embedder_of(again(store))

    def test_can_be_had_again_after_all_were_closed(self, store: VectorStore) -> None:
        found = embedders.embedder_of(store)
        embedders.close()
        assert embedders.embedder_of(store) is not found


class TestTheBuiltInEmbedder:
    def test_has_the_model_that_the_setting_names(self, settings, tmp_path: Path) -> None:
        settings.EVERTHREAD_EMBEDDING_MODEL_PATH = str(tmp_path / "absent.onnx")
        embedders.built_in.cache_clear()
        try:
            with pytest.raises(ProviderError, match=r"absent\.onnx"):
                embedders.built_in().embed(["Hello"])
        finally:
            embedders.built_in.cache_clear()


class TestNewStores:
    def test_use_the_model_that_is_built_in(self) -> None:
        assert embedders.fields_for_new_stores() == {"embedding_provider": None, "embedding_model": ""}

    def test_use_the_provider_that_is_chosen_for_them(self, provider: Provider, ada: User) -> None:
        fields = embedders.fields_for_new_stores()
        assert fields == {"embedding_provider": provider, "embedding_model": "small"}
        assert VectorStore(owner=ada, **fields).embedder == f"{provider.pk}:small"

    @pytest.mark.parametrize("change", [{"embeds_new_stores": False}, {"enabled": False}, {"embedding_model": ""}])
    def test_do_not_use_one_that_cannot_serve_them(self, provider: Provider, change: dict[str, object]) -> None:
        Provider.objects.update(**change)
        assert embedders.fields_for_new_stores()["embedding_provider"] is None
