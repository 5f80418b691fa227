"""What a session of the code interpreter costs, in each tier that this machine has, beside what was measured before.

    python -m tests.bench.sandbox [--sessions N] [--json FILE]

- Zygote: from nothing until it can fork sessions, once a host. The libraries are read from a warm disk.
- New session: forked, locked down, ready, everything importable. Beside it a bare interpreter that imports the same.
- Round trip: a cell that adds two numbers, from ``run`` to its outcome; the session is woken and stopped each time.
- Plot: the first cell of a session draws a figure, sums a table and gets its PNG out. Beside it the same code in an
  interpreter without any isolation that is warm in the same way (``matplotlib`` has drawn before). They take turns.
- Memory: PSS of a session's processes, which is their part of what they share with the zygote: of a fresh one, after a
  table, after a plot. All sessions of the tier are open meanwhile.

Absolute times depend on the machine; the ratios say what the isolation costs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chat.sandbox.environment import build
from chat.sandbox.libraries import PRELOAD
from chat.sandbox.sessions.probe import probe
from chat.sandbox.sessions.session import Session
from chat.sandbox.sessions.zygote import Zygote
from chat.sandbox.values import Tier

PLACE = Path(__file__).resolve().parents[2] / "data" / "sandbox" / "python"
UIDS = range(61_200, 65_000)
CELLS = 200
PLOTS = 9
TABLE = "import pandas as pd\npd.DataFrame({'a': range(1000), 'b': 'x'}).groupby('b').sum()"
PLOT = (
    "import numpy as np, pandas as pd, matplotlib.pyplot as plt\n"
    "plt.plot([1, 2, 3]); print(pd.DataFrame({'a': [1, 2]}).sum()); plt.show()"
)
BARE = """
import io, time, numpy, pandas, matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt, PIL.Image, openpyxl
def draw():
    plt.plot([1, 2, 3]); str(pandas.DataFrame({"a": [1, 2]}).sum())
    plt.gcf().savefig(io.BytesIO(), format="png", bbox_inches="tight"); plt.close("all")
plt.subplots()[1].set_title("$x$"); plt.gcf().savefig(io.BytesIO(), format="png"); plt.close("all")
begun = time.perf_counter()
draw()
print(1000 * (time.perf_counter() - begun))
"""
BEFORE = {
    "zygote, s": ("1.1–1.6", "1.1–1.6"),
    "new session, ms": ("32–35", "22–23"),
    "round trip p50, ms": ("0.2", "0.1"),
    "plot, ms": ("170–195", "150–180"),
    "memory fresh, MB": ("7", "6.5"),
    "memory table, MB": ("13.5", "12"),
    "memory plot, MB": ("33", "31"),
}
"""Of ``ns`` and ``landlock``: what the prototype did on the machine where the mechanisms were chosen."""

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """``figures`` by tier; ``bare``: an interpreter without isolation; ``reasons``: why a tier is not here."""

    figures: dict[str, Figures]
    bare: Figures
    reasons: dict[str, str]

    def told(self) -> str:
        """For people."""
        tiers = list(self.figures)
        lines = [f"{'':<26}" + "".join(f"{tier:>12}{'before':>12}" for tier in tiers)]
        for name in dict.fromkeys(name for figures in self.figures.values() for name in figures):
            before = dict(zip(("ns", "landlock"), BEFORE.get(name, ("", "")), strict=True))
            lines.append(f"{name:<26}" + "".join(f"{self.figures[t][name]:>12.1f}{before[t]:>12}" for t in tiers))
        lines += [f"\n{'without isolation':<26}"] + [f"{name:<26}{value:>12.1f}" for name, value in self.bare.items()]
        for tier, figures in self.figures.items():
            start = self.bare["interpreter and libraries, ms"] / figures["new session, ms"]
            plot = figures["plot, ms"] / self.bare["plot, ms"]
            lines.append(f"{tier}: a session starts {start:.0f} times as fast; a plot takes {plot:.2f} of the time")
        lines += [f"{tier}: {reason}" for tier, reason in self.reasons.items() if reason != "OK"]
        return "\n".join(lines)


def milliseconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def megabytes(session: Session, zygote: Zygote) -> float:
    """Not a number where the kernel shows a session's memory to nobody."""
    try:
        status = Path(f"/proc/{session.pid}/status").read_text()
        parent = int(status.split("PPid:")[1].split()[0])  # in namespaces a process of its own
        return _pss(session.pid) + (_pss(parent) if parent != zygote.pid else 0)
    except PermissionError:
        return float("nan")


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


class Bench:
    """``folder``: for everything; other users must be able to pass through."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.python, self.folder = python, folder
        self.uids: Iterator[int | None] = itertools.repeat(None) if os.geteuid() else iter(UIDS)
        self.numbers = itertools.count()

    def report(self, count: int) -> Report:
        is_root = os.geteuid() == 0
        uids = range(UIDS.stop - 1, UIDS.stop) if is_root else None
        reasons = dict(probe(self.python, folder=self.folder / "probe", uids=uids).reasons)
        self.zygote().close()  # fonts are looked for once
        tiers: list[Tier] = [tier for tier in ("ns", "landlock") if reasons[tier] == "OK"]
        figures = {tier: self.tier(tier, count) for tier in tiers}
        bare = {"interpreter and libraries, ms": self.interpreter()}
        for name, times in self.plots(tiers).items():
            figures.get(name, bare)["plot, ms"] = statistics.median(times)
        return Report(figures, bare, reasons)

    def zygote(self) -> Zygote:
        return Zygote(self.python, folder=self.folder / "zygote")

    def session(self, tier: Tier, zygote: Zygote) -> Session:
        return Session(zygote, tier, folder=self.folder / str(next(self.numbers)), uid=next(self.uids))

    def tier(self, tier: Tier, count: int) -> Figures:
        begun = time.perf_counter()
        zygote = self.zygote()
        seconds = time.perf_counter() - begun
        sessions: list[Session] = []
        try:
            starts = [milliseconds(lambda: sessions.append(self.session(tier, zygote))) for _ in range(count)]
            sessions[0].run("x = 1")
            trips = [milliseconds(lambda: sessions[0].run("x += 1")) for _ in range(CELLS)]
            fresh = megabytes(sessions[1], zygote)
            sessions[1].run(TABLE)
            sessions[2].run(PLOT)
            return {
                "zygote, s": seconds,
                "new session, ms": statistics.median(starts),
                "new session p95, ms": _p95(starts),
                "round trip p50, ms": statistics.median(trips),
                "round trip p95, ms": _p95(trips),
                "memory fresh, MB": fresh,
                "memory table, MB": megabytes(sessions[1], zygote),
                "memory plot, MB": megabytes(sessions[2], zygote),
                "end of a session, ms": statistics.median(milliseconds(session.close) for session in sessions[3:]),
            }
        finally:
            for session in sessions:
                session.close()
            zygote.close()

    def plots(self, tiers: list[Tier]) -> dict[str, list[float]]:
        times: dict[str, list[float]] = {name: [] for name in ("bare", *tiers)}
        zygote = self.zygote()
        for _ in range(PLOTS):
            times["bare"].append(float(self.bare(BARE)))
            for tier in tiers:
                session = self.session(tier, zygote)
                times[tier].append(milliseconds(lambda session=session: session.run(PLOT)))
                session.close()
        zygote.close()
        return times

    def interpreter(self) -> float:
        return statistics.median(milliseconds(lambda: self.bare(f"import {', '.join(PRELOAD)}")) for _ in range(3))

    def bare(self, code: str) -> bytes:
        """What ``code`` prints without isolation."""
        environ = {"MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1", "PATH": os.defpath}
        return subprocess.run([self.python, "-I", "-c", code], check=True, env=environ, capture_output=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=20, help="of each tier; at least 5")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    options = parser.parse_args()
    python = build.prepare(PLACE, progress=lambda done, said: None)
    folder = Path(tempfile.mkdtemp(prefix="everthread-bench-"))
    folder.chmod(0o711)
    try:
        report = Bench(python, folder).report(max(5, options.sessions))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(report.told())
    if options.json:
        options.json.write_text(json.dumps(asdict(report), indent=2))


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    sys.exit(main())
