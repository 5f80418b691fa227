"""Dates, times and durations of cells, which are numbers of days, as number formats show them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from chat.documents.readers.sheets.format_tokens import FormatToken
from chat.documents.readers.sheets.shown_numbers import as_it_is

_DAY_ZERO = datetime.datetime(1899, 12, 30)
_DAY_ZERO_OF_1900 = datetime.datetime(1899, 12, 31)
_DAY_ZERO_1904 = datetime.datetime(1904, 1, 1)
_FIRST_OF_MARCH_1900 = 61  # the count has a 29 February 1900, so that what is before it counts from another day
_DAYS = 2_958_466  # to the end of the year 9999
_SECOND = datetime.timedelta(seconds=1)
_MILLISECONDS = 86_400_000  # of a day

_FORMS = {
    **{
        "y": "{0.at:%y}",
        "yy": "{0.at:%y}",
        "yyy": "{0.at.year}",
        "yyyy": "{0.at.year}",
        "e": "{0.at.year}",
        "ee": "{0.at.year}",
    },
    **{"m": "{0.at.month}", "mm": "{0.at.month:02}", "mmm": "{0.at:%b}", "mmmm": "{0.at:%B}", "mmmmm": "{0.month:.1}"},
    **{
        "d": "{0.at.day}",
        "dd": "{0.at.day:02}",
        "ddd": "{0.at:%a}",
        "dddd": "{0.at:%A}",
        "aaa": "{0.at:%a}",
        "aaaa": "{0.at:%A}",
    },
    **{"h": "{0.hour}", "hh": "{0.hour:02}", "s": "{0.at.second}", "ss": "{0.at.second:02}"},
    **{"eeee": "{0.at.year}", "hhhh": "{0.hour:02}", "ssss": "{0.at.second:02}"},
    **{"minute m": "{0.at.minute}", "minute mm": "{0.at.minute:02}", "am/pm": "{0.half}", "a/p": "{0.half:.1}"},
    **{
        "[h]": "{0.hours}",
        "[m]": "{0.minutes}",
        "[s]": "{0.seconds}",
        "[hh]": "{0.hours:02}",
        "[mm]": "{0.minutes:02}",
    },
    **{"[ss]": "{0.seconds:02}"},
}


@dataclass(frozen=True, slots=True)
class _Moment:
    """A day and a time, and how long it is since day zero, as ``_FORMS`` ask for it."""

    at: datetime.datetime
    seconds: int
    has_half: bool

    @property
    def minutes(self) -> int:
        return self.seconds // 60

    @property
    def hours(self) -> int:
        return self.seconds // 3600

    @property
    def hour(self) -> int:
        return (self.at.hour % 12 or 12) if self.has_half else self.at.hour

    @property
    def half(self) -> str:
        return "AM" if self.at.hour < 12 else "PM"

    @property
    def month(self) -> str:
        return f"{self.at:%B}"

    @property
    def fraction(self) -> str:
        return f"{self.at.microsecond:06}"


def date_section(tokens: Sequence[FormatToken], *, from_1904: bool) -> Callable[[float], str]:
    """Return what shows a number of days; one that is no date of this calendar is shown as it is."""
    form = "".join(_forms(tokens))
    unit = 1 if any(token.kind == "date" and "." in token.text for token in tokens) else 1000  # milliseconds
    has_half = any(token.kind == "half" for token in tokens)

    def show(days: float) -> str:
        if days >= _DAYS:
            return as_it_is(days)
        since = datetime.timedelta(milliseconds=int(days * _MILLISECONDS / unit + 0.5) * unit)
        zero = _DAY_ZERO_1904 if from_1904 else _DAY_ZERO if days >= _FIRST_OF_MARCH_1900 else _DAY_ZERO_OF_1900
        return form.format(_Moment(zero + since, since // _SECOND, has_half))

    return show


def _forms(tokens: Sequence[FormatToken]) -> Iterator[str]:
    """Yield a piece of a format string for each token. An ``m`` behind hours or before seconds means minutes."""
    units = [token.text[0].lower() for token in tokens if token.kind in ("date", "elapsed")]
    at = 0
    for token in tokens:
        name, _, fraction = token.text.lower().partition(".")
        if token.kind == "elapsed":
            yield _FORMS[f"[{name[:2]}]"]
        elif token.kind == "date":
            is_minute = name in ("m", "mm") and ("h" in units[max(at - 1, 0) : at] or "s" in units[at + 1 : at + 2])
            yield _FORMS.get(f"minute {name}" if is_minute else name, _FORMS[name[0] * 4])
            yield f".{{0.fraction:.{len(fraction)}}}" if fraction else ""
        elif token.kind == "half":
            yield _FORMS[name]
        else:
            yield token.text.replace("{", "{{").replace("}", "}}")
        at += token.kind in ("date", "elapsed")
