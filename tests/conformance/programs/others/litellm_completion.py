"""litellm, which sends to each provider what its tables say that it knows."""

import json

import litellm

litellm.suppress_debug_info = True

said = [{"role": "user", "content": "/say Good morning."}]
answer = litellm.completion(model="openai/gpt-4o", messages=said, drop_params=True)
print(json.dumps([answer.choices[0].message.content, answer.choices[0].finish_reason]))
chunks = litellm.completion(model="openai/gpt-4o", messages=said, stream=True, stream_options={"include_usage": True})
print(json.dumps("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)))
print(json.dumps(len(litellm.embedding(model="openai/gpt-4o", input=["One"]).data)))
try:
    litellm.completion(model="openai/nobody", messages=said)
except litellm.NotFoundError as error:
    print(json.dumps(error.status_code))
