"""The libraries that are installed for cells, besides Python's own, and the names of their modules."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import Literal, get_args

LibrarySet = Literal["full", "small"]

SMALL = {
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
MORE = {
    "statsmodels": "statsmodels",
    "scikit-image": "skimage",
    "opencv-python-headless": "cv2",
    "networkx": "networkx",
    "nltk": "nltk",
    "plotly": "plotly",
    "wordcloud": "wordcloud",
    "qrcode": "qrcode",
    "reportlab": "reportlab",
    "pdfplumber": "pdfplumber",
    "beautifulsoup4": "bs4",
    "html5lib": "html5lib",
    "lxml": "lxml",
    "markdown": "markdown",
    "jinja2": "jinja2",
    "pyyaml": "yaml",
    "pyarrow": "pyarrow",
    "h5py": "h5py",
    "xlrd": "xlrd",
    "python-calamine": "python_calamine",
    "odfdo": "odfdo",
    "pytz": "pytz",
    "tqdm": "tqdm",
}
LIBRARIES: dict[LibrarySet, dict[str, str]] = {"full": SMALL | MORE, "small": SMALL}
"""Package, as pyproject.toml names it → module."""

FONTS = {
    "manimgx-fonts": "manimgx_fonts",
    "noto-cjk-sans-otc": "noto_cjk_sans_otc",
    "paperang-p2-fonts-cjk": "paperang_p2_fonts_cjk",
}
"""The same for packages of fonts, which every set has."""

SETS = get_args(LibrarySet)

PRELOAD = ("numpy", "pandas", "matplotlib.pyplot", "PIL.Image", "openpyxl", "sympy")
"""Modules that a session has imported before its first cell."""


def sentence(modules: Iterable[str]) -> str:
    """Return the sentence that names libraries to a model."""
    return f"These libraries are here: {', '.join(modules)}."


@cache
def installed() -> str:
    """Return the sentence of the libraries that this Python has."""
    return sentence(module for module in LIBRARIES["full"].values() if find_spec(module))
