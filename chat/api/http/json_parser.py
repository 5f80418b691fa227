"""Bodies and queries as the SDKs send them, with only what every database and every reader of JSON can take."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, cast

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from chat.api.http.request import ApiRequest
from chat.api.http.validation_errors import named
from chat.errors import InvalidRequest

MAX_DEPTH = 100  # levels of arrays and objects; whatever stores or shows them goes down one call deep for each


class WireParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = parsed(request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(
                f"We could not parse the JSON body of your request: {error}. The body must be one JSON object."
            ) from None
        if not isinstance(body, dict):
            raise InvalidRequest(f"The body of your request must be one JSON object, but it is {named(body)}.")
        cast(ApiRequest, request).json_body = body
        return body

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Arrays are sent as ``include[]``, by older SDKs as ``include``."""
        plain = MultiValueDict({name.removesuffix("[]"): values for name, values in data.lists()})
        return super().parse_querydict(plain, list_fields, request)


def parsed(body: bytes | str) -> Any:
    """Return the value of ``body``, which is JSON. Raise ``ValueError`` or ``RecursionError`` for anything else."""
    return plain(json.loads(body, parse_float=finite, parse_constant=no_number), depth=0)


def finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else no_number(digits)


def no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON has")


def plain(value: Any, *, depth: int) -> Any:
    """``value`` without the one character that PostgreSQL cannot keep. Raises ``ValueError`` if it nests too deeply."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if not isinstance(value, list | dict):
        return value
    if depth == MAX_DEPTH:
        raise ValueError(f"it nests more than {MAX_DEPTH} levels deep")
    if isinstance(value, list):
        return [plain(item, depth=depth + 1) for item in value]
    return {plain(key, depth=0): plain(item, depth=depth + 1) for key, item in value.items()}
