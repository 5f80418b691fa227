"""The facts about runs that stand beside their messages on a page, read for many runs at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chat.actions.conversation import citations
from chat.actions.conversation.citations import RunSearches
from chat.models import Run
from chat.models.runs import ENDED
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH
from chat.web.timeline.generated_files import GeneratedFiles, generated_files


@dataclass(frozen=True, slots=True)
class RunDetails:
    """The facts about a run that stand beside its messages. ``files`` are by the id of the item that offers them."""

    assistant_name: str = ""
    usage: dict[str, Any] | None = None
    searches: RunSearches = field(default_factory=RunSearches)
    files: Mapping[str, GeneratedFiles] = field(default_factory=dict)


NO_RUN = RunDetails()
KnownRuns = Mapping[str, RunDetails]
NONE_KNOWN: KnownRuns = MappingProxyType({})


def run_details(run_ids: Iterable[str | None], *, known: KnownRuns = NONE_KNOWN) -> dict[str, RunDetails]:
    """Return the details of runs by the run's id; only those that are not ``known`` are read."""
    unknown = {id for id in run_ids if id} - known.keys()
    if not unknown:
        return dict(known)
    rows = Run.objects.filter(id__in=unknown).values("id", "usage", "tools", "status", "assistant__name")
    runs = [(row["id"], row, {tool["type"] for tool in row["tools"]}) for row in rows]
    searching = [id for id, _row, tools in runs if FILE_SEARCH in tools]
    searches = citations.searches_of_runs(searching) if searching else {}
    coding = [id for id, row, tools in runs if CODE_INTERPRETER in tools and row["status"] in ENDED]
    files = generated_files(coding) if coding else {}
    details = {
        id: RunDetails(row["assistant__name"] or "", row["usage"], searches.get(id, RunSearches()), files)
        for id, row, _tools in runs
    }
    return {**known, **details}
