"""Answers that end before their time, which the first streaming helpers did not know."""

import json

from openai import OpenAI

client = OpenAI()
assistant = client.beta.assistants.create(model="gpt-4o", instructions="Be brief.")
QUESTION = {"messages": [{"role": "user", "content": "/finish length 2"}]}

with client.beta.threads.create_and_run_stream(assistant_id=assistant.id, thread=QUESTION) as stream:
    run = stream.get_final_run()
    (message,) = stream.get_final_messages()
print(json.dumps([run.status, run.incomplete_details.reason, run.usage.total_tokens > 0]))
print(json.dumps([message.status, message.incomplete_details.reason, message.content[0].text.value]))

run = client.beta.threads.create_and_run_poll(
    assistant_id=assistant.id,
    thread=QUESTION,
    max_completion_tokens=256,
    parallel_tool_calls=False,
    response_format={"type": "json_object"},
    poll_interval_ms=100,
)
print(json.dumps([run.status, run.max_completion_tokens, run.parallel_tool_calls, run.response_format.type]))
(kept,) = client.beta.threads.messages.list(run.thread_id, run_id=run.id).data
print(json.dumps([kept.status, kept.incomplete_details.reason, kept.incomplete_at >= kept.created_at]))
