"""What holds up the event loop is logged."""

from __future__ import annotations

import asyncio
import time

import pytest

from chat.management import loop_lag
from chat.management.loop_lag import LoopLag


async def warnings_while(caplog: pytest.LogCaptureFixture, blocked: float) -> list[str]:
    """Block the loop for so many seconds while it is watched; return what was logged."""
    watch = LoopLag(every=0.01, report=600)
    task = asyncio.create_task(watch.run())
    await asyncio.sleep(0.05)
    time.sleep(blocked)  # noqa: ASYNC251 -- what no code here may do
    await asyncio.sleep(0.05)
    await watch.stop()
    await task
    return [record.getMessage() for record in caplog.records if record.name == loop_lag.__name__]


class TestALoopThatIsHeldUp:
    async def test_is_logged_with_how_long(self, caplog: pytest.LogCaptureFixture, monkeypatch) -> None:
        monkeypatch.setattr(loop_lag, "LONG", 0.2)
        (warning,) = await warnings_while(caplog, 0.3)
        seconds = float(warning.split("held up for ")[1].split(" s")[0])
        assert seconds >= 0.2

    async def test_is_not_logged_for_what_nobody_notices(self, caplog: pytest.LogCaptureFixture, monkeypatch) -> None:
        monkeypatch.setattr(loop_lag, "LONG", 60.0)
        assert await warnings_while(caplog, 0.05) == []
