"""The format of the log."""

from __future__ import annotations

import logging


class OneLine(logging.Formatter):
    """Formats records without tracebacks, for those of which the client is the reason."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(logging.makeLogRecord({**vars(record), "exc_info": None, "exc_text": None}))
