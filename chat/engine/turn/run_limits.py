"""The limits of a run: tokens, for all its turns together (reference, section 6.1), searches and code cells.

The turns before this one are in the rows, as the usage of their steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chat.models import Run, RunStep
from chat.models.api_objects.objects import usage_of
from chat.providers.base import Usage

MOST_SEARCHES = 10  # of one run, after which the model has to answer
MOST_CELLS = 20  # of one run, after which the model has to answer

Reason = Literal["max_prompt_tokens", "max_completion_tokens"]


class LimitReached(Exception):
    """The run has not enough left of its tokens to go on; ``reason`` is what its ``incomplete_details`` say."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokensLeft:
    """Tokens that a run may still send and have generated. None: no limit."""

    prompt: int | None = None
    completion: int | None = None

    def check(self) -> None:
        """Raise ``LimitReached`` when there are no tokens for another turn."""
        if self.completion is not None and self.completion <= 0:
            raise LimitReached("max_completion_tokens")
        if self.prompt is not None and self.prompt <= 0:
            raise LimitReached("max_prompt_tokens")


def tokens_used(run: Run) -> Usage:
    """Return the usage of all steps of ``run``."""
    usages = RunStep.objects.filter(run=run).values_list("usage", flat=True)
    return sum((usage_of(usage) for usage in usages if usage), Usage())


def tokens_left(run: Run) -> TokensLeft:
    """Return the tokens that ``run`` has for the turns to come."""
    if run.max_prompt_tokens is None and run.max_completion_tokens is None:
        return TokensLeft()
    so_far = tokens_used(run)
    return TokensLeft(
        prompt=None if run.max_prompt_tokens is None else run.max_prompt_tokens - so_far.prompt,
        completion=None if run.max_completion_tokens is None else run.max_completion_tokens - so_far.completion,
    )
