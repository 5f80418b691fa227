"""The full-text index of chats (``chat.retrieval.keywords.chats``), filled with the titles and messages that are there."""

from itertools import islice

from django.db import migrations

from chat.retrieval.keywords import chats

ROWS = 500  # read and written at once
TABLES = {chats.MESSAGES: "chat_message", chats.TITLES: "chat_thread"}
MAKE = {
    "sqlite": [
        """CREATE VIRTUAL TABLE {words} USING fts5(
            words, text UNINDEXED, tokenize = 'unicode61 remove_diacritics 0', detail = none
        )""",
        """CREATE TRIGGER {words}_gone AFTER DELETE ON {table}
        BEGIN DELETE FROM {words} WHERE rowid = old.number; END""",
    ],
    "postgresql": [
        "CREATE TABLE {words} (rowid bigint PRIMARY KEY, words tsvector NOT NULL, text text NOT NULL)",
        # A search reads the whole list of what is not in the index yet: kept short, in kB.
        "CREATE INDEX {words}_words ON {words} USING gin (words) WITH (gin_pending_list_limit = 128)",
        """CREATE FUNCTION {words}_gone() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN DELETE FROM {words} WHERE rowid = OLD.number; RETURN NULL; END $$""",
        "CREATE TRIGGER {words}_gone AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {words}_gone()",
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER {words}_gone", "DROP TABLE {words}"],
    "postgresql": ["DROP TRIGGER {words}_gone ON {table}", "DROP FUNCTION {words}_gone", "DROP TABLE {words}"],
}


def execute(statements, schema_editor):
    for words, table in TABLES.items():
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement.format(words=words, table=table), params=None)


def make(_apps, schema_editor):
    execute(MAKE, schema_editor)


def drop(_apps, schema_editor):
    execute(DROP, schema_editor)


def texts_of(content):
    for part in content:
        if part["type"] == "text":
            yield part["text"].get("value") or ""
        elif part["type"] == "refusal":
            yield part["refusal"]


def message_texts(apps):
    messages = apps.get_model("chat", "Message").objects.exclude(status="in_progress")
    for key, owner, content in rows_of(messages, "thread__owner_id", "content"):
        yield key, owner, "\n\n".join(texts_of(content))


def titles(apps):
    yield from rows_of(apps.get_model("chat", "Thread").objects.exclude(title=""), "owner_id", "title")


def rows_of(rows, *columns):
    """Yield the primary keys and ``columns`` of all ``rows``, and hold few of them at once."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", *columns)[:ROWS]):
        last = batch[-1][0]
        yield from batch


def fill(apps, _schema_editor):
    for words, texts in ((chats.MESSAGES, message_texts(apps)), (chats.TITLES, titles(apps))):
        while batch := list(islice(texts, ROWS)):
            chats.add(words, batch)


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0016_indexes_of_newest"),
    ]

    operations = [
        migrations.RunPython(make, drop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
