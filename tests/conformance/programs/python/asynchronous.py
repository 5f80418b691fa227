"""The asynchronous client: requests side by side, lists by pages, a stream with a handler."""

import asyncio
import json

from openai import AsyncAssistantEventHandler, AsyncOpenAI


class EventHandler(AsyncAssistantEventHandler):
    async def on_text_created(self, text):
        print(json.dumps("created"))

    async def on_text_done(self, text):
        print(json.dumps(["done", text.value]))

    async def on_end(self):
        print(json.dumps("end"))


async def main():
    client = AsyncOpenAI()
    assistant = await client.beta.assistants.create(model="gpt-4o", instructions="Be brief.")
    threads = await asyncio.gather(
        *(client.beta.threads.create(messages=[{"role": "user", "content": f"/say {n}"}]) for n in range(4))
    )
    runs = await asyncio.gather(
        *(
            client.beta.threads.runs.create_and_poll(
                thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=100
            )
            for thread in threads
        )
    )
    answers = [(await client.beta.threads.messages.list(thread.id)).data[0] for thread in threads]
    print(json.dumps([[run.status, answer.content[0].text.value] for run, answer in zip(runs, answers, strict=True)]))

    async with client.beta.threads.runs.stream(
        thread_id=threads[0].id, assistant_id=assistant.id, event_handler=EventHandler()
    ) as stream:
        await stream.until_done()
        print(json.dumps((await stream.get_final_run()).status))

    events = await client.beta.threads.runs.create(thread_id=threads[0].id, assistant_id=assistant.id, stream=True)
    names = [event.event async for event in events]
    print(json.dumps([names[0], names[-1]]))

    listed = [message.role async for message in client.beta.threads.messages.list(threads[0].id, limit=2)]
    print(json.dumps(listed))
    print(json.dumps((await client.beta.threads.delete(threads[0].id)).deleted))


asyncio.run(main())
