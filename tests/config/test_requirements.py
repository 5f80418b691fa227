from __future__ import annotations

import tomllib

import pytest
from packaging.requirements import Requirement

from tests.live import ROOT

# The last release with a known hole.
HOLES = {"django": "5.2.13", "daphne": "4.2.1", "twisted": "24.3.0", "pillow": "12.1.0"}


class TestARequirement:
    @pytest.mark.parametrize(("name", "version"), HOLES.items())
    def test_admits_no_release_with_a_known_hole(self, name: str, version: str) -> None:
        declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        [requirement] = [each for each in map(Requirement, declared) if each.name == name]
        assert version not in requirement.specifier
