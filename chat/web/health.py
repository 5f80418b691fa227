"""For those who watch the server: is the process alive, and could it answer someone now?

Neither says more than yes or no to each question: no version, no names, no errors.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chat.engine import worker
from chat.models import Kind, Provider
from chat.providers.embedded.status import status
from chat.sandbox.state import state


@never_cache
@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all. Does not look at the database."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """200 when a message sent now would be answered by a model, else 503; the JSON tells what is missing.

    ``sandbox`` is only told: without it a model answers still, and says that it cannot run code; taken out of service,
    the server would not even do that. It is missed too while it is being prepared, which takes minutes.
    """
    database = has_database()
    found = {
        "database": database,
        "migrations": database and has_all_migrations(),
        "model": False,
        "workers": worker.running(),
    }
    found["model"] = found["migrations"] and has_model()
    return JsonResponse(found | {"sandbox": has_sandbox()}, status=200 if all(found.values()) else 503)


def has_database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def has_all_migrations() -> bool:
    """Whether the tables are those of this version."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def has_model() -> bool:
    """Whether a default provider is set; the embedded one must have its weights and its runtime."""
    default = Provider.objects.filter(is_default=True, enabled=True).first()
    if default is None or default.kind != Kind.EMBEDDED:
        return default is not None
    own = Path(settings.EVERTHREAD_MODEL_PATH) if settings.EVERTHREAD_MODEL_PATH else None
    return status(settings.EVERTHREAD_DATA_DIR, model_path=own).ready


def has_sandbox() -> bool:
    """Whether code would be run, or is not meant to be."""
    return settings.EVERTHREAD_SANDBOX == "off" or state(settings.EVERTHREAD_DATA_DIR / "sandbox").state == "ready"


urlpatterns = [
    path("healthz", alive, name="alive"),
    path("readyz", ready, name="ready"),
]
