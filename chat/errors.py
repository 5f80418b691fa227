"""Every refusal of Everthread, with what each door needs to say it.

    Refusal
    ├── InvalidRequest        400   bad input; ``param`` names the field
    │   ├── InvalidThread     400   nothing to run on
    │   ├── MalformedFrame    400   a frame of the websocket that cannot be read
    │   ├── MethodNotAllowed  405   the address takes no requests of this method
    │   ├── ThreadBusy        400   a run is live on the thread (never 409: SDKs would retry it)
    │   └── WrongRunStatus    400   the run is not in a state that allows this
    ├── NotSignedIn           401   no key, a wrong key, or an inactive user
    ├── NotAllowed            403   signed in, but not permitted
    ├── NotFound              404   absent, or someone else's: the two look alike
    │   ├── Absent            404   no object of a kind with an id
    │   └── RunDeleted        404   the run went while its stream was told
    ├── KeyInUse              409   the first request with this Idempotency-Key is not answered yet (SDKs retry it)
    ├── Unreadable            400   a file that cannot be read; ``code`` says whose fault it is
    ├── TooLarge              413   a body or file over its limit
    ├── TooManyRequests       429   more requests a minute than the key may make
    ├── TooManyRuns           429   more live runs than one person may have
    ├── StorageFull           507   the disk cannot take what was sent
    │   └── DiskFull          507   the database cannot write
    ├── Unavailable           503   the database is busy or the server is starting
    │   ├── ServerStopping    503   a stream outlives its server
    │   └── FilesUnavailable  503   the storage of files does not answer
    └── ProviderError         502   the model's server did not answer as needed
        ├── RateLimited       429   the provider asks us to slow down
        ├── KeyRefused        502   the provider refused our key
        ├── Unreachable       502   no connection, or it broke
        ├── TimedOut          504   no answer in time
        ├── ContextOverflow   400   the turns do not fit the model
        │   └── OutputTooLong 400   what a tool has answered does not
        ├── ModelNotFound     404   no such model
        └── ModelBusy         503   every slot of the local model is taken

The docstring of a class is its message when the raiser gives none. Only doors turn these into HTTP, frames or HTML.
``type`` and ``code`` are those of the Assistants API's error body (reference, section 1.5).
"""

from __future__ import annotations

import errno
import inspect
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


class Refusal(Exception):
    """Everthread refused this."""

    status = 400
    type = "invalid_request_error"
    code: str | None = None

    def __init__(self, message: str | None = None, *, param: str | None = None, code: str | None = None) -> None:
        self.message = message or inspect.cleandoc(type(self).__doc__ or "").split("\n\n")[0]
        self.param = param
        self.code = code if code is not None else type(self).code
        super().__init__(self.message)

    def move_into(self, path: str) -> None:
        """Name the refused parameter as one of the object at ``path``, in the message too."""
        if self.param is None:
            return
        inner, self.param = self.param, f"{path}{'' if self.param.startswith('[') else '.'}{self.param}"
        self.message = self.message.replace(f"'{inner}'", f"'{self.param}'")
        self.args = (self.message,)

    def as_body(self) -> dict[str, dict[str, str | None]]:
        """The error body of the API: ``{"error": {message, type, param, code}}``."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


@contextmanager
def inside(path: str) -> Iterator[None]:
    """Have refusals that are raised within name their parameter from ``path`` on, such as ``messages[0]``."""
    try:
        yield
    except Refusal as refusal:
        refusal.move_into(path)
        raise


class InvalidRequest(Refusal):
    """The request is not valid."""


class InvalidThread(InvalidRequest):
    """Run creation requires a Thread with a user message or an assistant with instructions."""

    code = "invalid_thread"


class MalformedFrame(InvalidRequest):
    """The frame is not one of those that this socket takes.

    ``request_id`` is the frame's, if it could be read.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        param: str | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, param=param, code=code)
        self.request_id = request_id


class MethodNotAllowed(InvalidRequest):
    """This address does not take requests of this method."""

    status = 405


class ThreadBusy(InvalidRequest):
    """The thread has an active run."""


class WrongRunStatus(InvalidRequest):
    """The run's status does not allow this."""


class NotSignedIn(Refusal):
    """Sign in, or send an API key as 'Authorization: Bearer …'."""

    status = 401
    code = "invalid_api_key"


class NotAllowed(Refusal):
    """You may not do this."""

    status = 403
    code = "permission_denied"


class NotFound(Refusal):
    """There is no such object."""

    status = 404


class Absent(NotFound):
    """No object found with this id.

    ``kind`` is what was looked for, in words (``run step``).
    """

    def __init__(self, kind: str, id: str, message: str | None = None, *, param: str | None = None) -> None:
        self.kind, self.id = kind, id
        super().__init__(message or f"No {kind} found with id '{id}'.", param=param)

    def move_into(self, path: str) -> None:
        self.param = self.param or f"{self.kind.replace(' ', '_')}_id"
        super().move_into(path)


class RunDeleted(NotFound):
    """The run was deleted with its thread."""


class KeyInUse(Refusal):
    """A request with this Idempotency-Key is still at work. Try again in a moment."""

    status = 409
    code = "idempotency_key_in_use"


class Unreadable(Refusal):
    """The file could not be read.

    ``code`` is ``unsupported_file`` (we do not read such files), ``invalid_file`` (this one is broken, protected, empty
    or too large) or ``server_error`` (our fault; another try may do), as a store file's ``last_error`` has it
    (reference, section 9).
    """

    code = "invalid_file"


class TooLarge(Refusal):
    """This is larger than the limit."""

    status = 413


class TooManyRequests(Refusal):
    """You send requests too quickly.

    ``limit`` is in requests per minute. The next one is let through after ``retry_after`` seconds, ``limit`` of them at
    once after ``reset`` seconds.
    """

    status = 429
    type = "requests"
    code = "rate_limit_exceeded"
    remaining = 0

    def __init__(self, message: str | None = None, *, limit: int, retry_after: float, reset: float) -> None:
        self.limit, self.retry_after, self.reset = limit, retry_after, reset
        super().__init__(message)


class TooManyRuns(Refusal):
    """Too many runs are live. Try again when one of them has ended."""

    status = 429
    type = "requests"
    code = "rate_limit_exceeded"


class StorageFull(Refusal):
    """The server's disk is full, so the file was not saved. Free some space and send it again."""

    status = 507
    type = "server_error"


class DiskFull(StorageFull):
    """The server's disk is full, so nothing can be saved. Whoever runs the server has to free some space."""


class Unavailable(Refusal):
    """The server is busy for a moment. Try again."""

    status = 503
    type = "server_error"
    retry_after = 2  # seconds


class ServerStopping(Unavailable):
    """This server is being stopped; the run goes on. Retrieve it, or send the request again."""


class FilesUnavailable(Unavailable):
    """The storage of files does not answer. Try again."""


# As the system says it, SQLite and PostgreSQL.
DISK_FULL: dict[str, set[object]] = {
    "errno": {errno.ENOSPC, errno.EDQUOT},
    "sqlite_errorcode": {sqlite3.SQLITE_FULL},
    "sqlstate": {"53100"},
}


def is_disk_full(error: object) -> bool:
    """Return whether a full disk is the reason of ``error``, which may be Django's for one of the database's driver."""
    cause = getattr(error, "__cause__", None) or error
    return any(getattr(cause, name, None) in codes for name, codes in DISK_FULL.items())


def database_refusal(error: object) -> Refusal:
    """Return the refusal of a request that the database, or the disk, could not serve for ``error``."""
    return DiskFull() if is_disk_full(error) else Unavailable()


class ProviderError(Refusal):
    """The model's server did not answer as expected.

    ``run_code`` is what ``run.last_error.code`` says; ``retry_after`` is in seconds, or None. ``said`` are the server's
    own words, without keys: they can tell of accounts and addresses, so they are for staff only.
    """

    status = 502
    type = "server_error"
    run_code = "server_error"

    def __init__(self, message: str | None = None, *, retry_after: float | None = None, said: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.said = said

    @property
    def for_staff(self) -> str:
        """The message, and what the server said."""
        return f"{self.message} The server said: {self.said}" if self.said else self.message


class RateLimited(ProviderError):
    """The model's server limits how often it may be asked. Wait a little and try again."""

    status = 429
    code = "rate_limit_exceeded"
    run_code = "rate_limit_exceeded"


class KeyRefused(ProviderError):
    """The model's server refused the API key. An administrator can set it under Providers."""


class Unreachable(ProviderError):
    """The model's server could not be reached."""


class TimedOut(ProviderError):
    """The model's server did not answer in time."""

    status = 504


class ContextOverflow(ProviderError):
    """This chat is too long for the model."""

    status = 400
    run_code = "invalid_prompt"


class OutputTooLong(ContextOverflow):
    """The output of a tool is too long for the model."""


class ModelNotFound(ProviderError):
    """There is no such model."""

    status = 404
    type = "invalid_request_error"
    code = "model_not_found"


class ModelBusy(ProviderError):
    """The local model is busy with other chats. Try again in a moment."""

    status = 503
