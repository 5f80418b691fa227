"""The types of tools as the API names them. A hosted tool bears its type as its name before a model too."""

from __future__ import annotations

from typing import Final

FUNCTION: Final = "function"
FILE_SEARCH: Final = "file_search"
CODE_INTERPRETER: Final = "code_interpreter"
