"""Programs for Python clients that others than OpenAI have made."""

from __future__ import annotations

import pytest

from tests.conformance.clients import other_client
from tests.conformance.conftest import PROGRAMS, expected, saw

FOLDER = PROGRAMS / "others"
RUN_BY = {"azure_agents": "azure-ai-agents", "litellm_completion": "litellm"}
OFFLINE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # else it fetches its table of prices


class TestAProgram:
    @pytest.mark.parametrize("name", RUN_BY)
    def test_sees_what_it_saw_elsewhere(self, name: str, environment: dict[str, str]) -> None:
        program = FOLDER / f"{name}.py"
        assert saw([other_client(RUN_BY[name]), program], environment=environment | OFFLINE) == expected(program)

    def test_is_run_by_a_client_that_the_table_names(self) -> None:
        assert {path.stem for path in FOLDER.glob("*.py")} == set(RUN_BY)
