"""Filters of a search by the attributes of files (reference, section 9)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from chat.api import schemas

MAX_COMPARISONS = 100  # in all: each is made for each file
MAX_VALUES = 1000
LISTS = ("in", "nin")
Key = Annotated[str, Field(max_length=64)]
Text = Annotated[str, Field(max_length=512)]
Scalar = Annotated[Text | bool | int | float, BeforeValidator(schemas.check_scalar)]
Values = Annotated[list[Scalar], Field(max_length=MAX_VALUES)]


class Comparison(schemas.Body):
    """``value`` is an array for ``in`` and ``nin``, and none for the others."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    key: Key
    value: Annotated[
        Annotated[Scalar, Tag("one")] | Annotated[Values, Tag("many")],
        Discriminator(lambda value: "many" if isinstance(value, list) else "one"),
    ]

    @model_validator(mode="after")
    def check_value(self) -> Comparison:
        if isinstance(self.value, list) != (self.type in LISTS):
            raise ValueError(f"'{self.type}' compares with {'an array' if self.type in LISTS else 'one value'}")
        return self


class Compound(schemas.Body):
    type: Literal["and", "or"]
    filters: list[Filter]


def _check_number(filters: Comparison | Compound) -> Comparison | Compound:
    if (number := _count(filters)) > MAX_COMPARISONS:
        raise ValueError(f"it has {number} comparisons, and at most {MAX_COMPARISONS} are made")
    return filters


def _count(filters: Comparison | Compound) -> int:
    return 1 if isinstance(filters, Comparison) else sum(map(_count, filters.filters))


Filter = Annotated[Comparison | Compound, Discriminator("type")]
Filters = Annotated[Filter, AfterValidator(_check_number)]
Compound.model_rebuild()
