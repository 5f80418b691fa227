"""The commands that a message to the scripted provider may begin with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chat import errors
from chat.providers.base import Finish, Request
from chat.providers.scripted import replies
from chat.providers.scripted.replies import Pause, Step, call, call_with_text, last_user_text, paced, word_by_word
from chat.providers.tool_names import FILE_SEARCH

MOST_WORDS = 100_000
_FAILURES: dict[str, type[errors.ProviderError]] = {
    "rate_limit": errors.RateLimited,
    "key": errors.KeyRefused,
    "unreachable": errors.Unreachable,
    "timeout": errors.TimedOut,
    "context": errors.ContextOverflow,
    "model": errors.ModelNotFound,
    "busy": errors.ModelBusy,
    "server": errors.ProviderError,
}
_REASONS = {"stop": Finish("stop"), "length": Finish("length"), "content_filter": Finish("content_filter")}

MARKDOWN = """\
# A heading

Some *emphasis*, **strong words**, `inline code`, ~~a mistake~~ and [a link](https://example.org/).

## A list

1. First
2. Second
   - nested, with $e^{i\\pi} + 1 = 0$
   - [x] done
   - [ ] open

> A quotation
> of two lines.

| fruit  | colour | price |
|:-------|:------:|------:|
| apple  | red    |  1.20 |
| banana | yellow |  0.85 |

```python
def fibonacci(n: int) -> int:
    \"\"\"The n-th Fibonacci number.\"\"\"
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
```

$$
\\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}
$$

---

The end.
"""


@dataclass(frozen=True, slots=True)
class _Command:
    argument: str
    request: Request
    seconds: float


def parse_command(request: Request, *, seconds: float) -> Iterable[Step] | None:
    """Return the steps of the command in the last user turn, or None when it holds no command.

    ``seconds`` is the pause after a word where the command names none.
    """
    match = re.match(r"/(\w+)(?:\s+(.*))?$", last_user_text(request).strip(), re.DOTALL)
    play = _COMMANDS.get(match[1].lower()) if match else None
    return play(_Command(match[2] or "", request, seconds)) if match and play else None


def _say(command: _Command) -> Iterable[Step]:
    return word_by_word(command.argument, seconds=command.seconds)


def _stream(command: _Command) -> Iterable[Step]:
    count, rate = _numbers(command.argument, 20, 50)
    return _numbered(count, seconds=1 / rate if rate else 0)


def _slow(command: _Command) -> Iterable[Step]:
    (count,) = _numbers(command.argument, 30)
    return _numbered(count, seconds=1)


def _wait(command: _Command) -> Iterable[Step]:
    (silence,) = _numbers(command.argument, 5)
    return [Pause(silence), *word_by_word(f"Here after {silence:g} seconds.", seconds=command.seconds)]


def _fail(command: _Command) -> Iterable[Step]:
    name, _, rest = command.argument.partition(" ")
    (count,) = _numbers(rest, 0)
    if name not in _FAILURES:
        return word_by_word(f"/fail knows: {', '.join(_FAILURES)}.", seconds=command.seconds)
    return [*_numbered(count, seconds=command.seconds), _FAILURES[name]()]


def _finish(command: _Command) -> Iterable[Step]:
    name, _, rest = command.argument.partition(" ")
    (count,) = _numbers(rest, 5)
    if name not in _REASONS:
        return word_by_word(f"/finish knows: {', '.join(_REASONS)}.", seconds=command.seconds)
    return [*_numbered(count, seconds=command.seconds), _REASONS[name]]


def _call(command: _Command) -> Iterable[Step]:
    return [_parse_call(command.argument)]


def _search(command: _Command) -> Iterable[Step]:
    return [call(FILE_SEARCH, queries=[command.argument])]


def _python(command: _Command) -> Iterable[Step]:
    return replies.call_code_interpreter([command.argument], seconds=command.seconds)


def _pythons(command: _Command) -> Iterable[Step]:
    return replies.call_code_interpreter(
        re.split(r"^---\n", command.argument, flags=re.MULTILINE), seconds=command.seconds
    )


def _calls(command: _Command) -> Iterable[Step]:
    return [_parse_call(line) for line in command.argument.splitlines() if line.strip()]


def _markdown(command: _Command) -> Iterable[Step]:
    return word_by_word(MARKDOWN, seconds=command.seconds)


def _request(command: _Command) -> Iterable[Step]:
    fields = {
        "model": command.request.model,
        "turns": [[turn.role, turn.text] for turn in command.request.turns],
        "functions": [function.name for function in command.request.functions],
        "temperature": command.request.temperature,
        "top_p": command.request.top_p,
        "max_tokens": command.request.max_tokens,
        "response_format": command.request.response_format,
    }
    return ["```json\n" + json.dumps(fields, indent=1, ensure_ascii=False) + "\n```"]


def _help(command: _Command) -> Iterable[Step]:
    return word_by_word("Commands: " + ", ".join(f"/{name}" for name in _COMMANDS) + ".", seconds=command.seconds)


_COMMANDS: dict[str, Callable[[_Command], Iterable[Step]]] = {
    "say": _say,
    "stream": _stream,
    "slow": _slow,
    "wait": _wait,
    "fail": _fail,
    "finish": _finish,
    "call": _call,
    "calls": _calls,
    "search": _search,
    "python": _python,
    "pythons": _pythons,
    "markdown": _markdown,
    "request": _request,
    "help": _help,
}
NAMES = tuple(_COMMANDS)


def _parse_call(line: str) -> Step:
    name, _, arguments = line.strip().partition(" ")
    return call_with_text(name, arguments.strip() or "{}")


def _numbered(count: float, *, seconds: float) -> Iterable[Step]:
    texts = (f"word{number} " for number in range(1, min(int(count), MOST_WORDS) + 1))
    return paced(texts, seconds=seconds)


def _numbers(argument: str, *defaults: float) -> list[float]:
    """Return the numbers in ``argument``, as many as there are defaults, which fill in for those that are missing."""
    numbers = [float(number) for number in re.findall(r"(?<!\S)\d+(?:\.\d+)?(?!\S)", argument)]
    return [*numbers, *defaults[len(numbers) :]][: len(defaults)]
