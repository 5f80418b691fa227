"""“Test this provider” and “List its models”, against a small fake server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from django.test import AsyncClient, Client
from django.urls import reverse

from chat.models import Alias, Kind, Model, Provider, User

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk-a-very-secret-key-9"


class Server:
    """A model's server. ``listed`` is its models, None: it cannot list them."""

    def __init__(self) -> None:
        self.listed: list[str] | None = ["llama3.2", "qwen3"]
        self.words = ["Hello", " there."]
        self.asked: list[dict[str, Any]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.complete)
        app.router.add_post("/v1/embeddings", self.embed)
        return app

    def refused(self, request: web.Request) -> web.Response | None:
        if request.headers["Authorization"] == f"Bearer {KEY}":
            return None
        error = {"error": {"message": f"Incorrect API key: {request.headers['Authorization']}", "type": "auth"}}
        return web.json_response(error, status=401)

    async def models(self, request: web.Request) -> web.Response:
        if refused := self.refused(request):
            return refused
        if self.listed is None:
            raise web.HTTPNotFound
        return web.json_response({"data": [{"id": name} for name in self.listed]})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        if refused := self.refused(request):
            return refused
        self.asked.append(await request.json())
        message = {"role": "assistant", "content": "".join(self.words)}
        usage = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return web.json_response({"choices": choices, "usage": usage})

    async def embed(self, request: web.Request) -> web.Response:
        if refused := self.refused(request):
            return refused
        asked = await request.json()
        if asked["model"] != "embed-3":
            return web.json_response({"error": {"message": f"No model {asked['model']}."}}, status=404)
        return web.json_response({"data": [{"index": 0, "embedding": [0.6, 0.8, 0.0]}]})


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    runner = web.AppRunner(server.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}/v1"
    await runner.cleanup()


@pytest.fixture
async def provider(url: str) -> Provider:
    row = Provider(name="Ollama", kind=Kind.OPENAI, base_url=url, timeout=5)
    row.set_key(KEY)
    await row.asave()
    return row


async def press(user: User, button: str, provider: Provider, **data: Any) -> str:
    """The page that comes after the button was pressed."""
    client = AsyncClient()
    await client.aforce_login(user)
    answer = await client.post(reverse(f"admin:chat_provider_{button}", args=[provider.pk]), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


class TestTestingAProvider:
    async def test_says_what_was_answered_and_what_it_took(self, boss, provider, server) -> None:
        page = await press(boss, "test", provider)
        assert "The model llama3.2 said “Hello there.”" in page
        assert "11 tokens in, 3 out." in page
        assert "It lists 2 models." in page
        [body] = server.asked
        assert body["max_tokens"] <= 100

    async def test_asks_the_default_model_by_the_name_that_the_server_knows(self, boss, provider, server) -> None:
        await Model.objects.acreate(provider=provider, name="small", upstream_name="qwen3")
        await Provider.objects.filter(pk=provider.pk).aupdate(default_model="small")
        assert "The model qwen3 said" in await press(boss, "test", provider)

    async def test_tries_the_embeddings_too(self, boss, provider, server) -> None:
        assert "vector" not in (await press(boss, "test", provider)).partition("messagelist")[2].partition("</ul>")[0]
        await Provider.objects.filter(pk=provider.pk).aupdate(embedding_model="embed-3")
        assert "The embedding model embed-3 made a vector of 3 numbers" in await press(boss, "test", provider)
        server.listed = []
        page = await press(boss, "test", provider)
        assert "The server lists no models." in page
        assert "made a vector" in page
        await Provider.objects.filter(pk=provider.pk).aupdate(embedding_model="embed-4")
        assert "embed-4" in (await press(boss, "test", provider)).partition("messagelist")[2].partition("</ul>")[0]

    async def test_takes_a_model_row_where_there_is_no_default_model(self, boss, provider, server) -> None:
        await Model.objects.acreate(provider=provider, name="mistral")
        assert "The model mistral said" in await press(boss, "test", provider)

    async def test_works_where_the_server_lists_nothing(self, boss, provider, server) -> None:
        server.listed = None
        await Provider.objects.filter(pk=provider.pk).aupdate(default_model="llama3.2")
        page = await press(boss, "test", provider)
        assert "The model llama3.2 said “Hello there.”" in page
        assert "It lists" not in page

    async def test_asks_for_a_model_where_none_is_known(self, boss, provider, server) -> None:
        server.listed = []
        assert "Write the name of one under “Default model”" in await press(boss, "test", provider)

    async def test_says_when_the_key_was_refused_and_does_not_show_it(self, boss, provider) -> None:
        provider.set_key("sk-a-wrong-key-of-mine")
        await provider.asave()
        page = await press(boss, "test", provider)
        assert "refused the API key" in page
        assert "sk-a-wrong" not in page

    async def test_says_when_nobody_is_there(self, boss, provider) -> None:
        nobody = {"base_url": "http://127.0.0.1:9/v1", "key_origin": "http://127.0.0.1:9"}
        await Provider.objects.filter(pk=provider.pk).aupdate(**nobody)
        assert "could not be reached" in await press(boss, "test", provider)

    async def test_escapes_what_the_model_says(self, boss, provider, server) -> None:
        server.words = ["<script>alert(1)</script>"]
        page = await press(boss, "test", provider)
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page

    async def test_works_for_the_scripted_provider(self, boss, scripted) -> None:
        assert "The model scripted said “" in await press(boss, "test", scripted)


class TestListingModels:
    async def test_shows_what_the_server_serves_and_which_we_have(self, boss, provider) -> None:
        await Model.objects.acreate(provider=provider, name="qwen3")
        page = await press(boss, "models", provider)
        assert '<input type="checkbox" name="name" value="llama3.2">' in page
        assert '<input type="checkbox" name="name" value="qwen3" checked disabled>' in page

    async def test_adds_the_chosen_ones_once(self, boss, provider) -> None:
        await Model.objects.acreate(provider=provider, name="qwen3", context_window=1000)
        page = await press(boss, "models", provider, name=["llama3.2", "llama3.2", "qwen3", "x" * 300])
        assert "1 model was added." in page
        windows = {model.name: model.context_window async for model in Model.objects.all()}
        assert windows == {"llama3.2": 131_072, "qwen3": 1000}

    async def test_says_what_went_wrong(self, boss, provider, server) -> None:
        server.listed = None
        assert "There is no model API at the address" in await press(boss, "models", provider)


class TestTheButtons:
    @pytest.mark.parametrize("button", ["test", "models"])
    def test_want_the_permission_to_change(self, button, make_staff, enter, scripted) -> None:
        address = reverse(f"admin:chat_provider_{button}", args=[scripted.pk])
        assert enter(make_staff("view_provider", "add_model")).post(address).status_code == 403

    def test_that_add_want_the_permission_to_add(self, make_staff, enter, scripted) -> None:
        address = reverse("admin:chat_provider_models", args=[scripted.pk])
        assert enter(make_staff("change_provider")).post(address, {"name": ["new"]}).status_code == 403
        assert not Model.objects.exists()

    @pytest.mark.parametrize("button", ["test", "models"])
    def test_are_pressed_not_followed(self, button, boss, enter, scripted) -> None:
        address = reverse(f"admin:chat_provider_{button}", args=[scripted.pk])
        assert enter(boss).get(address).status_code == 405

    def test_want_the_token_of_the_form(self, boss, scripted) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(boss)
        assert client.post(reverse("admin:chat_provider_test", args=[scripted.pk])).status_code == 403

    def test_of_a_provider_that_is_gone_say_so(self, boss, enter) -> None:
        assert enter(boss).post("/admin/chat/provider/999/test/").status_code == 404


class TestTheLists:
    def test_show_prices_and_aliases(self, boss, enter, scripted) -> None:
        model = Model.objects.create(provider=scripted, name="dear", input_price="2.50", output_price="10")
        Alias.objects.create(pattern="gpt-4*", model=model)
        client = enter(boss)
        assert "2.5 / 10" in client.get("/admin/chat/model/").content.decode()
        assert "gpt-4*" in client.get("/admin/chat/alias/").content.decode()
