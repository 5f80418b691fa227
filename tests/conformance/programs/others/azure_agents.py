"""Azure's client for agents, the Assistants API under other names. It sends resources of tools along with a run."""

import json
import os
import time

from azure.ai.agents import AgentsClient
from azure.ai.agents.models import CodeInterpreterTool, FilePurpose
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy

key = AzureKeyCredential(os.environ["AZURE_OPENAI_API_KEY"])
# Its own policy sends tokens to https alone.
policy = AzureKeyCredentialPolicy(key, "api-key")
client = AgentsClient(os.environ["AZURE_OPENAI_ENDPOINT"] + "/openai", key, authentication_policy=policy)

agent = client.create_agent(model="gpt-4o", name="Counter", instructions="Be brief.")
thread = client.threads.create()
client.messages.create(thread.id, role="user", content="/say Three.")
file = client.files.upload(file=("words.txt", b"one two three"), purpose=FilePurpose.AGENTS)
code = CodeInterpreterTool(file_ids=[file.id])
run = client.runs.create(thread.id, agent_id=agent.id, tools=code.definitions, tool_resources=code.resources)
print(json.dumps(run.tool_resources.code_interpreter.file_ids == [file.id]))
while run.status in ("queued", "in_progress"):
    time.sleep(0.1)
    run = client.runs.get(thread.id, run.id)
print(json.dumps(run.status))
(answer, *_asked) = client.messages.list(thread.id)
print(json.dumps([answer.role, answer.text_messages[0].text.value]))
