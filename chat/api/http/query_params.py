"""The base of the models of query strings."""

from __future__ import annotations

from typing import ClassVar

from ninja import Schema
from pydantic import ValidationInfo, model_validator

from chat.errors import InvalidRequest

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
