"""The libraries that are installed for cells, besides Python's own, and the names of their modules."""

from __future__ import annotations

LIBRARIES = {
    "numpy": "numpy",
    "pandas": "pandas",
    "matplotlib": "matplotlib",
    "seaborn": "seaborn",
    "scipy": "scipy",
    "scikit-learn": "sklearn",
    "sympy": "sympy",
    "pillow": "PIL",
    "openpyxl": "openpyxl",
    "xlsxwriter": "xlsxwriter",
    "python-docx": "docx",
    "python-pptx": "pptx",
    "pypdf": "pypdf",
    "tabulate": "tabulate",
}
"""Package, as pyproject.toml names it → module."""

HERE = f"These libraries are here: {', '.join(LIBRARIES.values())}."

PRELOAD = ("numpy", "pandas", "matplotlib.pyplot", "PIL.Image", "openpyxl", "sympy")
"""Modules that a session has imported before its first cell."""
