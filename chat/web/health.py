"""Health checks for monitors: whether the process is alive, and whether a message would be answered now.

They say no more than yes or no to each question: no version, no names, no errors.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chat import data_folder
from chat.background.shutdown import shutdown
from chat.engine.worker import Worker
from chat.errors import FilesUnavailable
from chat.events.bus import bus
from chat.models import Kind
from chat.models.providers import default_providers
from chat.providers.embedded.status import read_status
from chat.retrieval.indexing.worker import IndexingWorker
from chat.sandbox.state import read_state


@never_cache
@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """Return 200 as long as the process answers at all. Do not look at the database."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """Return 200 when a message sent now would be answered by a model, else 503; the JSON says what is missing."""
    database = has_database()
    checks = {
        "database": database,
        "disk": has_disk(),
        "files": has_files(),
        "migrations": database and has_all_migrations(),
        "model": False,
        "serving": not shutdown.has_begun,
    }
    if settings.EVERTHREAD_WORKERS:  # else other processes work, whose readiness is their own
        checks |= {"workers": Worker.is_running(), "indexing": IndexingWorker.is_running()}
    checks["model"] = checks["migrations"] and has_model()
    # Without the sandbox a model answers still, and says that it cannot run code. It is missing too while it is being
    # prepared, which takes minutes.
    # Without live events of other processes their answers come a second late, and nothing is lost.
    others = {"sandbox": has_sandbox(), "events": "degraded" if bus.outlet.is_degraded else "ok"}
    return JsonResponse(checks | others, status=200 if all(checks.values()) else 503)


def has_database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def has_disk() -> bool:
    """Return whether the disk takes what people write."""
    try:
        data_folder.check_writable()
    except OSError:
        return False
    return True


def has_files() -> bool:
    """Return whether the storage of files answers, which may be a bucket elsewhere."""
    try:
        default_storage.exists("files/none")
    except (OSError, FilesUnavailable):
        return False
    return True


def has_all_migrations() -> bool:
    """Return whether the tables are those of this version."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:  # a database that is damaged answers some questions
        return False
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def has_model() -> bool:
    """Return whether a default provider is set; the embedded one must have its weights and its runtime."""
    default = default_providers.first()
    if default is None or default.kind != Kind.EMBEDDED:
        return default is not None
    own = Path(settings.EVERTHREAD_MODEL_PATH) if settings.EVERTHREAD_MODEL_PATH else None
    return read_status(settings.EVERTHREAD_DATA_DIR, model_path=own).ready


def has_sandbox() -> bool:
    """Return whether code would be run, or is not meant to be."""
    return settings.EVERTHREAD_SANDBOX == "off" or read_state(settings.EVERTHREAD_DATA_DIR / "sandbox").state == "ready"


urlpatterns = [
    path("healthz", alive, name="alive"),
    path("readyz", ready, name="ready"),
]
