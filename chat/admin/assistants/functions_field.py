"""The form field for an assistant's functions, with its errors."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from chat.admin.shared.form_fields import JsonTextField
from chat.providers.tool_names import FUNCTION
from chat.tools.function_errors import problems_of
from chat.tools.functions import MAX_TOOLS, api_function


class FunctionsField(JsonTextField):
    """JSON of a list of ``{"name", "description", "parameters", "strict"}``, or of the API's function tools."""

    widget = forms.Textarea(attrs={"rows": 14, "class": "vLargeTextField code", "spellcheck": "false"})
    empty = list

    def to_python(self, value: Any) -> Any:
        functions = super().to_python(value)
        functions = [functions] if isinstance(functions, dict) else functions
        if not isinstance(functions, list):
            raise ValidationError(_("Write a list of functions, in square brackets."))
        return [self._unwrap(function) for function in functions]

    @staticmethod
    def _unwrap(function: Any) -> Any:
        """Return the function of ``{"type": "function", "function": {…}}``, which is how the API lists one."""
        wrapped = isinstance(function, dict) and function.get("type") == FUNCTION and "function" in function
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
        """Return the functions as the API stores them: with ``strict`` and ``parameters`` (reference, section 3)."""
        return [api_function(function) for function in super().clean(value)]
