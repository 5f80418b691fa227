"""The steps of a run, by the list and one by one, with ``include`` and without."""

import json

from openai import OpenAI

client = OpenAI()
INCLUDE = ["step_details.tool_calls[*].file_search.results[*].content"]
FUNCTION = {"type": "function", "function": {"name": "look"}}
assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.", tools=[FUNCTION])
print(json.dumps([assistant.tools[0].function.parameters, assistant.tools[0].function.strict]))
print(json.dumps(assistant._request_id[:4]))

run = client.beta.threads.create_and_run_poll(
    assistant_id=assistant.id,
    thread={"messages": [{"role": "user", "content": "/call look {}"}]},
    poll_interval_ms=100,
)
where = {"thread_id": run.thread_id, "run_id": run.id}
(step,) = client.beta.threads.runs.steps.list(**where)
print(json.dumps([step.status, step.step_details.tool_calls[0].function.output, step.usage, step.completed_at]))
(call,) = run.required_action.submit_tool_outputs.tool_calls
run = client.beta.threads.runs.submit_tool_outputs_and_poll(
    **where, tool_outputs=[{"tool_call_id": call.id, "output": "seen"}], poll_interval_ms=100
)

listed = client.beta.threads.runs.steps.list(**where, include=INCLUDE, order="asc", limit=1)
steps = list(listed)
print(json.dumps([[step.type, step.status, step.usage.total_tokens > 0] for step in steps]))
print(json.dumps(steps[0].step_details.tool_calls[0].function.output))
again = client.beta.threads.runs.steps.retrieve(steps[1].id, **where, include=INCLUDE)
print(json.dumps([again.type, again.id == steps[1].id, again.run_id == run.id, again.thread_id == run.thread_id]))
print(json.dumps(sum(step.usage.total_tokens for step in steps) == run.usage.total_tokens))
