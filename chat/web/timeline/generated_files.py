"""Files and pictures that code has made, and the item of a thread that offers them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import Q, QuerySet
from django.urls import reverse

from chat.models import File, Message, Run, RunStep, StepType
from chat.models.api_objects.objects import Object
from chat.models.columns.json_lookups import HasToolCall
from chat.models.resource_uses import pictures_in
from chat.models.runs import ENDED
from chat.providers.tool_names import CODE_INTERPRETER


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file. ``name`` is its path from where the code runs, ``bytes`` its size."""

    name: str
    file_id: str
    bytes: int


@dataclass(frozen=True, slots=True)
class GeneratedFiles:
    """The files of a run, each in its last version, and ids of pictures that no answer shows."""

    files: tuple[GeneratedFile, ...] = ()
    pictures: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.pictures)


NO_FILES = GeneratedFiles()


@dataclass(slots=True)
class _RunOutput:
    """The output of the steps of one run. ``step`` is the last that has made something."""

    step: RunStep
    files: dict[str, GeneratedFile] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)


def code_steps(*, also: Iterable[str] = ()) -> QuerySet[RunStep]:
    """Return the steps in which code was run, and those with the ids ``also``, oldest first."""
    calls = RunStep.objects.filter(type=StepType.TOOL_CALLS)
    return calls.filter(Q(HasToolCall("details", CODE_INTERPRETER)) | Q(id__in=list(also))).order_by(
        "created_at", "number"
    )


def generated_files(run_ids: Iterable[str]) -> dict[str, GeneratedFiles]:
    """Return the files of those runs that have ended, by the id of the message or step that offers them.

    That is the last answer of the run if it came after all that was made, else the step.
    """
    ended = code_steps().filter(run_id__in=set(run_ids), run__status__in=ENDED)
    steps = ended.order_by("run_id", "created_at", "number")
    outputs = {id: output for id, group in groupby(steps, lambda step: step.run_id) if (output := _run_output(group))}
    if not outputs:
        return {}
    answers, in_answers = _answers(outputs)
    named = {file.file_id for output in outputs.values() for file in output.files.values()}
    named.update(id for output in outputs.values() for id in output.pictures if id not in in_answers)
    stored = set(_stored_files(outputs).filter(id__in=named).values_list("id", flat=True))
    offers: dict[str, GeneratedFiles] = {}
    for run_id, output in outputs.items():
        answer = answers.get(run_id)
        is_last = answer is not None and answer.created_at > output.step.created_at
        files = tuple(file for file in output.files.values() if file.file_id in stored)
        pictures = tuple(id for id in output.pictures if id in stored and id not in in_answers)
        offers[answer.id if answer and is_last else output.step.id] = GeneratedFiles(files, pictures)
    return offers


def _run_output(steps: Iterable[RunStep]) -> _RunOutput | None:
    output: _RunOutput | None = None
    for step in steps:
        calls = [call[CODE_INTERPRETER] for call in step.details["tool_calls"] if call["type"] == CODE_INTERPRETER]
        files = [file for call in calls for file in call.get("files", ())]
        pictures = [id for call in calls for id in _pictures(call)]
        if files or pictures:
            output = output or _RunOutput(step)
            output.step = step
            output.files |= {
                each["name"]: GeneratedFile(each["name"], each["file_id"], each["bytes"]) for each in files
            }
            output.pictures += pictures
    return output


def _pictures(code_call: Object) -> list[str]:
    return [output["image"]["file_id"] for output in code_call["outputs"] if output["type"] == "image"]


def _answers(run_ids: Iterable[str]) -> tuple[dict[str, Message], set[str]]:
    """Return the last answer of each run, and the ids of the pictures that their answers show."""
    rows = Message.objects.filter(run_id__in=list(run_ids)).order_by("created_at", "number")
    answers = list(rows.only("id", "run_id", "created_at", "content"))
    pictures = {id for message in answers for id in pictures_in(message.content)}
    return {message.run_id: message for message in answers if message.run_id}, pictures


def _stored_files(run_ids: Iterable[str]) -> QuerySet[File]:
    """Return the files that can still be fetched of the owners of the runs' threads."""
    owners = Run.objects.filter(id__in=list(run_ids)).values("thread__owner")
    return File.objects.there().filter(owner__in=owners)


def links_of(annotations: Iterable[Object]) -> Mapping[str, str]:
    """Return the URLs of the files that a text names, by what it calls them: ``sandbox:/mnt/data/plot.png``."""
    links = (each for each in annotations if each["type"] == "file_path")
    return {each["text"]: reverse("file", args=[each["file_path"]["file_id"]]) for each in links}
