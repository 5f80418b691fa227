"""How things stand with the embedded model."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from chat.providers.embedded.server.supervisor import Supervisor
from chat.providers.embedded.weights.fetch import find_weights

RUNTIME = "xllamacpp"


@dataclass(frozen=True, slots=True)
class Status:
    """``weights`` is the file in use or None, ``runtime`` tells whether the server can run, ``alive`` whether it does.

    A server that is not alive is started by the next request.
    """

    weights: Path | None
    runtime: bool
    alive: bool

    @property
    def ready(self) -> bool:
        """Whether a request would be answered by a model; otherwise by ``floor``."""
        return self.runtime and self.weights is not None


def status(data_dir: Path, *, model_path: Path | None = None) -> Status:
    """Looks at a few files and starts nothing: under a millisecond."""
    weights = find_weights(data_dir, model_path=model_path)
    return Status(
        weights=weights,
        runtime=find_spec(RUNTIME) is not None,
        alive=weights is not None and Supervisor(data_dir, model=weights).alive(),
    )
