"""The code in the arguments of a call, as far as it can be read while the model is still writing them."""

from __future__ import annotations

import json
import re

# The beginning of the value of the first key that means code; models do not always keep to the declared one.
_BEGINNING = re.compile(r'\s*\{(?:\s*"[^"\\]*"\s*:\s*"[^"\\]*"\s*,)*\s*"(?:code|input|python|source)"\s*:\s*"')
# Characters and whole escapes; the first half of a surrogate pair waits for what follows it.
_HALF = r"\\u[dD][89abAB][0-9a-fA-F]{2}"
_NO_CODE = r"\\u[0-9a-fA-F]{0,3}(?![0-9a-fA-F])(?=[\s\S])"  # as in C:\users
_WHOLE = re.compile(
    rf'(?:[^"\\]|\\[^u]|{_NO_CODE}|{_HALF}\\u[0-9a-fA-F]{{4}}|{_HALF}(?=[^\\]|\\[^u]|{_NO_CODE})'
    r"|\\u(?![dD][89abAB])[0-9a-fA-F]{4})*"
)
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|.)', re.DOTALL)
_KEYS = ("code", "input", "python", "source")


class CodeReader:
    """Takes the arguments in pieces. Those that are no JSON object are the code themselves."""

    def __init__(self) -> None:
        self.arguments = ""
        self.code = ""
        self.at = -1  # where in the arguments the code goes on; -1: it has not begun

    def feed(self, piece: str) -> str:
        """Return the code that is certain now that ``piece`` has come, besides what was before."""
        self.arguments += piece
        if self.at < 0:
            match = _BEGINNING.match(self.arguments)
            if match is None:
                return ""
            self.at = match.end()
        whole = _WHOLE.match(self.arguments, self.at)
        assert whole is not None  # it may be empty
        self.at = whole.end()
        return self._add(_decoded(whole[0]))

    def rest(self) -> str:
        """Return the rest of the code: the arguments have ended. What was no object is the code itself."""
        if self.at >= 0:
            return ""
        self.at = len(self.arguments)
        return self._add(_meant(self.arguments))

    def _add(self, code: str) -> str:
        code = code.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")  # what no database keeps
        self.code += code
        return code


def read_code(arguments: str) -> str:
    """The code in whole ``arguments``: what a ``CodeReader`` reads of them."""
    reader = CodeReader()
    reader.feed(arguments)
    reader.rest()
    return reader.code


def _decoded(escaped: str) -> str:
    # An escape that JSON does not know, such as \d, is one whose backslash the model forgot to double.
    mended = _ESCAPE.sub(lambda match: match[0] if match[1] else f"\\{match[0]}", escaped)
    return str(json.loads(f'"{mended}"', strict=False))


def _meant(arguments: str) -> str:
    try:
        value = json.loads(arguments, strict=False)
    except ValueError:
        return arguments
    if isinstance(value, dict):
        texts = {key: text for key, text in value.items() if isinstance(text, str)}
        value = next((texts[key] for key in (*_KEYS, *texts) if key in texts), "")
    return value if isinstance(value, str) else arguments
