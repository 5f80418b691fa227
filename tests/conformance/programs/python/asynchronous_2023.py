"""As in November 2023: the asynchronous client, polled by hand, lists by pages."""

import asyncio
import json

from openai import AsyncOpenAI

client = AsyncOpenAI()


async def ask(assistant, text):
    run = await client.beta.threads.create_and_run(
        assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": text}]}
    )
    while run.status != "completed":
        await asyncio.sleep(0.1)
        run = await client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
    return [
        message.content[0].text.value async for message in client.beta.threads.messages.list(run.thread_id, limit=1)
    ]


async def main():
    assistant = await client.beta.assistants.create(model="gpt-4-1106-preview", instructions="Be brief.")
    print(json.dumps(await asyncio.gather(*(ask(assistant, f"/say {n}") for n in range(3)))))


asyncio.run(main())
