"""A chat program that knows no Assistants API talks to an assistant."""

import json

from openai import OpenAI

client = OpenAI()
guide = client.beta.assistants.create(name="Museum guide", model="gpt-4o", instructions="Be brief.")
names = [model.id for model in client.models.list() if model.id.endswith(guide.id[-8:])]
print(json.dumps([names[0].removesuffix(guide.id[-8:]), names[1] == guide.id]))


def ask(text, **options):
    said = [{"role": "user", "content": text}]
    return client.chat.completions.create(model=names[0], messages=said, **options)


print(json.dumps([ask("/say Welcome.").choices[0].message.content, ask("Hi").model == names[0]]))
stream = ask("/say This way, please.", stream=True)
print(json.dumps("".join(chunk.choices[0].delta.content or "" for chunk in stream)))

kept = {"user": "ada", "metadata": {"thread": "visit"}}
ask("One", **kept)
ask("Two", **kept)
(thread,) = client.get("/threads?limit=1", cast_to=object)["data"]
messages = client.beta.threads.messages.list(thread["id"], order="asc")
print(json.dumps([message.content[0].text.value for message in messages]))

weather = {"type": "function", "function": {"name": "get_weather"}}
answer = ask("/call get_weather {}", tools=[weather], user="ada", metadata={"thread": "weather"})
(call,) = answer.choices[0].message.tool_calls
output = {"role": "tool", "tool_call_id": call.id, "content": "3C"}
answer = client.chat.completions.create(
    model=guide.id, messages=[output], tools=[weather], user="ada", metadata={"thread": "weather"}
)
print(json.dumps([answer.choices[0].message.content, answer.choices[0].finish_reason]))
