"""Fields of the admin's forms that Django does not have: suggestions, lines, functions, metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # reference, section 8
FUNCTION_KEYS = {"name", "description", "parameters", "strict"}
MAX_TOOLS = 128  # reference, section 4, as are those of metadata
MAX_PAIRS, MAX_KEY, MAX_VALUE = 16, 64, 512
MAX_STARTERS = 12


class Suggested(forms.TextInput):
    """A text field that suggests what ``suggestions()`` knows when the page is made, and takes anything."""

    def __init__(self, suggestions: Callable[[], Iterable[str]]) -> None:
        super().__init__({"class": "vTextField", "autocomplete": "off"})
        self.suggestions = suggestions

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        list_id = f"id_{name}_suggestions"
        field = super().render(name, value, {**(attrs or {}), "list": list_id}, renderer)
        options = format_html_join("", '<option value="{}">', ((word,) for word in self.suggestions()))
        return format_html('{}<datalist id="{}">{}</datalist>', field, list_id, options)


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in str(super().clean(value)).splitlines() if line.strip()]
        if len(lines) > MAX_STARTERS:
            raise ValidationError(_("At most %(most)d lines, please.") % {"most": MAX_STARTERS})
        return lines


class JsonText(forms.JSONField):
    """JSON that is shown indented, in a field made for code. An empty field means ``empty()``."""

    widget = forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField code", "spellcheck": "false"})
    empty: Callable[[], Any] = dict

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):  # what was typed
            return value
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return self.empty()
        try:
            return json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            told = {"line": error.lineno, "column": error.colno, "problem": error.msg}
            raise ValidationError(
                _("This is not JSON: %(problem)s (line %(line)d, column %(column)d).") % told
            ) from None


class MetadataField(JsonText):
    """The API's metadata: an object of short texts."""

    def validate(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValidationError(_('Write an object, such as {"team": "sales"}.'))
        if len(value) > MAX_PAIRS:
            raise ValidationError(_("At most %(most)d pairs, please.") % {"most": MAX_PAIRS})
        for key, text in value.items():
            if len(key) > MAX_KEY:
                raise ValidationError(_("The key “%(key)s” is longer than %(most)d.") % {"key": key, "most": MAX_KEY})
            if not isinstance(text, str) or len(text) > MAX_VALUE:
                told = {"key": key, "most": MAX_VALUE}
                raise ValidationError(_("The value of “%(key)s” must be a text of at most %(most)d.") % told)


class FunctionsField(JsonText):
    """A list of functions: ``[{"name", "description", "parameters", "strict"}]``. Also takes the API's list of tools."""

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
            for problem in function_problems(function)
        ]
        names = [function.get("name") for function in value if isinstance(function, dict)]
        errors += [
            _("The name “%(name)s” is used twice.") % {"name": name}
            for name in dict.fromkeys(names)
            if name and names.count(name) > 1
        ]
        if errors:
            raise ValidationError(errors)

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """As the API keeps them: with ``strict``, and with ``parameters`` (reference, section 3)."""
        functions = super().clean(value)
        nothing = {"type": "object", "properties": {}}
        return [{"strict": False, "parameters": nothing} | function for function in functions]


def function_problems(function: Any) -> list[str]:
    """What is wrong with one function, in words."""
    if not isinstance(function, dict):
        return [_('write an object, such as {"name": "get_weather"}.')]
    problems = []
    if not isinstance(function.get("name"), str) or not FUNCTION_NAME.fullmatch(function["name"]):
        problems.append(_("its name must be 1 to 64 letters, digits, hyphens or underscores."))
    if unknown := sorted(function.keys() - FUNCTION_KEYS):
        told = {"unknown": ", ".join(unknown), "known": ", ".join(sorted(FUNCTION_KEYS))}
        problems.append(_("“%(unknown)s” is not known here; there are %(known)s.") % told)
    if not isinstance(function.get("description") or "", str):
        problems.append(_("its description must be a text."))
    if not isinstance(function.get("strict") or False, bool):
        problems.append(_("“strict” must be true or false."))
    if function.get("parameters") is not None:
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
    elif missing := [name for name in required if name not in properties]:
        problems.append(_("“required” names %(names)s, which “properties” lacks.") % {"names": ", ".join(missing)})
    return problems
