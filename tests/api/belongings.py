"""One object of each kind that programs can name, all of one user's."""

from __future__ import annotations

import re
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from chat.actions.files import files, uploads
from chat.actions.knowledge import file_batches, vector_stores
from chat.actions.knowledge.file_batches import BatchFile
from chat.models import Assistant, Message, Run, RunStatus, RunStep, Thread, User
from chat.models.ids import new_id
from chat.models.threads import text_part

Ids = dict[str, str]  # by the name of the parameter, such as ``thread_id``


def belongings(owner: User, *, waiting: bool = False) -> Ids:
    """The ids of new objects. The run has answered, or it is ``waiting`` for the output of a call."""
    # A picture, so that it can be shown, with the name of a text, so that it may be searched.
    file_id = files.create(owner, upload=SimpleUploadedFile("dot.txt", picture()), purpose="vision").id
    upload = uploads.create(owner, filename="a.txt", bytes=5, purpose="assistants", mime_type="text/plain")
    part = uploads.add_part(owner, upload.id, data=SimpleUploadedFile("data", b"Hello"))
    code = {"code_interpreter": {"file_ids": [file_id]}}
    assistant = Assistant.objects.create(
        owner=owner, instructions="Be brief.", tools=[{"type": "code_interpreter"}], tool_resources=code
    )
    thread = Thread.objects.create(owner=owner, metadata={"of": owner.username})
    attached = [{"file_id": file_id, "tools": [{"type": "code_interpreter"}]}]
    message = Message.objects.create(thread=thread, role="user", content=[text_part("A secret.")], attachments=attached)
    call = {"id": new_id("call_"), "type": "function", "function": {"name": "look", "arguments": "{}"}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    run = Run.objects.create(
        thread=thread,
        assistant=assistant,
        status=RunStatus.REQUIRES_ACTION if waiting else RunStatus.COMPLETED,
        required_action=action if waiting else None,
    )
    step = RunStep.objects.create(
        run=run,
        type="tool_calls",
        status="in_progress" if waiting else "completed",
        details={"type": "tool_calls", "tool_calls": [{**call, "function": {**call["function"], "output": None}}]},
    )
    store = vector_stores.create(owner)
    return {
        "assistant_id": assistant.id,
        "thread_id": thread.id,
        "message_id": message.id,
        "run_id": run.id,
        "step_id": step.id,
        "tool_call_id": call["id"],
        "file_id": file_id,
        "upload_id": upload.id,
        "part_id": part.id,
        "vector_store_id": store.id,
        "batch_id": file_batches.create(owner, store.id, batch_files=[BatchFile(file_id)]).id,
    }


def picture() -> bytes:
    """A PNG."""
    written = BytesIO()
    Image.new("RGB", (2, 2)).save(written, "PNG")
    return written.getvalue()


def absent(id: str) -> str:
    """An id of the same kind and length that nothing has."""
    prefix = re.match(r"[a-z]+[_-]", id)
    assert prefix is not None
    return new_id(prefix[0], len(id) - len(prefix[0]))
