"""The status of the embedded model, for the health page and its provider."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from chat.providers.embedded.server.supervisor import ServerSupervisor
from chat.providers.embedded.weights.fetch import find_weights

RUNTIME = "xllamacpp"


@dataclass(frozen=True, slots=True)
class Status:
    """``weights`` is the file in use or None, ``runtime`` is true if the server can run, ``alive`` if it does.

    A server that is not alive is started by the next request.
    """

    weights: Path | None
    runtime: bool
    alive: bool

    @property
    def ready(self) -> bool:
        """True if a model would answer a request; otherwise ``without_model`` does."""
        return self.runtime and self.weights is not None


def read_status(data_dir: Path, *, model_path: Path | None = None) -> Status:
    """Look at a few files and return the status; starts nothing and takes less than a millisecond."""
    weights = find_weights(data_dir, model_path=model_path)
    return Status(
        weights=weights,
        runtime=find_spec(RUNTIME) is not None,
        alive=weights is not None and ServerSupervisor(data_dir, model=weights).alive(),
    )
