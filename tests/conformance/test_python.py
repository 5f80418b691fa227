"""Programs for OpenAI's Python SDK, as people wrote them from 2023 to today, by every release that can run them."""

from __future__ import annotations

import pytest

from tests.conformance.clients import PYTHON, python_client
from tests.conformance.conftest import PROGRAMS, expected, saw

FOLDER = PROGRAMS / "python"
V1 = ["1.3.5"]  # the releases that speak the first Assistants API
V2 = [version for version in PYTHON if version not in V1]
ALL = [*V1, *V2]
RUN_BY = {
    "quickstart_2023": V1,
    "knowledge_2023": V1,
    "asynchronous_2023": ALL,
    "functions_2023": ALL,
    "pagination": ALL,
    "metadata": ALL,
    "cancel": ALL,
    "errors": ALL,
    "files": ALL,
    "models": ALL,
    "azure": ALL,
    "chat_completions": [ALL[0], ALL[-1]],
    "assistants_as_models": ALL[-1:],
    "quickstart_2024": V2,  # the helpers came with the second
    "functions_2024": V2,
    "create_and_run": V2,
    "callbacks": V2,
    "asynchronous": V2,
    "raw_responses": V2,
    "incomplete": V2[1:],  # its event came with 1.27
    "steps": V2[1:],  # ``include`` came with 1.43
    "knowledge_2024": ["1.26.0"],  # later ones have no ``beta.vector_stores``
    "knowledge": V2[1:],
    "code": V2,
    "uploads": V2[1:],  # came with 1.52
    "files_expiry": V2[2:],  # came with 1.100
}
CASES = [pytest.param(version, name, id=f"{name}-{version}") for name, found in RUN_BY.items() for version in found]


class TestAPythonProgram:
    @pytest.mark.parametrize(("version", "name"), CASES)
    def test_sees_what_it_saw_at_openai(self, version: str, name: str, environment: dict[str, str]) -> None:
        program = FOLDER / f"{name}.py"
        assert saw([python_client(version), program], environment=environment) == expected(program)

    def test_is_run_by_a_release_that_the_table_names(self) -> None:
        assert {path.stem for path in FOLDER.glob("*.py")} == set(RUN_BY)
