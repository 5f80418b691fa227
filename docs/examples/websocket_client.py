"""Ask in a thread and print the answer as it comes: python websocket_client.py http://SERVER THREAD_ID QUESTION

The API key is read from EVERTHREAD_API_KEY. Needs aiohttp. docs/websocket.md describes the frames.
"""

import asyncio
import os
import sys

import aiohttp


async def ask(server: str, thread_id: str, question: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['EVERTHREAD_API_KEY']}"}
    texts, statuses, run_id, shown = {}, {}, None, 0
    async with (
        aiohttp.ClientSession(server, headers=headers) as session,
        session.ws_connect(f"/ws/threads/{thread_id}/", heartbeat=20, max_msg_size=0) as socket,
    ):
        await socket.send_json({"type": "send_message", "content": question})
        async for message in socket:
            frame = message.json()
            if frame["type"] == "error":
                sys.exit(frame["error"]["message"])
            if frame["type"] == "accepted":
                run_id = frame["run"]["id"]
            elif frame["type"] == "snapshot" and frame["run"]:  # replaces what is known of this run
                parts = [part for message in frame["messages"] for part in message["content"]]
                texts[frame["run"]["id"]] = "".join(part["text"]["value"] for part in parts)
                statuses[frame["run"]["id"]] = frame["run"]["status"]
            elif frame.get("event") == "thread.message.delta":
                [part] = frame["data"]["delta"]["content"]
                texts[frame["run_id"]] = texts.get(frame["run_id"], "") + part["text"]["value"]
            elif frame.get("event", "").startswith("thread.run.") and "step" not in frame["event"]:
                statuses[frame["run_id"]] = frame["data"]["status"]
            print(texts.get(run_id, "")[shown:], end="", flush=True)
            shown = len(texts.get(run_id, ""))
            if statuses.get(run_id, "queued") not in ("queued", "in_progress", "cancelling"):
                sys.exit(f"\nThe run ended: {statuses[run_id]}" if statuses[run_id] != "completed" else "\n")
        sys.exit(f"The server closed the socket: {socket.close_code}")


asyncio.run(ask(*sys.argv[1:4]))
