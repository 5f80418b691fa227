"""Which methods of an event handler are called, in which order, by answers of every kind."""

import json
from itertools import groupby

from openai import AssistantEventHandler, OpenAI

client = OpenAI()
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


class EventHandler(AssistantEventHandler):
    def __init__(self):
        super().__init__()
        self.calls = []

    def on_run_step_created(self, run_step):
        self.calls.append(f"step created: {run_step.type}")

    def on_run_step_done(self, run_step):
        self.calls.append(f"step done: {run_step.status}")

    def on_tool_call_created(self, tool_call):
        self.calls.append(f"call created: {tool_call.type}")

    def on_tool_call_delta(self, delta, snapshot):
        self.calls.append("call delta")

    def on_tool_call_done(self, tool_call):
        self.calls.append(f"call done: {tool_call.function.name}({tool_call.function.arguments})")

    def on_message_created(self, message):
        self.calls.append(f"message created: {len(message.content)} parts")

    def on_message_done(self, message):
        self.calls.append(f"message done: {message.status}")

    def on_text_created(self, text):
        self.calls.append("text created")

    def on_text_done(self, text):
        self.calls.append(f"text done: {text.value!r}")

    def on_exception(self, exception):
        self.calls.append(f"exception: {exception}")

    def on_end(self):
        self.calls.append("end")


assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.", tools=[FUNCTION])
for question in ("/say Yes.", "/call look {}", "/fail rate_limit 2"):
    handler = EventHandler()
    with client.beta.threads.create_and_run_stream(
        assistant_id=assistant.id,
        thread={"messages": [{"role": "user", "content": question}]},
        event_handler=handler,
    ) as stream:
        run = stream.get_final_run()
    calls = [name for name, _row in groupby(handler.calls)]
    print(json.dumps([question, calls, run.status, run.last_error and run.last_error.code]))
