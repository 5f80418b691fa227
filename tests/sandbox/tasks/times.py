"""Dates and time zones."""

from __future__ import annotations

from tests.sandbox.tasks.task import task

TIMES = (
    task(
        "days between dates",
        """
        from datetime import date, timedelta
        print((date(2026, 12, 25) - date(2026, 2, 28)).days, date(2024, 2, 28) + timedelta(days=2))
        """,
        "300 2024-03-01",
    ),
    task(
        "time zones and summer time",
        """
        from datetime import datetime
        from zoneinfo import ZoneInfo
        start = datetime(2026, 3, 29, 0, 30, tzinfo=ZoneInfo("UTC"))
        print([start.replace(hour=hour).astimezone(ZoneInfo("Europe/Berlin")).isoformat() for hour in (0, 1)])
        print(datetime(2026, 7, 1, 9, tzinfo=ZoneInfo("America/New_York")).astimezone(ZoneInfo("Asia/Tokyo")))
        """,
        """
        ['2026-03-29T01:30:00+01:00', '2026-03-29T03:30:00+02:00']
        2026-07-01 22:00:00+09:00
        """,
    ),
    task(
        "working days with pandas",
        """
        import pandas as pd
        days = pd.bdate_range("2026-02-01", "2026-02-28")
        print(len(days), days[0].day_name(), pd.Timestamp("2026-08-26").quarter)
        """,
        "20 Monday 3",
    ),
    task(
        "calendar",
        """
        import calendar
        print(calendar.isleap(2028), *map(int, calendar.monthrange(2028, 2)))
        calendar.day_name[calendar.weekday(2000, 1, 1)]
        """,
        "True 1 29\n'Saturday'",
    ),
)
