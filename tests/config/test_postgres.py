from __future__ import annotations

from typing import Any

import pytest
from django.db import InternalError, OperationalError

from config.postgres import PASSING, translate


class Cause(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def refusing(sqlstate: str) -> Any:
    def execute(*_query: Any) -> None:
        raise InternalError("cannot execute INSERT in a read-only transaction") from Cause(sqlstate)

    return execute


class TestARefusalOfPostgres:
    @pytest.mark.parametrize("code", PASSING)
    def test_passes_when_it_is_one_for_now(self, code: str) -> None:
        with pytest.raises(OperationalError):
            translate(refusing(code), "INSERT", (), False, {})

    def test_stays_a_fault_of_ours_otherwise(self) -> None:
        with pytest.raises(InternalError):
            translate(refusing("25P02"), "INSERT", (), False, {})
