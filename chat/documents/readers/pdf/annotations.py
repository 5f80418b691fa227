"""What is on a page beside its content: values of form fields, ticks, free text and comments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ctypes import POINTER, byref, c_char, c_ushort, cast, create_string_buffer
from typing import Any, NamedTuple

from pypdfium2 import raw

from chat.documents.readers.pdf.boxes import Box

_MAX_ANNOTATIONS = 1_000
_MAX_OPTIONS = 1_000
_MAX_BYTES = 64 << 10
"""Of a field's value or a comment."""

_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD_FLAG = 1 << 13
_CHOICES = (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
_BOXES = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_SILENT = (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP)
"""Links are text of the page; a popup repeats the comment that it belongs to."""


_TICKS = ("☐", "☑")


class Annotation(NamedTuple):
    """The text of an annotation and where it is. ``is_tick``: its label is on the right."""

    box: Box
    text: str
    is_tick: bool = False


def read_annotations(page: Any) -> Iterator[Annotation]:
    """Yield what is seen of the annotations of a page, in the file's order."""
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MAX_ANNOTATIONS)):
        handle = raw.FPDFPage_GetAnnot(page, index)
        if not handle:
            continue
        try:
            kind = raw.FPDFAnnot_GetSubtype(handle)
            if kind in _SILENT or raw.FPDFAnnot_GetFlags(handle) & _UNSEEN:
                continue
            is_field = kind == raw.FPDF_ANNOT_WIDGET
            text = _field(page.formenv, handle) if is_field else _comment(handle, kind)
            if text:
                yield Annotation(_box(handle), text, is_field and text in _TICKS)
        finally:
            raw.FPDFPage_CloseAnnot(handle)


def _field(form: Any, handle: Any) -> str:
    """Return the value of a form field; of a box, whether it is ticked."""
    if not form:
        return ""
    kind = raw.FPDFAnnot_GetFormFieldType(form, handle)
    if kind in _BOXES:
        return _TICKS[raw.FPDFAnnot_IsChecked(form, handle) == 1]
    if kind in _CHOICES and (chosen := _chosen(form, handle)):
        return chosen
    is_secret = raw.FPDFAnnot_GetFormFieldFlags(form, handle) & _PASSWORD_FLAG
    if kind in (*_CHOICES, raw.FPDF_FORMFIELD_TEXTFIELD) and not is_secret:
        return _string(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, handle, buffer, size))
    return ""


def _chosen(form: Any, handle: Any) -> str:
    """Return the labels of the chosen options of a list."""
    count = min(raw.FPDFAnnot_GetOptionCount(form, handle), _MAX_OPTIONS)
    chosen = [index for index in range(count) if raw.FPDFAnnot_IsOptionSelected(form, handle, index)]
    labels = (
        _string(lambda buffer, size, index=index: raw.FPDFAnnot_GetOptionLabel(form, handle, index, buffer, size))
        for index in chosen
    )
    return ", ".join(filter(None, labels))


def _comment(handle: Any, kind: int) -> str:
    text = _entry(handle, "Contents")
    if not text or kind == raw.FPDF_ANNOT_FREETEXT:
        return text
    author = _entry(handle, "T")
    return f"[Comment{f' by {author}' if author else ''}: {text}]"


def _entry(handle: Any, key: str) -> str:
    name = cast(create_string_buffer(key.encode()), POINTER(c_char))
    return _string(lambda buffer, size: raw.FPDFAnnot_GetStringValue(handle, name, buffer, size))


def _string(call: Callable[..., int]) -> str:
    """Return the text that PDFium's ``call`` writes into a buffer, as one line."""
    size = min(call(None, 0), _MAX_BYTES)
    if size <= 2:
        return ""
    buffer = create_string_buffer(size)
    if call(cast(buffer, POINTER(c_ushort)), size) > size:
        return ""
    return " ".join(buffer.raw[: size - 2].decode("utf-16-le", errors="replace").split())


def _box(handle: Any) -> Box:
    rect = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(handle, byref(rect))
    return Box(rect.left, rect.bottom, rect.right, rect.top)
