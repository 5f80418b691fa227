"""The code interpreter: an equation, a variable that lasts, a chart in the handler, a table, a sheet."""

import json

from openai import AssistantEventHandler, OpenAI

client = OpenAI()
threads = client.beta.threads


def show(*seen):
    print(json.dumps(seen))


def ask(code, **more):
    """The run of ``code``, with what its step and its answer show."""
    threads.messages.create(thread.id, role="user", content=f"/python {code}", **more)
    run = threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert run.status == "completed", run
    step = next(step for step in threads.runs.steps.list(run.id, thread_id=thread.id) if step.type == "tool_calls")
    (call,) = step.step_details.tool_calls
    (answer,) = threads.messages.list(thread.id, limit=1).data
    return call.code_interpreter, answer


def links(answer):
    """The files that an answer links to, by their addresses."""
    notes = [note for part in answer.content if part.type == "text" for note in part.text.annotations]
    for note in notes:
        assert answer.content[-1].text.value[note.start_index : note.end_index] == note.text
    return {note.text: note.file_path.file_id for note in notes}


assistant = client.beta.assistants.create(model="gpt-4o", tools=[{"type": "code_interpreter"}])
thread = threads.create()

call, answer = ask("from sympy import *\nx = symbols('x')\nroot = solve(Eq(3*x + 11, 14), x)\nroot")
show("equation", call.input.splitlines()[0], call.outputs[0].type, call.outputs[0].logs)
call, answer = ask("root[0] + 41")
show("variable of the run before", call.outputs[0].logs)
call, answer = ask("root[0] / 0 * nothing")
show("traceback", "NameError: name 'nothing' is not defined" in call.outputs[0].logs)


class Handler(AssistantEventHandler):
    def on_tool_call_created(self, tool_call):
        self.code = ""
        show("tool call", tool_call.type)

    def on_tool_call_delta(self, delta, snapshot):
        if delta.code_interpreter and delta.code_interpreter.input:
            self.code += delta.code_interpreter.input

    def on_image_file_done(self, image_file):
        picture = client.files.content(image_file.file_id).read()
        show("picture", picture[:8].hex(), len(picture) > 5000)
        show("its file", client.files.retrieve(image_file.file_id).purpose)

    def on_text_done(self, text):
        show("text", text.value)


plot = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.title('Squares')\nplt.show()\nprint('drawn')"
threads.messages.create(thread.id, role="user", content=f"/python {plot}")
handler = Handler()
with threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id, event_handler=handler) as stream:
    stream.until_done()
show("code as it was written", handler.code == plot)
(answer,) = threads.messages.list(thread.id, limit=1).data
show("content", [part.type for part in answer.content])

table = client.files.create(file=("fruits.csv", b"fruit,price\napple,2\npear,3\n"), purpose="assistants")
attached = [{"file_id": table.id, "tools": [{"type": "code_interpreter"}]}]
change = """import pandas as pd
fruits = pd.read_csv("/mnt/data/fruits.csv")
fruits["double"] = fruits["price"] * 2
fruits.to_csv("/mnt/data/doubled.csv", index=False)
int(fruits["double"].sum())"""
call, answer = ask(change, attachments=attached)
show("sum", call.outputs[0].logs)
found = links(answer)
show("links", sorted(found))
show("table", client.files.content(found["sandbox:/mnt/data/doubled.csv"]).read().decode())
show("the thread's files", threads.retrieve(thread.id).tool_resources.code_interpreter.file_ids == [table.id])

call, answer = ask("fruits.to_excel('/mnt/data/fruits.xlsx', index=False)")
(sheet,) = links(answer).values()
file = client.files.retrieve(sheet)
show("sheet", file.filename, file.purpose, client.files.content(sheet).read()[:2].decode())
