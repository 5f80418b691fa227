"""The parser of JSON bodies and query strings, and the base of the models of query strings.

It keeps nothing that a database or a reader of JSON cannot take.
"""

from __future__ import annotations

import json
import math
from typing import Any, ClassVar, NoReturn, cast

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja import Schema
from ninja.parser import Parser
from pydantic import ValidationInfo, model_validator

from chat.api.http.request import ApiRequest
from chat.api.http.validation_errors import json_type
from chat.errors import InvalidRequest

MAX_DEPTH = 100  # levels of arrays and objects; code that stores or shows them recurses once for each


class JsonParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = parse_json(request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(
                f"We could not parse the JSON body of your request: {error}. The body must be one JSON object."
            ) from None
        if not isinstance(body, dict):
            raise InvalidRequest(f"The body of your request must be one JSON object, but it is {json_type(body)}.")
        cast(ApiRequest, request).json_body = body
        return body

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        # Arrays come as ``include[]``, from older SDKs as ``include``.
        plain = MultiValueDict({name.removesuffix("[]"): values for name, values in data.lists()})
        return super().parse_querydict(plain, list_fields, request)


def parse_json(body: bytes | str) -> Any:
    """Return the value of ``body``, which is JSON. Raise ``ValueError`` or ``RecursionError`` for anything else."""
    return without_nul(json.loads(body, parse_float=parse_float, parse_constant=refuse_constant), depth=0)


def parse_float(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else refuse_constant(digits)


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON has")


def without_nul(value: Any, *, depth: int) -> Any:
    """Return ``value`` without NUL characters, which PostgreSQL cannot keep. Raise ``ValueError`` if too deep."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if not isinstance(value, list | dict):
        return value
    if depth == MAX_DEPTH:
        raise ValueError(f"it nests more than {MAX_DEPTH} levels deep")
    if isinstance(value, list):
        return [without_nul(item, depth=depth + 1) for item in value]
    return {without_nul(key, depth=0): without_nul(item, depth=depth + 1) for key, item in value.items()}


ALWAYS_ALLOWED = {"api-version"}  # clients made for Azure send it with each request


class QueryParams(Schema):
    """A query string. Unknown parameters are refused; ``deep_objects`` are names of parameters ``name[key]``."""

    deep_objects: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def refuse_unknown(self, info: ValidationInfo) -> QueryParams:
        for name in info.context["request"].GET if info.context else ():
            base = name.partition("[")[0] if name.endswith("]") else ""
            known = type(self).model_fields.keys() | ALWAYS_ALLOWED
            if name.removesuffix("[]") not in known and base not in self.deep_objects:
                raise InvalidRequest(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        return self
