"""The errors of the sandbox, whose ``message`` is for people and models alike."""

from __future__ import annotations


class SandboxError(Exception):
    """The root of these. ``code`` is its name in the broker's frames."""

    code = "error"

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class SandboxUnavailable(SandboxError):
    """There is no sandbox: it is being prepared, it is switched off, or nothing here isolates well enough."""

    code = "unavailable"


class Busy(SandboxError):
    """No place became free in time."""

    code = "busy"


class SessionLost(SandboxError):
    """The session ended, with its variables and files."""

    code = "lost"


class FileRefused(SandboxError):
    """The session cannot read or write that file: no such file, a bad name, no room."""

    code = "file"


class IsolationFailed(SandboxError):
    """The kernel did not give a layer of the isolation."""

    code = "isolation"
