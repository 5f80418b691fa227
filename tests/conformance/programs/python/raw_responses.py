"""What is around the objects: headers, ids of requests, responses that are read while they come."""

import json

from openai import NotFoundError, OpenAI

client = OpenAI()

response = client.beta.threads.with_raw_response.create(metadata={"a": "1"})
thread = response.parse()
print(json.dumps([response.status_code, response.headers["content-type"][:16], thread.object, thread.metadata]))
print(json.dumps([response.headers["x-request-id"][:4], response.headers["openai-version"]]))
print(json.dumps(int(response.headers["openai-processing-ms"]) >= 0))

file = client.files.create(file=("lines.txt", b"one\ntwo\nthree\n"), purpose="assistants")
with client.files.with_streaming_response.content(file.id) as response:
    print(json.dumps(["lines.txt" in response.headers["content-disposition"], list(response.iter_lines())]))
with client.beta.threads.with_streaming_response.retrieve(thread.id) as response:
    print(json.dumps(response.parse().metadata))

response = client.beta.threads.with_raw_response.delete(thread.id)
print(json.dumps([response.parse().object, response.http_response.status_code]))
try:
    client.beta.threads.retrieve(thread.id)
except NotFoundError as error:
    print(
        json.dumps([error.request_id[:4], error.message.startswith("Error code: 404 - "), thread.id in error.message])
    )
