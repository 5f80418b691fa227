"""A file from upload to deletion, with a name that is not ASCII."""

import json

from openai import NotFoundError, OpenAI

client = OpenAI()
NAME = "Überblick – 概要.txt"
TEXT = "The first line.\nThe second: 漢字.\n"

file = client.files.create(file=(NAME, TEXT.encode()), purpose="assistants")
print(json.dumps([file.object, file.purpose, file.filename, file.bytes == len(TEXT.encode()), file.id[:5]]))
ready = client.files.wait_for_processing(file.id, poll_interval=0.1)
print(json.dumps([ready.status, client.files.retrieve(file.id).filename == NAME]))

content = client.files.content(file.id)
print(json.dumps([content.read() == TEXT.encode(), content.text == TEXT]))
print(json.dumps(client.files.retrieve_content(file.id) == TEXT))

other = client.files.create(file=("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(16)), purpose="vision")
listed = [found.id for found in client.files.list(purpose="assistants")]
print(json.dumps([file.id in listed, other.id in listed, other.id in [found.id for found in client.files.list()]]))

gone = client.files.delete(file.id)
print(json.dumps([gone.object, gone.deleted, gone.id == file.id]))
try:
    client.files.retrieve(file.id)
except NotFoundError as error:
    print(json.dumps(error.response.json()["error"]["message"] == f"No such File object: {file.id}"))
