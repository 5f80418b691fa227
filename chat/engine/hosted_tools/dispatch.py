"""The calls of a turn, answered as far as they are ours to answer."""

from __future__ import annotations

from collections.abc import Sequence

from chat.background.database_threads import in_thread
from chat.engine.hosted_tools import code_interpreter as interpreting
from chat.engine.hosted_tools import file_search as searching
from chat.engine.prompt.request import TurnContext
from chat.engine.recording.recorder import Recorder
from chat.engine.turn.tool_calls import MOST_CALLS, function_call
from chat.errors import ProviderError
from chat.models import Run
from chat.models.api_objects.objects import Object
from chat.providers.base import ToolCall
from chat.providers.tool_names import CODE_INTERPRETER, FILE_SEARCH, FUNCTION
from chat.tools import code_interpreter, file_search

ENDLESS = {
    FILE_SEARCH: "The model searched again and again without answering.",
    CODE_INTERPRETER: "The model ran code again and again without answering.",
}
UNDECLARED = "There is no function {name!r}. You have {names}."
UNDECLARED_AGAIN = (
    "The model called the function {name!r}, which its assistant does not have, and went on after it was told so. "
    "Add the function to the assistant, or choose another model."
)
TOO_MANY = "This code was not run: it is too much for one answer. Answer with what you have."


class ToolCallDispatch:
    """Works through the ``calls`` of one turn, in order; ``recorder`` shows how far it is."""

    def __init__(self, run: Run, calls: Sequence[ToolCall], *, context: TurnContext, recorder: Recorder) -> None:
        self.run, self.calls, self.recorder = run, calls, recorder
        self.history, self.tools, self.search = context.history, context.tools, context.tools.search
        self.step_calls = [self._begin(call, context.tools.kind(call.name)) for call in calls]

    async def answer(self) -> list[Object]:
        """Return the calls as their step keeps them: ours with what came of them, functions of a program without
        outputs, and functions that nobody has declared with an output that says so.

        Raise ``ProviderError`` for calls that come after the model was no longer offered to make them, or was told that
        a function does not exist.
        """
        kinds = [step_call["type"] for step_call in self.step_calls]
        for kind in self.history.used_up:
            if kind in kinds:
                raise ProviderError(ENDLESS[kind])
        self._check_declared()
        for place, call in enumerate(self.calls):
            if kinds[place] == FILE_SEARCH and self.search is not None:
                earlier = len(self.history.searches) + kinds[:place].count(FILE_SEARCH)
                self.step_calls[place] = await in_thread(
                    searching.run_search, self.run, call, how=self.search, earlier=earlier
                )
            elif kinds[place] == CODE_INTERPRETER:
                await self._run_code(place, call)
        return self.step_calls

    def _begin(self, call: ToolCall, kind: str) -> Object:
        if kind == CODE_INTERPRETER:
            return code_interpreter.code_call(call.id, code_interpreter.read_code(call.arguments))
        if kind == FILE_SEARCH and self.search is not None:
            return file_search.search_call(call.id, how=self.search)
        return function_call(call, output=None if self.tools.is_declared(call.name) else self._undeclared(call.name))

    def _check_declared(self) -> None:
        earlier = [call["function"]["name"] for call in self.history.calls if call["type"] == FUNCTION]
        if all(map(self.tools.is_declared, earlier)):
            return  # whatever it calls now, it has not been told before
        for call in self.calls:
            if not self.tools.is_declared(call.name):
                raise ProviderError(UNDECLARED_AGAIN.format(name=call.name))

    def _undeclared(self, name: str) -> str:
        names = ", ".join(repr(function.name) for function in self.tools.functions)
        return UNDECLARED.format(name=name, names=names or "none: answer without")

    async def _run_code(self, place: int, call: ToolCall) -> None:
        async def save(step_call: Object) -> None:
            self.step_calls[place] = step_call
            await self.recorder.show_calls(self.step_calls)

        if len(self.history.cells) + place >= MOST_CALLS[CODE_INTERPRETER]:
            code = code_interpreter.read_code(call.arguments)
            await save(code_interpreter.code_call(call.id, code, status="refused", note=TOO_MANY))
            return
        earlier = len(code_interpreter.images([*self.history.calls, *self.step_calls]))
        step_call = await interpreting.run_code_call(self.run, call, pictures=earlier, show=save)
        self.recorder.publish_outputs(place, step_call)
        await save(step_call)
