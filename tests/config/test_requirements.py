from __future__ import annotations

import ast
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.live import ROOT

# The last release with a known hole.
HOLES = {"django": "5.2.13", "daphne": "4.2.1", "twisted": "24.3.0", "pillow": "12.1.0"}


class TestARequirement:
    @pytest.mark.parametrize(("name", "version"), HOLES.items())
    def test_admits_no_release_with_a_known_hole(self, name: str, version: str) -> None:
        declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        [requirement] = [each for each in map(Requirement, declared) if each.name == name]
        assert version not in requirement.specifier


def test_what_the_product_imports_is_installed_with_it() -> None:
    """A library that only the tests bring is missing where the product alone is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installed = {"opencv-python-headless"}  # comes with rapidocr, whose pictures it turns
    for line in project["dependencies"]:
        add_with_dependencies(Requirement(line), installed)
    for name, lines in project["optional-dependencies"].items():
        if name != "dev":  # what an extra brings along is not there without it
            installed |= {canonicalize_name(Requirement(line).name) for line in lines}
    brings = {module: set(map(canonicalize_name, names)) for module, names in packages_distributions().items()}
    assert not {
        f"{path.relative_to(ROOT)}: {module}"
        for folder in ("chat", "config")
        for path in (ROOT / folder).rglob("*.py")
        if "inside" not in path.parts  # of the sandbox, which has libraries of its own
        for module in imported_modules(ast.parse(path.read_text()))
        if module in brings and not brings[module] & installed
    }


def add_with_dependencies(requirement: Requirement, found: set[str]) -> None:
    """Add the names of what is installed for a requirement."""
    name = canonicalize_name(requirement.name)
    if name in found and not requirement.extras:
        return
    found.add(name)
    with suppress(PackageNotFoundError):  # for another system
        for line in requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": each}) for each in ("", *requirement.extras)
            ):
                add_with_dependencies(needed, found)


def imported_modules(tree: ast.AST) -> set[str]:
    """The top names of what code imports, but for its types alone."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").partition(".")[0]}
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            found |= imported_modules(node)
    return found
