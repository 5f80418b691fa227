"""What a program catches: the class, the status, and the exact words that libraries look for."""

import json
import re
import time

import openai
from openai import OpenAI

client = OpenAI(max_retries=0)
ID = re.compile(r"\b(asst|thread|run|msg)_\w{24}")


def refused(act, *arguments, **named):
    try:
        act(*arguments, **named)
    except openai.APIStatusError as error:
        words = error.response.json()["error"]
        print(
            json.dumps(
                [
                    type(error).__name__,
                    error.status_code,
                    ID.sub(r"\1_X", words["message"]),
                    words["type"],
                    words["param"],
                    words["code"],
                    error.response.headers["x-request-id"][:4],
                ]
            )
        )
    else:
        print(json.dumps("not refused"))


threads = client.beta.threads
assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.")
thread = threads.create(messages=[{"role": "user", "content": "/slow 60"}])

refused(client.beta.assistants.retrieve, "asst_000000000000000000000000")
refused(threads.retrieve, "thread_000000000000000000000000")
refused(threads.messages.retrieve, "msg_000000000000000000000000", thread_id=thread.id)
refused(threads.runs.retrieve, "run_000000000000000000000000", thread_id=thread.id)
refused(threads.runs.create, thread.id, assistant_id="asst_000000000000000000000000")
refused(client.files.retrieve, "file-0000000000000000000000")
refused(client.models.retrieve, "no-such-model")

refused(threads.retrieve, "nonsense")
refused(threads.messages.create, thread.id, role="nobody", content="Hello")
refused(threads.messages.list, thread.id, limit=101)
refused(threads.create, metadata={"answered": True})
refused(threads.create, extra_body={"nonsense": 1})

run = threads.runs.create(thread.id, assistant_id=assistant.id)
while run.status == "queued":
    time.sleep(0.1)
    run = threads.runs.retrieve(run.id, thread_id=thread.id)
refused(threads.runs.create, thread.id, assistant_id=assistant.id)
refused(threads.messages.create, thread.id, role="user", content="Are you there?")
refused(threads.runs.submit_tool_outputs, run.id, thread_id=thread.id, tool_outputs=[])
threads.runs.cancel(run.id, thread_id=thread.id)

refused(OpenAI(api_key="sk-wrong", max_retries=0).models.list)
