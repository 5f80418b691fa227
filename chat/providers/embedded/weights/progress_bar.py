"""Shows a progress bar on a terminal while the weights are fetched."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from chat.providers.embedded.weights.fetch import ensure_weights


def ensure_weights_with_bar(data_dir: Path) -> Path:
    """Call ``ensure_weights`` with a bar on standard error once it takes more than half a second."""
    with tqdm(unit="B", unit_scale=True, desc="Embedded model", delay=0.5, leave=False) as bar:

        def update_bar(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return ensure_weights(data_dir, update_bar)
