"""Functions that the program itself runs: two calls at once, their outputs in one request, polled by hand."""

import json
import time

from openai import OpenAI

client = OpenAI()


def temperature(city):
    return {"Oslo": "3", "Rome": "20"}[city]


def wait(run):
    while run.status in ("queued", "in_progress"):
        time.sleep(0.1)
        run = client.beta.threads.runs.retrieve(thread_id=run.thread_id, run_id=run.id)
    return run


assistant = client.beta.assistants.create(
    instructions="You tell the weather.",
    model="gpt-4-1106-preview",
    tools=[
        {
            "type": "function",
            "function": {
                "name": "temperature",
                "description": "The temperature of a city, in degrees Celsius.",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            },
        }
    ],
)
function = assistant.tools[0].function
print(json.dumps([assistant.tools[0].type, function.name, function.description, function.parameters["required"]]))

thread = client.beta.threads.create(
    messages=[{"role": "user", "content": '/calls\ntemperature {"city": "Oslo"}\ntemperature {"city": "Rome"}'}]
)
run = wait(client.beta.threads.runs.create(thread_id=thread.id, assistant_id=assistant.id))
print(json.dumps([run.status, run.required_action.type]))

outputs = []
for call in run.required_action.submit_tool_outputs.tool_calls:
    arguments = json.loads(call.function.arguments)
    print(json.dumps([call.type, call.id[:5], call.function.name, arguments]))
    outputs.append({"tool_call_id": call.id, "output": temperature(**arguments)})

run = client.beta.threads.runs.submit_tool_outputs(thread_id=thread.id, run_id=run.id, tool_outputs=outputs)
print(json.dumps([run.status, run.required_action]))
run = wait(run)
answer = client.beta.threads.messages.list(thread_id=thread.id).data[0]
print(json.dumps([run.status, answer.role, answer.content[0].text.value]))

for step in client.beta.threads.runs.steps.list(thread_id=thread.id, run_id=run.id, order="asc"):
    calls = getattr(step.step_details, "tool_calls", [])
    print(json.dumps([step.type, step.status, [[call.function.name, call.function.output] for call in calls]]))
