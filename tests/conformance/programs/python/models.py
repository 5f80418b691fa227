"""The models that a program finds."""

import json

from openai import OpenAI

client = OpenAI()
names = [model.id for model in client.models.list()]
print(json.dumps(["gpt-4o" in names, "vendor/model:7b" in names]))
model = client.models.retrieve("gpt-4o")
print(json.dumps([model.object, model.id, type(model.created).__name__, type(model.owned_by).__name__]))
print(json.dumps(client.models.retrieve("vendor/model:7b").id))
