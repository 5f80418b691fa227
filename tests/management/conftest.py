"""Commands that run in the process of the tests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from django.core.management import CommandError, call_command


@pytest.fixture
def refusal(db: None) -> Iterator[Callable[..., str]]:
    """Call a command that is to be refused; return what it says. Commands leave their level of logging behind."""
    logger = logging.getLogger("chat")
    level = logger.level

    def refusal(*arguments: str) -> str:
        with pytest.raises(CommandError) as refused:
            call_command(*arguments)
        return str(refused.value)

    yield refusal
    logger.setLevel(level)
