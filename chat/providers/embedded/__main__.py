"""Fetch the embedded model's weights and print where they are.

    python -m chat.providers.embedded [DATA_FOLDER]

The data folder is ``data`` unless it is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from chat.errors import Refusal
from chat.providers.embedded.weights.progress_bar import ensure_weights_with_bar


def main(data_dir: Path) -> None:
    """Exit with the reason as the message when the weights cannot be fetched."""
    try:
        path = ensure_weights_with_bar(data_dir)
    except Refusal as refusal:
        sys.exit(refusal.message)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("data"))
