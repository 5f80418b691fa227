"""As in 2024: the answer arrives piece by piece at an event handler; then the same without streaming."""

import json

from openai import AssistantEventHandler, OpenAI
from typing_extensions import override

client = OpenAI()

assistant = client.beta.assistants.create(
    name="Tutor",
    instructions="You help with sums. Write and run code for them.",
    tools=[{"type": "code_interpreter"}],
    model="gpt-4o",
)
thread = client.beta.threads.create()
client.beta.threads.messages.create(thread_id=thread.id, role="user", content="Solve 3x + 11 = 14.")


class EventHandler(AssistantEventHandler):
    def __init__(self):
        super().__init__()
        self.pieces = []

    @override
    def on_text_created(self, text):
        print(json.dumps(["created", text.annotations]))

    @override
    def on_text_delta(self, delta, snapshot):
        self.pieces.append(delta.value)
        assert snapshot.value == "".join(self.pieces)

    @override
    def on_text_done(self, text):
        print(json.dumps(["done", text.value, "".join(self.pieces) == text.value, len(self.pieces) > 1]))

    @override
    def on_end(self):
        print(json.dumps("end"))


with client.beta.threads.runs.stream(
    thread_id=thread.id,
    assistant_id=assistant.id,
    instructions="The user has a premium account.",
    event_handler=EventHandler(),
) as stream:
    stream.until_done()

with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
    said = "".join(stream.text_deltas)
    (message,) = stream.get_final_messages()
    run = stream.get_final_run()
    (step,) = stream.get_final_run_steps()
print(json.dumps([said, message.content[0].text.value == said, run.status, step.type, stream.current_run.id == run.id]))

run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
print(json.dumps([run.status, run.usage.total_tokens == run.usage.prompt_tokens + run.usage.completion_tokens]))
messages = client.beta.threads.messages.list(thread_id=thread.id, run_id=run.id)
print(json.dumps([[message.role, message.content[0].text.value] for message in messages]))
