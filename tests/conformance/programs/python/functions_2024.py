"""As in 2024: a handler that answers function calls inside the stream, and the helper that polls instead."""

import json

from openai import AssistantEventHandler, OpenAI
from typing_extensions import override

client = OpenAI()
TEMPERATURES = {"Oslo": "3", "Rome": "20"}
QUESTION = '/calls\ntemperature {"city": "Oslo"}\ntemperature {"city": "Rome"}'

assistant = client.beta.assistants.create(
    instructions="You tell the weather.",
    model="gpt-4o",
    tools=[
        {
            "type": "function",
            "function": {
                "name": "temperature",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                    "additionalProperties": False,
                },
                "strict": True,
            },
        }
    ],
)


def outputs_for(run):
    return [
        {"tool_call_id": call.id, "output": TEMPERATURES[json.loads(call.function.arguments)["city"]]}
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]


class EventHandler(AssistantEventHandler):
    @override
    def on_event(self, event):
        if event.event == "thread.run.requires_action":
            print(json.dumps(["requires action", event.data.status, event.data.usage]))
            self.submit(event.data)

    @override
    def on_tool_call_created(self, tool_call):
        print(json.dumps(["call", tool_call.type, tool_call.function.name]))

    @override
    def on_tool_call_done(self, tool_call):
        print(json.dumps(["call done", tool_call.id[:5], len(tool_call.id), tool_call.function.arguments]))

    def submit(self, run):
        with client.beta.threads.runs.submit_tool_outputs_stream(
            thread_id=run.thread_id, run_id=run.id, tool_outputs=outputs_for(run), event_handler=EventHandler()
        ) as stream:
            print(json.dumps(["answer", "".join(stream.text_deltas)]))


thread = client.beta.threads.create(messages=[{"role": "user", "content": QUESTION}])
with client.beta.threads.runs.stream(
    thread_id=thread.id, assistant_id=assistant.id, event_handler=EventHandler()
) as stream:
    stream.until_done()

thread = client.beta.threads.create(messages=[{"role": "user", "content": QUESTION}])
run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=100)
print(json.dumps([run.status, len(run.required_action.submit_tool_outputs.tool_calls)]))
run = client.beta.threads.runs.submit_tool_outputs_and_poll(
    thread_id=thread.id, run_id=run.id, tool_outputs=outputs_for(run), poll_interval_ms=100
)
print(json.dumps([run.status, run.required_action, run.usage.total_tokens > 0]))

run = client.beta.threads.runs.create_and_poll(
    thread_id=thread.id, assistant_id=assistant.id, tool_choice="none", poll_interval_ms=100
)
print(json.dumps(run.tool_choice))
