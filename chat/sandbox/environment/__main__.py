"""Make the environment and print where its interpreter is, for a container image.

python -m chat.sandbox.environment FOLDER [--base PYTHON] [--libraries small]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from chat.sandbox.environment.build import prepare
from chat.sandbox.errors import SandboxUnavailable
from chat.sandbox.libraries import SETS


def main() -> None:
    """Exit with the reason as the message when the environment cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m chat.sandbox.environment")
    parser.add_argument("folder", type=Path, help="where it is to be")
    parser.add_argument("--base", type=Path, help="the Python to make it from")
    parser.add_argument("--libraries", choices=SETS, default="full", help="which of them")
    arguments = parser.parse_args()
    latest = ""

    def print_new_sentence(done: float, sentence: str) -> None:
        nonlocal latest
        if sentence != latest:
            latest = sentence
            sys.stdout.write(f"{done:4.0%} {sentence}\n")

    try:
        chosen = {"base": arguments.base, "libraries": arguments.libraries}
        python = prepare(arguments.folder, **chosen, progress=print_new_sentence)
    except SandboxUnavailable as refusal:
        sys.exit(refusal.message)
    sys.stdout.write(f"{python}\n")


if __name__ == "__main__":
    main()
