"""What ``manage.py serve`` and ``manage.py work`` do before they begin."""

from __future__ import annotations

import ctypes

from django.conf import settings
from django.core.management.base import OutputWrapper

from chat.errors import Refusal
from chat.models import Kind, Provider
from chat.providers.embedded.weights.progress_bar import ensure_weights_with_bar

M_ARENA_MAX = -8  # of glibc's malloc.h


def limit_malloc_arenas() -> None:
    """Have all threads allocate from two heaps. Call it before the first thread starts."""
    # By default glibc gives each thread a heap of its own, and all of them grow to the size of the largest transcript:
    # 26 long runs took 20 to 40 MB more that way, and take 10 now.
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 2)


def prepare_model(provider: Provider, stdout: OutputWrapper, stderr: OutputWrapper) -> None:
    """Fetch the embedded model's weights if they are needed; without them the process starts all the same."""
    stdout.write(f"Answers come from the provider “{provider}”.")
    if provider.kind != Kind.EMBEDDED or settings.EVERTHREAD_MODEL_PATH:
        return
    try:
        ensure_weights_with_bar(settings.EVERTHREAD_DATA_DIR)
    except Refusal as refusal:
        stderr.write(f"{refusal.message}\nUntil then no language model is configured; the pages say so.")
