"""The field in which staff write the functions of an assistant, and what may be wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from chat.admin.inputs import JsonText

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # reference, section 8
KEYS = {"name", "description", "parameters", "strict"}
MAX_TOOLS = 128  # reference, section 4


class FunctionsField(JsonText):
    """A list of ``{"name", "description", "parameters", "strict"}``. Takes the API's list of function tools too."""

    widget = forms.Textarea(attrs={"rows": 14, "class": "vLargeTextField code", "spellcheck": "false"})
    empty = list

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        found = [found] if isinstance(found, dict) else found
        if not isinstance(found, list):
            raise ValidationError(_("Write a list of functions, in square brackets."))
        return [self._unwrapped(function) for function in found]

    @staticmethod
    def _unwrapped(function: Any) -> Any:
        """The function of ``{"type": "function", "function": {…}}``, which is how the API lists one."""
        wrapped = isinstance(function, dict) and function.get("type") == "function" and "function" in function
        return function["function"] if wrapped else function

    def validate(self, value: Any) -> None:
        if len(value) > MAX_TOOLS:
            raise ValidationError(_("At most %(most)d functions, please.") % {"most": MAX_TOOLS})
        errors = [
            _("Function %(place)d: %(problem)s") % {"place": place, "problem": problem}
            for place, function in enumerate(value, start=1)
            for problem in problems_of(function)
        ]
        names = Counter(str(function.get("name")) for function in value if isinstance(function, dict))
        errors += [
            _("The name “%(name)s” is used more than once.") % {"name": name} for name in names if names[name] > 1
        ]
        if errors:
            raise ValidationError(errors)

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """As the API keeps them: with ``strict``, and with ``parameters`` (reference, section 3)."""
        nothing = {"type": "object", "properties": {}}
        return [
            function | {"parameters": function.get("parameters") or nothing, "strict": bool(function.get("strict"))}
            for function in super().clean(value)
        ]


def problems_of(function: Any) -> list[str]:
    """What is wrong with one function, in words."""
    if not isinstance(function, dict):
        return [_('write an object, such as {"name": "get_weather"}.')]
    problems = []
    if not isinstance(function.get("name"), str) or not NAME.fullmatch(function["name"]):
        problems.append(_("its name must be 1 to 64 letters, digits, hyphens or underscores."))
    if unknown := sorted(function.keys() - KEYS):
        told = {"unknown": ", ".join(unknown), "known": ", ".join(sorted(KEYS))}
        problems.append(_("“%(unknown)s” is not known here; there are %(known)s.") % told)
    if not isinstance(function.get("description") or "", str):
        problems.append(_("its description must be a text."))
    if not isinstance(function.get("strict") or False, bool):
        problems.append(_("“strict” must be true or false."))
    if function.get("parameters") not in (None, {}):
        problems += schema_problems(function["parameters"])
    return problems


def schema_problems(schema: Any) -> list[str]:
    """What keeps ``schema`` from being the JSON schema of an object."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return [_('its parameters must be a JSON schema of an object: {"type": "object", "properties": {…}}.')]
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        return [_("“properties” must be an object, with a schema for each parameter.")]
    problems = [
        _("the schema of the parameter “%(name)s” must be an object.") % {"name": name}
        for name, part in properties.items()
        if not isinstance(part, dict | bool)
    ]
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        problems.append(_("“required” must be a list of names."))
    return problems
