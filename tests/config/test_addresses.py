"""What the addresses of all doors make of characters and numbers that no column holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from chat.actions.access import api_keys
from chat.models import Provider, User

PARAMETERS = (
    "q",
    "query",
    "after",
    "before",
    "name",
    "purpose",
    "run_id",
    "filter",
    "current",
    "assistant",
    "file",
    "p",
)
URLCONFS = {"v1": "chat.api.assistants_v1.urls", "v2": settings.ROOT_URLCONF}


def routes(patterns: list[URLPattern | URLResolver], base: str = "/") -> Iterator[str]:
    for each in patterns:
        if not isinstance(each.pattern, RoutePattern):
            continue
        route = base + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        else:
            yield route


@cache  # and not while tests are collected, which would import all pages
def routes_of(version: str) -> list[str]:
    """Return the routes of all doors, those of the API in this version, without its second prefixes."""
    found = routes(get_resolver(URLCONFS[version]).url_patterns)
    return sorted(route for route in found if not route.startswith("/openai"))


@pytest.fixture
def staff(scripted: Provider) -> Client:
    boss = User.objects.create_superuser("boss", password="correct horse battery")
    _, secret = api_keys.create(boss, name="laptop")
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})
    client.force_login(boss)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("version", URLCONFS)
class TestNoAddress:
    @pytest.mark.parametrize("word", ["x%00", "9" * 30])
    def test_has_words_that_the_server_stumbles_over(self, version: str, word: str, staff: Client) -> None:
        numbered = [re.sub("<int[^>]*>", "9" * 30, route) for route in routes_of(version)]
        assert failures(staff, version, [re.sub("<[^>]*>", word, route) for route in numbered]) == {}

    @pytest.mark.parametrize("parameter", PARAMETERS)
    def test_has_a_query_that_the_server_stumbles_over(self, version: str, parameter: str, staff: Client) -> None:
        addresses = [f"{re.sub('<[^>]*>', '1', route)}?{parameter}=x%00" for route in routes_of(version)]
        assert failures(staff, version, addresses) == {}


def failures(client: Client, version: str, addresses: list[str]) -> dict[str, int]:
    """Return the statuses of 500 and above that a GET of ``addresses`` is answered with."""
    headers = {"OpenAI-Beta": f"assistants={version}"}
    answers = {address: client.get(address, headers=headers).status_code for address in addresses}
    return {address: status for address, status in answers.items() if status >= 500 and address[:7] != "/readyz"}
