"""Fetch the embedded model's weights and print where they are.

    python -m chat.providers.embedded [DATA_FOLDER]

The data folder is ``data`` unless it is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tqdm import tqdm

from chat.errors import Refusal
from chat.providers.embedded.weights import ensure_weights


def main(data_dir: Path) -> None:
    """Exits with the reason as its message when the weights cannot be had."""
    with tqdm(unit="B", unit_scale=True, desc="Embedded model", delay=0.5, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            path = ensure_weights(data_dir, show)
        except Refusal as refusal:
            sys.exit(refusal.message)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("data"))
