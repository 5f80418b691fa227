"""How much of the project four journeys touch: what a reader who follows one has to read.

    python -m tests.bench.journeys [message|run|pdf|cell …] [--tree] [--queries]

- message: typed on the chat page → the POST of its composer → run → painted by the page's socket.
- run: ``POST /v1/threads/{id}/runs`` with ``stream`` → the last event of the stream.
- pdf: attached and asked about on the page → read, searched → an answer that cites it is painted.
- cell: a question on the page → code that runs in a real sandbox → its output and the answer are painted.

Each is made twice in one process, with the scripted provider, and counted the second time (``sys.setprofile``, in all
threads), so that imports and caches do not count. The page's socket is open before it begins. Counted are:

- files of ``chat/`` and ``config/`` of which code ran, and functions, with the comprehensions and lambdas in them as
  part of them. What child processes run (reading a document, the embedder, the sandbox) is not counted.
- queries: statements but for those of transactions; of the send request alone, which is answered when the message is
  posted and the run queued; repeated: reads of what the same journey has read before, with the same parameters.

Files and functions vary by one or two from run to run, queries by ten: workers look at the rows by the clock.

``--tree`` prints the functions in the order in which they were first called, each below the one that called it;
``--queries`` prints every statement with the project's functions that led to it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

from tests.bench.journey_tracer import Trace, Tracer, place

NAMES = ("message", "run", "pdf", "cell")
COLUMNS = ("files", "functions", "queries", "of the send request", "repeated")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journeys", nargs="*", metavar="JOURNEY", help=", ".join(NAMES))
    parser.add_argument("--tree", action="store_true", help="print the functions of each journey as they were met")
    parser.add_argument("--queries", action="store_true", help="print the queries of each journey")
    options = parser.parse_args()
    if unknown := set(options.journeys) - set(NAMES):
        parser.error(f"no such journey: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="everthread-bench-") as folder:
        traces = measure(options.journeys or NAMES, Path(folder))
    for name, trace in traces.items():
        if options.tree:
            print(f"\n{name}\n{tree(trace)}")
        if options.queries:
            print(f"\n{name}\n{queries(trace)}")
    print(table(traces))


def measure(names: list[str] | tuple[str, ...], folder: Path) -> dict[str, Trace]:
    """Return the traces of the journeys ``names``, made on a new database in ``folder``."""
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "EVERTHREAD_DATA_DIR": str(folder)}
    (folder / "static").mkdir()
    tracer = Tracer()
    tracer.install()
    django.setup()
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    from tests.bench import journey_steps  # its models are there only now

    person = journey_steps.Person(tracer)
    return {name: journey_steps.trace(name, person, folder) for name in names}


def table(traces: dict[str, Trace]) -> str:
    lines = [f"{'':9}" + "".join(f"{column:>21}" for column in COLUMNS)]
    for name, trace in traces.items():
        counts = (trace.files, trace.functions, trace.queries, trace.sent, trace.repeated)
        lines.append(f"{name:9}" + "".join(f"{len(each):>21}" for each in counts))
    return "\n".join(lines)


def tree(trace: Trace) -> str:
    """Return the functions as they were met; one that another thread runs begins at the left."""
    return "\n".join(
        f"{'  ' * trace.depths[code]}{place(code)}:{code.co_firstlineno}  [{trace.threads[code]}]"
        for code in trace.functions
    )


def queries(trace: Trace) -> str:
    """Return each statement with the functions that led to it; ``send`` marks those of the send request."""
    times = Counter((query.sql, query.params) for query in trace.queries)
    lines = []
    for query in trace.queries:
        marks = ["send"] if query.is_of_send else []
        marks += [f"{count} times"] if (count := times[query.sql, query.params]) > 1 else []
        lines.append(f"{' '.join(marks):14} {query.sql}\n{'':15}{query.params}\n{'':15}{' > '.join(query.stack)}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
