"""Which model answers to which name."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from chat.errors import KeyRefused, ModelNotFound
from chat.models import Alias, Kind, Model, Provider
from chat.models.providers import check_base_url, resolve

pytestmark = pytest.mark.django_db


@pytest.fixture
def vllm(scripted: Provider) -> Provider:
    return Provider.objects.create(name="vllm", base_url="http://localhost:8000/v1")


def model(provider: Provider, name: str, **fields: object) -> Model:
    return Model.objects.create(provider=provider, name=name, **fields)


class TestAName:
    def test_means_the_model_of_that_name(self, scripted: Provider, vllm: Provider) -> None:
        model(vllm, "llama", upstream_name="meta/llama-70b")
        assert resolve("llama").provider == vllm
        assert resolve("llama").served_as == "meta/llama-70b"

    def test_may_be_an_alias(self, scripted: Provider, vllm: Provider) -> None:
        Alias.objects.create(pattern="gpt-4o", model=model(vllm, "llama"))
        assert resolve("gpt-4o").name == "llama"

    def test_means_the_model_rather_than_an_alias_that_matches(self, scripted: Provider, vllm: Provider) -> None:
        Alias.objects.create(pattern="*", model=model(vllm, "llama"))
        assert resolve(model(vllm, "mistral").name).name == "mistral"

    def test_goes_by_the_longest_pattern_that_matches(self, scripted: Provider, vllm: Provider) -> None:
        for pattern, name in [("gpt-*", "any"), ("gpt-4*", "four"), ("*", "rest")]:
            Alias.objects.create(pattern=pattern, model=model(vllm, name))
        assert resolve("gpt-4o-mini").name == "four"
        assert resolve("gpt-3.5-turbo").name == "any"
        assert resolve("claude").name == "rest"

    def test_that_nobody_knows_goes_unchanged_to_the_default_provider(self, scripted: Provider, vllm: Provider) -> None:
        found = resolve("something-new")
        assert (found.provider, found.served_as, found.pk) == (scripted, "something-new", None)

    def test_default_means_the_default_providers_own_model(self, scripted: Provider, vllm: Provider) -> None:
        assert resolve("default").served_as == "scripted"
        vllm.default_model = "llama"
        vllm.save()
        vllm.make_default()
        model(vllm, "llama", context_window=8192)
        assert resolve("default").context_window == 8192

    def test_is_not_found_when_the_default_provider_takes_only_names_it_lists(self, scripted: Provider) -> None:
        scripted.accepts_any_name = False
        scripted.save()
        with pytest.raises(ModelNotFound, match="'something-new'"):
            resolve("something-new")

    def test_is_not_found_without_any_provider(self) -> None:
        with pytest.raises(ModelNotFound):
            resolve("default")

    @pytest.mark.parametrize("what", ["model", "provider"])
    def test_does_not_mean_what_is_switched_off(self, scripted: Provider, vllm: Provider, what: str) -> None:
        Alias.objects.create(pattern="gpt-*", model=model(vllm, "llama"))
        (Model if what == "model" else Provider).objects.exclude(name="scripted").update(enabled=False)
        for name in ("llama", "gpt-4o"):
            assert resolve(name).provider == scripted

    def test_gets_the_small_window_of_the_embedded_model(self, scripted: Provider) -> None:
        Provider.objects.create(name="embedded", kind=Kind.EMBEDDED).make_default()
        found = resolve("gpt-4o")
        assert (found.context_window, found.tool_use) == (4096, "guided")


class TestAnAddress:
    @pytest.mark.parametrize(
        "address",
        ["http://localhost:11434/v1", "https://api.example.org", "http://my_vllm:8000/v1", "http://[::1]:80/v1"],
    )
    def test_is_one_that_can_be_asked(self, address: str) -> None:
        check_base_url(address)

    @pytest.mark.parametrize(
        "address",
        [
            "localhost:8000/v1",
            "ftp://localhost/v1",
            "http:///v1",
            "http://[::1/v1",
            "http://localhost:abc/v1",
            "http://localhost:99999/v1",
            "http://.../v1",
            f"http://{'a' * 64}.org/v1",
            "http://ada:secret@localhost/v1",
            "http://local host/v1",
            "http://localhost/v1?key=secret",
        ],
    )
    def test_is_refused_when_it_is_none(self, address: str) -> None:
        with pytest.raises(ValidationError, match="Enter an address such as"):
            check_base_url(address)


class TestTheKeyOfAProvider:
    def test_is_kept_encrypted(self, scripted: Provider) -> None:
        scripted.set_key("sk-very-secret")
        scripted.save()
        scripted.refresh_from_db()
        assert "secret" not in scripted.encrypted_key
        assert scripted.get_key() == "sk-very-secret"

    def test_survives_a_change_of_the_secret_while_the_old_one_is_a_fallback(
        self, scripted: Provider, settings
    ) -> None:
        scripted.set_key("sk-very-secret")
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another one"
        assert scripted.get_key() == "sk-very-secret"

    def test_is_refused_in_words_when_the_secret_is_lost(self, scripted: Provider, settings) -> None:
        scripted.set_key("sk-very-secret")
        settings.SECRET_KEY = "another one"
        with pytest.raises(KeyRefused, match="DJANGO_SECRET_KEY has changed"):
            scripted.get_key()

    def test_may_come_from_the_environment(self, scripted: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
        scripted.key_variable = "MY_PROVIDER_KEY"
        with pytest.raises(KeyRefused, match="'MY_PROVIDER_KEY'"):
            scripted.get_key()
        monkeypatch.setenv("MY_PROVIDER_KEY", "from outside")
        assert scripted.get_key() == "from outside"

    def test_is_empty_where_none_is_needed(self, scripted: Provider) -> None:
        assert scripted.get_key() == ""


class TestTheDefaultProvider:
    def test_is_only_one(self, scripted: Provider, vllm: Provider) -> None:
        vllm.make_default()
        assert list(Provider.objects.filter(is_default=True)) == [vllm]
