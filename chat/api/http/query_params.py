"""Queries: what they have in common."""

from __future__ import annotations

from typing import ClassVar

from ninja import Schema
from pydantic import ValidationInfo, model_validator

from chat.errors import InvalidRequest

EVERYWHERE = {"api-version"}  # which clients made for Azure send with each request


class Asked(Schema):
    """A query. Unknown parameters are refused; ``families`` are those of the form ``name[key]``."""

    families: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def knows_everything(self, info: ValidationInfo) -> Asked:
        for name in info.context["request"].GET if info.context else ():
            family = name.partition("[")[0] if name.endswith("]") else ""
            known = type(self).model_fields.keys() | EVERYWHERE
            if name.removesuffix("[]") not in known and family not in self.families:
                raise InvalidRequest(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        return self
