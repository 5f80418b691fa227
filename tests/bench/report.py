"""Rounds of results as ratios: medians of pairs that ran one after the other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.load import Result

SPREAD = 2.0  # a pair whose ratio varies more than this between rounds gets no verdict


@dataclass(frozen=True, slots=True)
class Measured:
    """The same chats twice on one target, with few deltas and with many, so that starting and relaying come apart."""

    few: Result
    many: Result

    @property
    def per_delta(self) -> float:
        """Microseconds of CPU that one more delta costs."""
        return max(0.0, self.many.cpu - self.few.cpu) * 1e6 / max(1, self.many.deltas - self.few.deltas)

    @property
    def per_chat(self) -> float:
        """Milliseconds of CPU that a chat costs beside its deltas: starting, storing and ending."""
        chats = max(1, self.few.chats)
        return max(0.0, self.few.cpu - self.per_delta * self.few.deltas / 1e6) * 1e3 / chats

    @property
    def amiss(self) -> int:
        """Deltas lost or out of order."""
        return sum(result.lost + result.disordered for result in (self.few, self.many))


Round = dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Goal:
    """A delta shall cost ``target`` at most ``most`` times the CPU that it costs ``beside``."""

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
    ratios = [_ratio(each[goal.target], each[goal.beside]) for each in rounds]
    ratio, least, most = statistics.median(ratios), min(ratios), max(ratios)
    met = ratio <= goal.most if most <= least * SPREAD else None
    return Verdict(goal, round(ratio, 3), round(least, 3), round(most, 3), met)


def table(rounds: Sequence[Round]) -> str:
    """One line a target, medians over the rounds; the columns with × compare the CPU of a delta."""
    beside = [name for name, measured in rounds[0].items() if measured.many.cpu]
    rows = [_head(beside), *(_row(name, rounds, beside) for name in rounds[0])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def sentence(verdict: Verdict) -> str:
    """A verdict for people."""
    goal = verdict.goal
    word = {True: "met", False: "MISSED", None: "no verdict, the rounds disagree"}[verdict.met]
    spread = f"{verdict.least:.2f}–{verdict.most:.2f}"
    return f"CPU a delta, {goal.target} / {goal.beside}: {verdict.ratio:.2f} ({spread}), goal ≤ {goal.most:.2f}: {word}"


def _head(beside: Sequence[str]) -> list[str]:
    ratios = [f"× {name}" for name in beside]
    return [
        "target",
        "CPU µs/delta",
        *ratios,
        "CPU ms/chat",
        "frames/delta",
        "added ms p50 · p99",
        "first ms p50 · p99",
        "lost",
    ]


def _row(name: str, rounds: Sequence[Round], beside: Sequence[str]) -> list[str]:
    def median(read: Callable[[Measured], float]) -> float:
        return statistics.median(read(each[name]) for each in rounds)

    ratios = [statistics.median(_ratio(each[name], each[other]) for each in rounds) for other in beside]
    has_process = name in beside
    return [
        name,
        f"{median(lambda it: it.per_delta):.0f}" if has_process else "",
        *(f"{ratio:.2f}" if has_process else "" for ratio in ratios),
        f"{median(lambda it: it.per_chat):.1f}" if has_process else "",
        f"{median(lambda it: it.many.frames / max(1, it.many.deltas)):.2f}",
        f"{median(lambda it: it.many.added_p50):.1f} · {median(lambda it: it.many.added_p99):.1f}",
        f"{median(lambda it: it.many.first_p50):.1f} · {median(lambda it: it.many.first_p99):.1f}",
        str(sum(each[name].amiss for each in rounds)),
    ]


def _ratio(measured: Measured, beside: Measured) -> float:
    return measured.per_delta / beside.per_delta if beside.per_delta else float("inf")
