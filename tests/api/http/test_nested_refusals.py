"""A refusal names its parameter with the whole path, however deep in the body it stands (reference, section 12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chat.models import User
from tests.api.belongings import belongings
from tests.api.calling import Api
from tests.api.foreign_calls import NEW, SHARED, Case, call, cases

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media", "scripted")]
PREFIXES = {"assistant_id": "asst", "file_id": "file", "vector_store_id": "vs"}


def nested_cases() -> Iterator[Case]:
    """Each operation with each id of its body that has a kind of its own."""
    for case in cases():
        if case.beta == NEW and case.place and case.others[0] in PREFIXES.keys() - SHARED:
            yield case


def path_of(place: str) -> str:
    """``messages[0].attachments[0].file_id`` for ``messages[].attachments[].file_id``."""
    path = place.replace("[]", "[0]")
    return f"{path}[0]" if path.endswith("_ids") else path


class TestAnIdOfAnotherKind:
    @pytest.mark.parametrize("case", list(nested_cases()), ids=str)
    def test_is_refused_by_its_whole_path(self, case: Case, bob: User) -> None:
        ids = belongings(bob) | {case.others[0]: "31abac64-545c"}
        error = call(Api(bob).client, case, ids).json()["error"]
        path = path_of(case.place)
        expected = f"Invalid '{path}': '31abac64-545c'. Expected an ID that begins with '{PREFIXES[case.others[0]]}'."
        assert (error["message"], error["param"], error["code"]) == (expected, path, "invalid_value")

    @pytest.mark.parametrize("case", [case for case in nested_cases() if case.others == ("file_id",)], ids=str)
    def test_that_does_not_exist_names_its_whole_path(self, case: Case, bob: User) -> None:
        ids = belongings(bob) | {"file_id": "file-absent"}
        answer = call(Api(bob).client, case, ids)
        error = answer.json()["error"]
        assert (answer.status_code, error["param"]) == (404, path_of(case.place))
        assert error["message"] == "No such File object: file-absent"


PICTURE: dict[str, Any] = {"type": "image_url", "image_url": {"url": "ftp://example.org/a.png"}}
OVERLAPS = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 90}}
USER = {"role": "user"}


class TestWhatOnlyAnActionKnows:
    @pytest.mark.parametrize(
        ("path", "body", "param"),
        [
            ("/threads", {"messages": [{**USER, "content": "a"}, {**USER, "content": " "}]}, "messages[1].content"),
            ("/threads", {"messages": [{**USER, "content": [PICTURE]}]}, "messages[0].content[0].image_url.url"),
            (
                "/threads/runs",
                {"assistant_id": "{assistant_id}", "thread": {"messages": [{**USER, "content": ""}]}},
                "thread.messages[0].content",
            ),
            (
                "/threads/{thread_id}/runs",
                {"assistant_id": "{assistant_id}", "additional_messages": [{**USER, "content": [PICTURE]}]},
                "additional_messages[0].content[0].image_url.url",
            ),
            (
                "/threads",
                {"tool_resources": {"file_search": {"vector_stores": [{"chunking_strategy": OVERLAPS}]}}},
                "tool_resources.file_search.vector_stores[0].chunking_strategy.static.chunk_overlap_tokens",
            ),
            (
                "/vector_stores/{vector_store_id}/file_batches",
                {"files": [{"file_id": "{file_id}", "chunking_strategy": OVERLAPS}]},
                "files[0].chunking_strategy.static.chunk_overlap_tokens",
            ),
        ],
    )
    def test_is_refused_by_its_whole_path(self, bob: User, path: str, body: dict[str, Any], param: str) -> None:
        ids = belongings(bob)
        filled = {name: ids[value[1:-1]] if is_name(value) else value for name, value in body.items()}
        for one in filled.get("files", ()):
            one["file_id"] = ids["file_id"]
        error = Api(bob).post(path.format_map(ids), filled).json()["error"]
        assert error["param"] == param
        assert param in error["message"] or not re.search("'[a-z_.\\[\\]]+'", error["message"])


def is_name(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{")


class TestAClientOfTheFirstApi:
    def test_reads_of_the_files_that_it_named(self, bob: User) -> None:
        message = {"role": "user", "content": "a", "file_ids": ["file-absent"]}
        reply = Api(bob).post("/threads", {"messages": [message]}, OpenAI_Beta="assistants=v1")
        assert reply.json()["error"]["param"] == "messages[0].file_ids[0]"
