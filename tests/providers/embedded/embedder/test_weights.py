from __future__ import annotations

from pathlib import Path

import pytest

from chat.errors import ModelNotFound, Unreachable
from chat.providers.embedded.embedder import weights
from chat.providers.embedded.embedder.built_in import BuiltInEmbedder
from chat.providers.embedded.embedder.weights import check_multilingual, find_model


class TestTheModelsFile:
    def test_is_that_of_the_package(self) -> None:
        assert find_model().name == "model.onnx"

    def test_may_be_another_one(self, tmp_path: Path) -> None:
        own = tmp_path / "own.onnx"
        own.write_bytes(b"mine")
        assert find_model(own) == own

    def test_that_was_changed_is_refused(self) -> None:
        with pytest.raises(ModelNotFound, match=r"was changed: its SHA-256 is 8199be6f.*requirements again"):
            find_model(sha256="0" * 64)

    def test_of_a_package_that_is_missing_is_missed(self) -> None:
        with pytest.raises(ModelNotFound, match=r"not installed: the package 'no_such_package'.*requirements again"):
            find_model(package="no_such_package")

    def test_of_many_languages_is_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        check_multilingual()
        monkeypatch.setitem(weights.MULTILINGUAL_SHA256, "sp.model", "0" * 64)
        with pytest.raises(ModelNotFound, match=r"sp\.model' was changed: its SHA-256 is 994fcc2e"):
            check_multilingual()
        with pytest.raises(ModelNotFound, match=r"the package 'no_such_package'.*requirements again"):
            check_multilingual("no_such_package")

    def test_that_is_named_but_not_there_is_missed(self, tmp_path: Path) -> None:
        with pytest.raises(ModelNotFound, match=r"EVERTHREAD_EMBEDDING_MODEL_PATH.*absent\.onnx"):
            BuiltInEmbedder(tmp_path / "absent.onnx").embed(["Hello"])

    def test_that_is_broken_is_told_of(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken.onnx"
        broken.write_bytes(b"no model")
        with pytest.raises(Unreachable, match=r"does not run: .*INVALID_PROTOBUF"):
            BuiltInEmbedder(broken).embed(["Hello"])

    def test_of_another_model_is_refused(self, tmp_path: Path) -> None:
        other = tmp_path / "other.onnx"
        other.write_bytes(identity_model())
        with pytest.raises(Unreachable, match=r"other\.onnx is not all-MiniLM-L6-v2"):
            BuiltInEmbedder(other).embed(["Hello"])


def identity_model() -> bytes:
    """The smallest ONNX file: its output is its input. The numbers are the fields of ONNX's protocol buffers."""

    def field(number: int, value: bytes | int) -> bytes:
        if isinstance(value, int):
            return bytes([number << 3, value])
        return bytes([number << 3 | 2, len(value)]) + value

    def tensor(name: bytes) -> bytes:
        shape = field(1, field(1, 4))
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    node = field(1, b"in") + field(2, b"out") + field(4, b"Identity")
    graph = field(1, node) + field(2, b"tiny") + field(11, tensor(b"in")) + field(12, tensor(b"out"))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))
