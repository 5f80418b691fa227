"""How good and how fast the search in files is, beside the figures to reach.

    python -m tests.bench.retrieval [--quick] [--vectors FILE] [--json FILE]

- Reading: pages of a PDF per second of CPU (``documents``).
- Embedding: windows, and passages of 800 tokens of which 400 overlap, per second of CPU, with everything that makes
  them findable.
- Answers: nDCG@10 and recall@20 of words, meaning and both, on questions from the documentation that is on this machine
  (``retrieval_set`` says how). The figures to reach were measured on another such set, so that the gain of both over
  words alone is the figure that travels.
- The same in German, French, Spanish and Japanese, on translated manual pages that apt-get fetches (``manual_pages``),
  beside plain BM25.
- Searches: milliseconds at 1,000, 10,000 and 100,000 passages (``retrieval_speed``), with a filter that leaves a tenth
  of the files and without, the question's embedding included. CPU is this process's, so it holds on a busy machine too.

A whole run takes some thirty minutes, most of it for embedding; ``--vectors`` keeps the vectors for the next.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

import django
from django.core.management import call_command

WHOLE, WHOLE_SIZES = 700, (1_000, 10_000, 100_000)
QUICK, QUICK_SIZES = 60, (1_000, 10_000)


def main() -> int:
    """Measure and print; 1 if a figure of quality was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} documents, no more than 10,000 passages")
    parser.add_argument("--vectors", type=Path, help="a .npz file that keeps vectors from run to run")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="everthread-bench-") as folder:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "EVERTHREAD_DATA_DIR": folder}
        django.setup()
        call_command("migrate", verbosity=0)
        from tests.bench import retrieval_report  # its models are there only now

        found = retrieval_report.measure(
            size=QUICK if options.quick else WHOLE,
            sizes=QUICK_SIZES if options.quick else WHOLE_SIZES,
            vectors=options.vectors,
        )
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n", found.told())
    if options.json:
        options.json.write_text(found.as_json())
    return int(found.missed)


if __name__ == "__main__":
    sys.exit(main())
