"""A file in parts, by the helper and by hand."""

import hashlib
import json

from openai import BadRequestError, OpenAI

client = OpenAI()
DATA = bytes(range(256)) * 40

upload = client.uploads.upload_file_chunked(
    file=DATA,
    filename="data.txt",
    bytes=len(DATA),
    mime_type="text/plain",
    purpose="assistants",
    part_size=4096,
    md5=hashlib.md5(DATA).hexdigest(),
)
print(json.dumps([upload.object, upload.status, upload.file.object, upload.file.filename, upload.file.bytes]))
print(json.dumps(client.files.content(upload.file.id).read() == DATA))

upload = client.uploads.create(bytes=10, filename="words.txt", mime_type="text/plain", purpose="assistants")
print(json.dumps([upload.status, upload.id[:7], upload.expires_at - upload.created_at]))
world = client.uploads.parts.create(upload.id, data=b"world")
hello = client.uploads.parts.create(upload.id, data=b"Hello")
print(json.dumps([hello.object, hello.id[:5], hello.upload_id == upload.id]))
upload = client.uploads.complete(upload.id, part_ids=[hello.id, world.id])
print(json.dumps([upload.status, client.files.content(upload.file.id).text]))

upload = client.uploads.create(bytes=10, filename="words.txt", mime_type="text/plain", purpose="assistants")
print(json.dumps(client.uploads.cancel(upload.id).status))
try:
    client.uploads.parts.create(upload.id, data=b"too late")
except BadRequestError as error:
    print(json.dumps(error.status_code))
