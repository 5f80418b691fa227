"""Rows as the code interpreter leaves them: code that ran, what it printed, showed and made."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from chat.models import File, Run, RunStep, StepStatus, StepType, User
from chat.models.files import keep, sniffed
from chat.models.threads import text_part


def png() -> bytes:
    content = BytesIO()
    Image.new("RGB", (640, 480), "teal").save(content, "PNG")
    return content.getvalue()


PNG = png()


def output_file(owner: User, name: str, content: bytes = b"a,b\n1,2\n") -> File:
    """A file that code has made."""
    row = File(owner=owner, filename=name, bytes=len(content), purpose="assistants_output")
    row.content_type = sniffed(ContentFile(content), name=name)
    keep(row, ContentFile(content))
    row.save()
    return row


def cell(code: str = "print(1)", logs: str = "", *pictures: File, status: str = "ok", **private: Any) -> dict[str, Any]:
    """A call as its step keeps it."""
    outputs: list[dict[str, Any]] = [{"type": "logs", "logs": logs}] if logs else []
    outputs += [{"type": "image", "image": {"file_id": picture.id}} for picture in pictures]
    made = {"input": code, "outputs": outputs, "status": status, **private}
    return {"id": "call_1", "type": "code_interpreter", "code_interpreter": made}


def made(*files: File) -> list[dict[str, Any]]:
    """What a call keeps of the ``files`` that it made."""
    return [{"name": file.filename, "file_id": file.id, "bytes": file.bytes} for file in files]


def code_step(run: Run, *cells: dict[str, Any], status: str = StepStatus.COMPLETED) -> RunStep:
    details = {"type": "tool_calls", "tool_calls": list(cells)}
    return RunStep.objects.create(run=run, type=StepType.TOOL_CALLS, status=status, details=details)


def linked(text: str, files: dict[str, File]) -> dict[str, Any]:
    """A text part in which every key of ``files`` is an address of the file."""
    annotations = [
        {
            "type": "file_path",
            "text": address,
            "start_index": text.index(address),
            "end_index": text.index(address) + len(address),
            "file_path": {"file_id": file.id},
        }
        for address, file in files.items()
    ]
    return text_part(text, annotations)


def shown(file: File) -> dict[str, Any]:
    """A picture in the content of an answer."""
    return {"type": "image_file", "image_file": {"file_id": file.id}}
