"""Fills what 0005 added: which files and vector stores each row names, and how each store came to be.

Both ways of counting are as the code had them before. All of it can be run again: what is there already is left alone.
"""

from itertools import islice

from django.db import migrations

ROWS = 500  # read and written at once
ADDITION = 1  # LogEntry.action_flag
THREAD_DAYS = 7  # stores that threads got for their files expired after so many days, and had no name


# --- what rows name -----------------------------------------------------------------------------------------------


def in_message(content, attachments):
    for part in content:
        if part["type"] == "image_file":
            yield part["image_file"]["file_id"]
        elif part["type"] == "text":
            for annotation in part["text"].get("annotations") or []:
                yield (annotation.get(annotation["type"]) or {}).get("file_id")
    yield from (attachment.get("file_id") for attachment in attachments)


def in_tool_resources(resources):
    yield from (resources.get("code_interpreter") or {}).get("file_ids") or []
    yield from (resources.get("file_search") or {}).get("vector_store_ids") or []


def in_details(details):
    for call in details.get("tool_calls") or []:
        code = call.get("code_interpreter") or {}
        for output in code.get("outputs") or []:
            if output["type"] == "image":
                yield output["image"]["file_id"]
        yield from (file["file_id"] for file in code.get("files") or [])


# Of each model: the foreign key of a use, what that points to, the JSON columns, and how to find ids in these.
NAMING = {
    "Message": ("message_id", "id", ("content", "attachments"), in_message),
    "QueuedMessage": ("queued_message_id", "pk", ("content", "attachments"), in_message),
    "Assistant": ("assistant_id", "id", ("tool_resources",), in_tool_resources),
    "Thread": ("thread_id", "id", ("tool_resources",), in_tool_resources),
    "RunStep": ("step_id", "id", ("details",), in_details),
}


def rows_of(model, *columns):
    """Yield the ``columns`` of all rows, in the order of their primary keys, and hold few of them at once."""
    last = 0
    while batch := list(model.objects.filter(pk__gt=last).order_by("pk").values_list("pk", *columns)[:ROWS]):
        last = batch[-1][0]
        yield from (values for _pk, *values in batch)


def fill_uses(apps, _schema_editor):
    ResourceUse = apps.get_model("chat", "ResourceUse")
    for name, (column, key, columns, named_in) in NAMING.items():
        uses = (
            ResourceUse(**{column: row, "resource_id": resource_id})
            for row, *values in rows_of(apps.get_model("chat", name), key, *columns)
            for resource_id in dict.fromkeys(filter(None, named_in(*values)))
        )
        while batch := list(islice(uses, ROWS)):
            ResourceUse.objects.bulk_create(batch, ignore_conflicts=True)


# --- how stores came to be ----------------------------------------------------------------------------------------


def fill_origins(apps, _schema_editor):
    """Made in the admin, as its log says, or else for the files of a thread, as name and expiry tell, or by a program."""
    VectorStore, LogEntry = apps.get_model("chat", "VectorStore"), apps.get_model("admin", "LogEntry")
    VectorStore.objects.filter(name="", expires_after=THREAD_DAYS).update(origin="attachment")
    added = LogEntry.objects.filter(
        content_type__app_label="chat", content_type__model="vectorstore", action_flag=ADDITION
    ).values_list("object_id", flat=True)
    keys = (int(object_id) for object_id in added if object_id and object_id.isdecimal())
    while batch := list(islice(keys, ROWS)):
        VectorStore.objects.filter(pk__in=batch).update(origin="admin")


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0005_resource_uses_and_origins"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(fill_uses, migrations.RunPython.noop),
        migrations.RunPython(fill_origins, migrations.RunPython.noop),
    ]
