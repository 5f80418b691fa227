"""Bodies as they come: empty ones, broken ones, huge ones. Reference, section 1.1."""

from __future__ import annotations

import json

import pytest

from chat.models import Assistant, Message, Thread
from tests.api.calling import Api, Reply, refused, told

pytestmark = pytest.mark.django_db
UNREADABLE = "We could not parse the JSON body of your request: "


def sent(api: Api, body: bytes, path: str = "/v1/threads", type: str = "application/json") -> Reply:
    return api.client.post(path, body, content_type=type)


def with_parameters(parameters: str) -> bytes:
    """The body of an assistant with a function of these."""
    function = f'{{"type": "function", "function": {{"name": "f", "parameters": {parameters}}}}}'
    return f'{{"model": "m", "tools": [{function}]}}'.encode()


class TestABody:
    @pytest.mark.parametrize("path", ["/threads", "/threads/{id}"])
    @pytest.mark.parametrize("body", [b"", b"{}"])
    def test_may_be_empty_where_nothing_is_needed(self, api: Api, thread: Thread, path: str, body: bytes) -> None:
        assert sent(api, body, "/v1" + path.format(id=thread.id)).status_code == 200

    @pytest.mark.parametrize("type", ["text/plain", "application/octet-stream", "application/json; charset=utf-8"])
    def test_is_json_whatever_it_is_called(self, api: Api, type: str) -> None:
        assert sent(api, b'{"metadata": {"a": "b"}}', type=type).json()["metadata"] == {"a": "b"}

    def test_that_is_called_a_form_is_no_json(self, api: Api) -> None:
        reply = sent(api, b"metadata[a]=b", type="application/x-www-form-urlencoded")
        assert reply.status_code == 400

    def test_that_is_needed_and_missing_is_missed(self, api: Api) -> None:
        reply = sent(api, b"", "/v1/assistants")
        assert told(reply) == refused("The request has no body. Send one JSON object.")

    @pytest.mark.parametrize(
        ("body", "what"),
        [(b"[]", "an array"), (b'"a"', "a string"), (b"null", "null"), (b"true", "a boolean"), (b"1.5", "a decimal")],
    )
    def test_that_is_no_object_is_refused(self, api: Api, body: bytes, what: str) -> None:
        message = f"The body of your request must be one JSON object, but it is {what}."
        assert told(sent(api, body)) == refused(message)

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"{'a': 1}",
            b"name=x",
            b'{"metadata": {}} {}',
            b'{"metadata": {"a": "\xff"}}',
            b"\xff\xfe{",
            b'{"a": 01}',
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            b"[" * 100_000,
            b'{"metadata": ' + b"9" * 5000 + b"}",
        ],
        ids=["cut", "quotes", "form", "two", "latin", "utf-16", "octal", "deep", "deep-arrays", "digits"],
    )
    def test_that_is_no_json_is_refused(self, api: Api, body: bytes) -> None:
        reply = sent(api, body)
        status, error = reply.status_code, reply.json()["error"]
        assert (status, error["type"], error["code"]) == (400, "invalid_request_error", None)
        assert error["message"].startswith(UNREADABLE)
        assert not Thread.objects.exists()

    @pytest.mark.parametrize(("levels", "status"), [(90, 200), (120, 400), (900, 400)])
    def test_may_not_nest_endlessly_where_anything_goes(self, api: Api, levels: int, status: int) -> None:
        """In the parameters of a function."""
        parameters = '{"type": "object", "x": ' + "[" * levels + "]" * levels + "}"
        assert sent(api, with_parameters(parameters), "/v1/assistants").status_code == status

    def test_in_utf_16_is_read(self, api: Api) -> None:
        """As RFC 4627 allowed."""
        assert sent(api, '{"metadata": {"a": "ä"}}'.encode("utf-16")).json()["metadata"] == {"a": "ä"}

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_with_a_number_that_is_none_is_refused(self, api: Api, number: str) -> None:
        reply = sent(api, f'{{"model": "m", "temperature": {number}}}'.encode(), "/v1/assistants")
        assert reply.status_code == 400
        assert not Assistant.objects.exists()

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
    def test_with_such_a_number_where_anything_goes_is_refused(self, api: Api, number: str) -> None:
        """It could be kept, but the answer that shows it would be no JSON."""
        reply = sent(api, with_parameters(f'{{"type": "object", "x": {number}}}'), "/v1/assistants")
        assert reply.status_code == 400
        assert not Assistant.objects.exists()

    def test_names_the_last_of_two_values_of_a_name(self, api: Api) -> None:
        assert sent(api, b'{"metadata": {"a": "1", "a": "2"}}').json()["metadata"] == {"a": "2"}

    def test_loses_its_zero_characters(self, api: Api) -> None:
        """PostgreSQL cannot keep them."""
        assert api.made("/threads", {"metadata": {"a\0": "b\0c"}})["metadata"] == {"a": "bc"}

    @pytest.mark.parametrize("half", ['"\\ud83d"', '"a\\udc00b"'])
    def test_with_half_a_character_is_refused(self, api: Api, half: str) -> None:
        reply = sent(api, f'{{"metadata": {{"a": {half}}}}}'.encode())
        message = "Invalid 'metadata.a': it holds half of a surrogate pair, which is no character."
        assert told(reply) == refused(message, param="metadata.a", code="invalid_value")

    @pytest.mark.parametrize("half", ['"\\ud83d"', '"a\\udc00b"'])
    def test_with_half_a_character_where_anything_goes_is_refused(self, api: Api, half: str) -> None:
        reply = sent(api, with_parameters(f'{{"type": "object", "x": [{half}]}}'), "/v1/assistants")
        param = "tools[0].function.parameters"
        message = f"Invalid '{param}': it holds half of a surrogate pair, which is no character."
        assert told(reply) == refused(message, param=param, code="invalid_value")

    def test_keeps_characters_beyond_the_first_plane(self, api: Api, thread: Thread) -> None:
        message = api.made(f"/threads/{thread.id}/messages", {"role": "user", "content": "𝄞 漢 👩‍🚀"})
        assert message["content"][0]["text"]["value"] == "𝄞 漢 👩‍🚀"


class TestAHugeBody:
    def test_is_refused_in_our_form(self, api: Api, thread: Thread, settings) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
        reply = api.post(f"/threads/{thread.id}/messages", {"role": "user", "content": "x" * 10_000})
        message = "The body of your request is too large: at most 10000 bytes are taken."
        assert told(reply) == (413, refused(message)[1])
        assert not Message.objects.exists()

    def test_is_refused_with_an_idempotency_key_too(self, api: Api, settings) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        assert api.post("/threads", {"metadata": {"a": "x" * 200}}, Idempotency_Key="one").status_code == 413

    def test_of_the_longest_message_is_taken(self, api: Api, thread: Thread) -> None:
        """Section 4, in characters of three bytes each as JSON writes them."""
        body = {"role": "user", "content": "漢" * 256_000}
        assert len(json.dumps(body)) > 1_500_000
        assert api.post(f"/threads/{thread.id}/messages", body).status_code == 200
