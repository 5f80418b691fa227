"""A program with one base URL for everything: chat completions, with a stream and functions, and embeddings."""

import asyncio
import json

from openai import AsyncOpenAI, NotFoundError, OpenAI

client = OpenAI()
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}


def ask(*said, **options):
    messages = [{"role": "user", "content": each} if isinstance(each, str) else each for each in said]
    return client.chat.completions.create(model="gpt-4o", messages=messages, **options)


answer = ask("/say Good morning.", temperature=0)
print(json.dumps([answer.model, answer.choices[0].message.content, answer.choices[0].finish_reason]))
print(json.dumps(answer.usage.total_tokens > 0))

chunks = list(ask("/say One two three.", stream=True, extra_body={"stream_options": {"include_usage": True}}))
print(json.dumps("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)))
print(json.dumps([chunks[-2].choices[0].finish_reason, len(chunks[-1].choices)]))

called = ask("/call get_weather {}", tools=[WEATHER]).choices[0].message
(call,) = called.tool_calls
output = {"role": "tool", "tool_call_id": call.id, "content": "3C"}
print(json.dumps([call.function.name, call.function.arguments]))
print(json.dumps(ask("Weather?", called.model_dump(exclude_none=True), output).choices[0].message.content))


async def main():
    asynchronous = AsyncOpenAI()
    said = [{"role": "user", "content": "/say Bye."}]
    stream = await asynchronous.chat.completions.create(model="gpt-4o", messages=said, stream=True)
    print(json.dumps("".join([chunk.choices[0].delta.content or "" async for chunk in stream])))
    vectors = await asynchronous.embeddings.create(model="gpt-4o", input=["One", "Two"])
    print(json.dumps([len(vector.embedding) for vector in vectors.data]))


asyncio.run(main())
try:
    client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "Hello"}])
except NotFoundError as error:
    print(json.dumps(error.code))
