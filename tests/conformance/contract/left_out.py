"""What of the SDK's own tests Everthread does not pass, and why.

A case that would pass after all, that is refused in other words, or that is not there, fails the suite.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftOut:
    """``why``, and a part of the words in which the server refuses or the test complains, any of ``words``."""

    why: str
    words: tuple[str, ...]


STORES = LeftOut(
    "both vector_store_ids and vector_stores, which exclude each other (reference, section 4)", ("exclude each other",)
)
LIMIT = LeftOut(
    "a page of 0 objects, where a page has 1 or more (reference, section 1.4)", ("Invalid 'limit': integer below",)
)
NO_FILES = LeftOut("a batch without files (reference, section 4)", ("Missing required parameter: 'file_ids'",))
FILES = LeftOut("both file_ids and files, which exclude each other (reference, section 4)", ("exclude each other",))
UNFIT = "Data returned by API invalid for expected schema."  # what a strict client says of any body
BATCH = LeftOut(
    "batches say what they said on the wire, not what the types say (reference, section 3)",
    ("'vector_store.file_batch' in ('vector_store.files_batch',)", UNFIT),
)
NO_NAME = LeftOut(
    "the name that a store does not have is null (reference, section 3)", ("isinstance(None, str)", UNFIT)
)

LEFT_OUT = {
    "beta/test_assistants.py::test_method_create_with_all_params": STORES,
    "beta/test_assistants.py::test_method_list_with_all_params": LIMIT,
    "beta/test_threads.py::test_method_create_with_all_params": STORES,
    "beta/test_threads.py::test_method_create_and_run_with_all_params_overload_1": STORES,
    "beta/test_threads.py::test_method_create_and_run_with_all_params_overload_2": STORES,
    "beta/threads/test_messages.py::test_method_list_with_all_params": LIMIT,
    "beta/threads/test_runs.py::test_method_list_with_all_params": LIMIT,
    "beta/threads/runs/test_steps.py::test_method_list_with_all_params": LIMIT,
    "test_files.py::test_method_list_with_all_params": LIMIT,
    "test_vector_stores.py::test_method_create": NO_NAME,
    "test_vector_stores.py::test_raw_response_create": NO_NAME,
    "test_vector_stores.py::test_streaming_response_create": NO_NAME,
    "test_vector_stores.py::test_method_list_with_all_params": LIMIT,
    "vector_stores/test_files.py::test_method_list_with_all_params": LIMIT,
    "vector_stores/test_file_batches.py::test_method_create": NO_FILES,
    "vector_stores/test_file_batches.py::test_raw_response_create": NO_FILES,
    "vector_stores/test_file_batches.py::test_streaming_response_create": NO_FILES,
    "vector_stores/test_file_batches.py::test_method_create_with_all_params": FILES,
    "vector_stores/test_file_batches.py::test_method_list_files_with_all_params": LIMIT,
    **{
        f"vector_stores/test_file_batches.py::test_{way}_{operation}": BATCH
        for way in ("method", "raw_response", "streaming_response")
        for operation in ("retrieve", "cancel")
    },
}

# Whole modules and folders below ``beta``: APIs that Everthread does not serve.
OTHER_APIS = {
    "beta/agents": "agents",
    "beta/chatkit": "ChatKit",
    "beta/responses": "responses",
    "beta/test_agents.py": "agents",
    "beta/test_realtime.py": "realtime",
    "beta/test_responses.py": "responses",
}
