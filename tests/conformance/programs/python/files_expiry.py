"""Files that go by themselves, lists of files by pages."""

import json

from openai import OpenAI

client = OpenAI()
file = client.files.create(
    file=("notes.md", b"# Notes"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
)
print(json.dumps([file.filename, file.expires_at - file.created_at]))
others = [client.files.create(file=(f"{n}.txt", b"text"), purpose="evals").id for n in range(3)]
listed = [found.id for found in client.files.list(purpose="evals", limit=2, order="asc")]
print(json.dumps([[id for id in listed if id in others] == others, client.files.list(limit=2).has_more]))
for id in others:
    client.files.delete(id)
