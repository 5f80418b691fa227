"""Rounds of results as ratios: medians of pairs that ran one after the other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.load import Result

SPREAD = 2.0  # a pair whose ratio varies more than this between rounds gets no verdict

Round = dict[str, Result]


@dataclass(frozen=True, slots=True)
class Goal:
    """``target`` shall cost at most ``most`` times the CPU of ``beside``."""

    target: str
    beside: str
    most: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """``ratio`` is the median over the rounds; ``met`` is None when the rounds disagree too much to say."""

    goal: Goal
    ratio: float
    least: float
    most: float
    met: bool | None


def judge(rounds: Sequence[Round], goal: Goal) -> Verdict:
    """Compare two targets over all rounds."""
    ratios = [each[goal.target].cpu / each[goal.beside].cpu for each in rounds]
    ratio, least, most = statistics.median(ratios), min(ratios), max(ratios)
    met = ratio <= goal.most if most / least <= SPREAD else None
    return Verdict(goal, round(ratio, 3), round(least, 3), round(most, 3), met)


def table(rounds: Sequence[Round]) -> str:
    """One line a target, medians over the rounds; the columns with × compare the CPU."""
    beside = [name for name, result in rounds[0].items() if result.cpu]
    rows = [_head(beside), *(_row([each[name] for each in rounds], rounds, beside) for name in rounds[0])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _head(beside: Sequence[str]) -> list[str]:
    ratios = [f"× {name}" for name in beside]
    return ["target", "CPU µs/delta", *ratios, "frames/delta", "added ms p50 · p99", "first ms p50 · p99", "lost"]


def _row(results: Sequence[Result], rounds: Sequence[Round], beside: Sequence[str]) -> list[str]:
    def median(read: Callable[[Result], float]) -> float:
        return statistics.median(read(result) for result in results)

    ratios = [
        statistics.median(result.cpu / each[name].cpu for result, each in zip(results, rounds, strict=True))
        for name in beside
    ]
    return [
        results[0].target,
        f"{median(lambda it: it.cpu):.0f}" if results[0].cpu else "",
        *(f"{ratio:.2f}" if ratio else "" for ratio in ratios),
        f"{median(lambda it: it.frames / max(1, it.deltas)):.2f}",
        f"{median(lambda it: it.added_p50):.1f} · {median(lambda it: it.added_p99):.1f}",
        f"{median(lambda it: it.first_p50):.1f} · {median(lambda it: it.first_p99):.1f}",
        str(sum(result.lost + result.disordered for result in results)),
    ]


def sentence(verdict: Verdict) -> str:
    """A verdict for people."""
    goal = verdict.goal
    word = {True: "met", False: "MISSED", None: "no verdict, the rounds disagree"}[verdict.met]
    spread = f"{verdict.least:.2f}–{verdict.most:.2f}"
    return f"{goal.target} / {goal.beside}: {verdict.ratio:.2f} ({spread}), goal ≤ {goal.most:.2f}: {word}"
