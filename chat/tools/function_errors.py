"""Describe what is wrong with a function that someone wrote by hand, in words for the page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from chat.tools.functions import KEYS, NAME


def problems_of(function: Any) -> list[str]:
    """Return what is wrong with one function, in words."""
    if not isinstance(function, dict):
        return [_('write an object, such as {"name": "get_weather"}.')]
    problems = []
    if not isinstance(function.get("name"), str) or not NAME.fullmatch(function["name"]):
        problems.append(_("its name must be 1 to 64 letters, digits, hyphens or underscores."))
    if unknown := sorted(function.keys() - KEYS):
        names = {"unknown": ", ".join(unknown), "known": ", ".join(sorted(KEYS))}
        problems.append(_("“%(unknown)s” is not known here; there are %(known)s.") % names)
    if not isinstance(function.get("description") or "", str):
        problems.append(_("its description must be a text."))
    if not isinstance(function.get("strict") or False, bool):
        problems.append(_("“strict” must be true or false."))
    if function.get("parameters") not in (None, {}):
        problems += schema_problems(function["parameters"])
    return problems


def schema_problems(schema: Any) -> list[str]:
    """Return what keeps ``schema`` from being the JSON schema of an object, in words."""
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
