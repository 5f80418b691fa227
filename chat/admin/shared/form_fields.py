"""Fields of the admin's forms that Django does not have: texts, suggestions, lines, JSON, metadata.

A field that is sent as it was shown has not changed: the history must not say that it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_PAIRS, MAX_KEY, MAX_VALUE = 16, 64, 512  # reference, section 4
MAX_LINES = 12


class MultilineInput(forms.Textarea):
    """A text of several lines, which end as they do in the database and not as browsers send them."""

    def __init__(self, *, rows: int) -> None:
        super().__init__({"rows": rows, "class": "vLargeTextField"})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else value


class DatalistInput(forms.TextInput):
    """A text field that takes anything, and suggests what ``suggestions()`` returns while the page is rendered."""

    def __init__(self, suggestions: Callable[[], Iterable[str]]) -> None:
        super().__init__({"class": "vTextField", "autocomplete": "off"})
        self.suggestions = suggestions

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        list_id = f"id_{name}_suggestions"
        field = super().render(name, value, {**(attrs or {}), "list": list_id}, renderer)
        options = format_html_join("", '<option value="{}">', ((word,) for word in self.suggestions()))
        return format_html('{}<datalist id="{}">{}</datalist>', field, list_id, options)


class LinesField(forms.CharField):
    """A text for each line. Cleans to the list of those that are not blank, at most ``MAX_LINES``."""

    widget = MultilineInput(rows=4)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in str(super().clean(value)).splitlines() if line.strip()]
        if len(lines) > MAX_LINES:
            raise ValidationError(_("At most %(most)d lines, please.") % {"most": MAX_LINES})
        return lines

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial or []), data)


def reject_constant(name: str) -> None:
    """Raise ``ValidationError`` for ``NaN`` and ``Infinity``."""
    # They are Python's, not JSON's, and PostgreSQL would not take them.
    raise ValidationError(_("%(name)s is no value of JSON.") % {"name": name})


class JsonTextField(forms.Field):
    """JSON, shown indented in a field for code. Cleans to the value; an empty field to ``empty()``."""

    widget = forms.Textarea(attrs={"rows": 6, "class": "vLargeTextField code", "spellcheck": "false"})
    empty: Callable[[], Any] = dict

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):  # typed, and shown again because of an error
            return value
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

    def to_python(self, value: Any) -> Any:
        if value is None or not value.strip():
            return self.empty()
        if "\\u0000" in value:
            raise ValidationError(_("The character \\u0000 cannot be kept."))
        try:
            return json.loads(value, parse_constant=reject_constant)
        except json.JSONDecodeError as error:
            values = {"line": error.lineno, "column": error.colno, "problem": error.msg}
            raise ValidationError(
                _("This is not JSON: %(problem)s (line %(line)d, column %(column)d).") % values
            ) from None
        except RecursionError:
            raise ValidationError(_("This is nested too deeply.")) from None


class MetadataField(JsonTextField):
    """The API's metadata, which may be empty. Cleans to a dict of short texts."""

    def __init__(self) -> None:
        help_text = gettext_lazy('For programs: up to 16 short texts, such as {"team": "sales"}.')
        super().__init__(required=False, label=gettext_lazy("Metadata"), help_text=help_text)

    def validate(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValidationError(_('Write an object, such as {"team": "sales"}.'))
        if len(value) > MAX_PAIRS:
            raise ValidationError(_("At most %(most)d pairs, please.") % {"most": MAX_PAIRS})
        for key, text in value.items():
            if len(key) > MAX_KEY:
                raise ValidationError(_("The key “%(key)s” is longer than %(most)d.") % {"key": key, "most": MAX_KEY})
            if not isinstance(text, str) or len(text) > MAX_VALUE:
                values = {"key": key, "most": MAX_VALUE}
                raise ValidationError(_("The value of “%(key)s” must be a text of at most %(most)d.") % values)
