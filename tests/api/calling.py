"""A program at the other end of the API."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from chat.actions.access import api_keys
from chat.models import User

Reply = Any  # Django's answer, as its test client dresses it
Body = dict[str, Any]


class Api:
    """A program with a key of ``user``'s. It speaks JSON; its paths begin after ``/v1``."""

    def __init__(self, user: User) -> None:
        self.key, self.secret = api_keys.create(user, name="test")
        self.headers = {"Authorization": f"Bearer {self.secret}", "OpenAI-Beta": "assistants=v2"}
        self.client = Client(headers=self.headers)

    def get(self, path: str, **query: Any) -> Reply:
        return self.client.get(f"/v1{path}", query)

    def post(self, path: str, body: Body | None = None, **headers: str) -> Reply:
        """``headers`` with underscores for their lines."""
        sent = b"" if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/v1{path}", sent, content_type="application/json", headers=named)

    def delete(self, path: str) -> Reply:
        """As the Python SDK does: without a body, which is said to be JSON."""
        return self.client.delete(f"/v1{path}", content_type="application/json")

    def made(self, path: str, body: Body | None = None) -> Body:
        """What a POST that goes well is answered."""
        return whole(self.post(path, body))

    def found(self, path: str, **query: Any) -> Body:
        """What a GET that goes well is answered."""
        return whole(self.get(path, **query))


def whole(reply: Reply) -> Body:
    assert reply.status_code == 200, reply.content
    shown: Body = reply.json()
    return shown


def refused(message: str, *, param: str | None = None, code: str | None = None) -> tuple[int, Body]:
    """Status and body of a refusal with 400: reference, section 1.5."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return 400, {"error": error}


def absent(message: str) -> tuple[int, Body]:
    """Status and body for what is not there."""
    return 404, refused(message)[1]


def told(reply: Reply) -> tuple[int, Body]:
    """The status and the body of an answer."""
    return reply.status_code, reply.json()
