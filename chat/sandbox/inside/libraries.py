"""What a cell finds installed besides Python's own library: the names it imports them by."""

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
"""By the name of the package, as pyproject.toml has it."""

HERE = f"These libraries are here: {', '.join(LIBRARIES.values())}."
