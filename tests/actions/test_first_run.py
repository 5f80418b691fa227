from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat.actions import first_run
from chat.models import Assistant, Kind, Provider, User
from chat.models.providers import resolve
from tests.live import model_server


@pytest.fixture
def address() -> Iterator[str]:
    """Of a server that lists two models."""
    with model_server() as address:
        yield address


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(settings) -> None:
    settings.OPENAI_BASE_URL = settings.OPENAI_API_KEY = settings.OPENAI_MODEL = ""


@pytest.mark.django_db
class TestTheDefaultProvider:
    def test_is_the_embedded_model_when_the_environment_names_none(self) -> None:
        assert first_run.ensure_provider().kind == Kind.EMBEDDED
        assert resolve("any name").provider.kind == Kind.EMBEDDED

    def test_is_the_server_that_the_environment_names_with_its_first_model(self, settings, address: str) -> None:
        settings.OPENAI_BASE_URL = address
        first_run.ensure_provider()
        assert resolve("default").name == "qwen3:8b"
        assert resolve("gpt-4o").served_as == "gpt-4o"
        assert resolve("gpt-4o").provider.base_url == address

    def test_takes_the_model_that_the_environment_names(self, settings, address: str) -> None:
        settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = address, "other"
        first_run.ensure_provider()
        assert resolve("default").name == "other"

    def test_reads_its_key_from_the_environment_and_keeps_none(self, settings, monkeypatch) -> None:
        settings.OPENAI_API_KEY = "sk-secret"
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        provider = first_run.ensure_provider()
        assert provider.get_key() == "sk-secret"
        assert provider.encrypted_key == ""
        assert provider.default_model == first_run.OPENAI_MODEL

    def test_is_left_as_it_is_at_the_next_start(self, settings, address: str) -> None:
        settings.OPENAI_BASE_URL = address
        provider = first_run.ensure_provider()
        assert first_run.ensure_provider().updated_at == provider.updated_at

    def test_is_made_although_its_server_is_down(self, settings) -> None:
        settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
        assert first_run.ensure_provider().default_model == ""
        assert resolve("llama3").provider.base_url == "http://127.0.0.1:9/v1"

    def test_of_the_environment_steps_back_when_the_environment_no_longer_names_it(self, settings, monkeypatch) -> None:
        settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = "http://127.0.0.1:9/v1", "m"
        first_run.ensure_provider()
        settings.OPENAI_BASE_URL = ""
        assert first_run.ensure_provider().kind == Kind.EMBEDDED

    def test_that_staff_chose_is_left_alone(self) -> None:
        chosen = Provider.objects.create(name="ours", kind=Kind.OPENAI, base_url="http://127.0.0.1:9/v1")
        chosen.make_default()
        assert first_run.ensure_provider() == chosen


@pytest.mark.django_db
class TestTheFirstRun:
    def test_makes_an_administrator_with_a_random_password(self) -> None:
        made = first_run.first_run(username="root", password="")
        assert made is not None
        assert User.objects.get(username="root", is_superuser=True).check_password(made.password)
        assert len(made.password) >= 16

    def test_keeps_the_operators_password_to_itself(self) -> None:
        made = first_run.first_run(username="root", password="chosen by the operator")
        assert made is not None
        assert made.password == ""
        assert User.objects.get().check_password("chosen by the operator")

    def test_happens_once(self, ada: User) -> None:
        assert first_run.first_run(username="root", password="") is None
        assert not Assistant.objects.exists()
