"""What code has made: files and pictures, and where in a thread they are offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import Q, QuerySet
from django.urls import reverse

from chat.models import File, Message, Run, RunStep, StepType
from chat.models.objects import Object
from chat.models.runs import ENDED
from chat.web.timeline.code_cells import CODE


@dataclass(frozen=True, slots=True)
class Product:
    """A file. ``name`` is its path from where the code runs, ``bytes`` its size."""

    name: str
    file_id: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Made:
    """Files, each as it was left in the end, and ids of pictures that no answer shows."""

    files: tuple[Product, ...] = ()
    pictures: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.pictures)


NOTHING = Made()


@dataclass(slots=True)
class _Run:
    """What the steps of one run have made."""

    step: RunStep  # the last that has made something
    files: dict[str, Product] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)


def code_steps(*, also: Iterable[str] = ()) -> QuerySet[RunStep]:
    """Steps in which code was run, and those of the ids ``also``; in the order in which they came."""
    calls = RunStep.objects.filter(type=StepType.TOOL_CALLS)
    return calls.filter(Q(details__icontains=CODE) | Q(id__in=list(also))).order_by("created_at", "number")


def made_in(run_ids: Iterable[str]) -> dict[str, Made]:
    """What runs that have ended made, by the id of the message or step that offers it.

    That is the last answer of the run if it came after all that was made, else the step.
    """
    ended = code_steps().filter(run_id__in=set(run_ids), run__status__in=ENDED)
    steps = ended.order_by("run_id", "created_at", "number")
    runs = {id: made for id, group in groupby(steps, lambda step: step.run_id) if (made := _made(group))}
    if not runs:
        return {}
    answers, shown = _answers(runs)
    named = {each.file_id for made in runs.values() for each in made.files.values()}
    named.update(id for made in runs.values() for id in made.pictures if id not in shown)
    there = set(_there(runs).filter(id__in=named).values_list("id", flat=True))
    found: dict[str, Made] = {}
    for run_id, made in runs.items():
        answer = answers.get(run_id)
        follows = answer is not None and answer.created_at > made.step.created_at
        files = tuple(each for each in made.files.values() if each.file_id in there)
        pictures = tuple(id for id in made.pictures if id in there and id not in shown)
        found[answer.id if answer and follows else made.step.id] = Made(files, pictures)
    return found


def _made(steps: Iterable[RunStep]) -> _Run | None:
    found: _Run | None = None
    for step in steps:
        values = [call[CODE] for call in step.details["tool_calls"] if call["type"] == CODE]
        files = [file for value in values for file in value.get("files", ())]
        pictures = [id for value in values for id in _pictures(value)]
        if files or pictures:
            found = found or _Run(step)
            found.step = step
            found.files |= {each["name"]: Product(each["name"], each["file_id"], each["bytes"]) for each in files}
            found.pictures += pictures
    return found


def _pictures(made: Object) -> list[str]:
    return [output["image"]["file_id"] for output in made["outputs"] if output["type"] == "image"]


def _answers(run_ids: Iterable[str]) -> tuple[dict[str, Message], set[str]]:
    """The last answer of each run, and the pictures that answers show."""
    answers = Message.objects.filter(run_id__in=list(run_ids)).order_by("created_at", "number")
    found = list(answers.only("id", "run_id", "created_at", "content"))
    shown = {id for message in found for id in pictures_in(message.content)}
    return {message.run_id: message for message in found if message.run_id}, shown


def pictures_in(content: Iterable[Object]) -> list[str]:
    """Ids of the pictures in a message's content."""
    return [part["image_file"]["file_id"] for part in content if part["type"] == "image_file"]


def _there(run_ids: Iterable[str]) -> QuerySet[File]:
    """Files of the owners of the runs' threads that can still be fetched."""
    owners = Run.objects.filter(id__in=list(run_ids)).values("thread__owner")
    return File.objects.there().filter(owner__in=owners)


def links_of(annotations: Iterable[Object]) -> Mapping[str, str]:
    """Where on this server the files are that a text names, by what it calls them: ``sandbox:/mnt/data/plot.png``."""
    found = (each for each in annotations if each["type"] == "file_path")
    return {each["text"]: reverse("file", args=[each["file_path"]["file_id"]]) for each in found}
