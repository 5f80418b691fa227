"""Programs that say which Assistants API they speak, and what they make."""

from __future__ import annotations

from django.test import Client

from chat.actions.knowledge import vector_stores
from chat.models import Assistant, User
from tests.api.calling import Api, Body, refused

CODE, RETRIEVAL, SEARCH = {"type": "code_interpreter"}, {"type": "retrieval"}, {"type": "file_search"}
UNKNOWN = refused("Unknown parameter: 'file_ids'.", param="file_ids", code="unknown_parameter")


def speaking(user: User, beta: str) -> Api:
    """A program of the user's that says ``beta`` in its header; '': it has none."""
    api = Api(user)
    said = {"OpenAI-Beta": f"assistants={beta}"} if beta else {}
    api.client = Client(headers={"Authorization": f"Bearer {api.secret}", **said})
    return api


def made_by(api: Api, *tools: Body, file_ids: list[str]) -> Assistant:
    """A new assistant with these files."""
    shown = api.made("/assistants", {"model": "gpt-4-1106-preview", "tools": list(tools), "file_ids": file_ids})
    return Assistant.objects.get(id=shown["id"])


def searched(assistant: Assistant) -> list[str]:
    """The files of the assistant's vector store."""
    (store_id,) = assistant.tool_resources["file_search"]["vector_store_ids"]
    return sorted(vector_stores.get(assistant.owner, store_id).files.values_list("id", flat=True))
