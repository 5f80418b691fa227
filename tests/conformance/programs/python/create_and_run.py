"""A thread and its first run in one request: streamed by the helper, raw, and polled."""

import json
from itertools import groupby

from openai import AssistantEventHandler, OpenAI

client = OpenAI()
assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.")
THREAD = {"messages": [{"role": "user", "content": "/say One two three."}], "metadata": {"from": "here"}}


class EventHandler(AssistantEventHandler):
    def on_text_done(self, text):
        print(json.dumps(["text", text.value]))

    def on_message_done(self, message):
        print(json.dumps(["message", message.status, message.role, message.assistant_id == assistant.id]))


with client.beta.threads.create_and_run_stream(
    assistant_id=assistant.id, thread=THREAD, event_handler=EventHandler()
) as stream:
    stream.until_done()
thread = client.beta.threads.retrieve(stream.current_run.thread_id)
print(json.dumps(["thread", thread.metadata, stream.current_run.status]))

events = client.beta.threads.create_and_run(assistant_id=assistant.id, thread=THREAD, stream=True)
print(json.dumps([name for name, _row in groupby(event.event for event in events)]))

run = client.beta.threads.create_and_run_poll(
    assistant_id=assistant.id, thread=THREAD, instructions="Be long.", metadata={"try": "3"}, poll_interval_ms=100
)
print(json.dumps([run.status, run.instructions, run.metadata]))

stream = client.beta.threads.runs.create(
    thread_id=run.thread_id,
    assistant_id=assistant.id,
    additional_instructions="Smile.",
    additional_messages=[{"role": "user", "content": "/say Four."}],
    temperature=0.5,
    max_prompt_tokens=1000,
    max_completion_tokens=500,
    truncation_strategy={"type": "last_messages", "last_messages": 3},
    response_format={"type": "text"},
    stream=True,
)
run = [event.data for event in stream if event.event.startswith("thread.run.") and "step" not in event.event][-1]
print(json.dumps([run.status, run.instructions, run.temperature, run.max_prompt_tokens, run.max_completion_tokens]))
print(json.dumps([run.truncation_strategy.last_messages, run.response_format.type]))
texts = [message.content[0].text.value for message in client.beta.threads.messages.list(run.thread_id, order="asc")]
print(json.dumps(texts))
