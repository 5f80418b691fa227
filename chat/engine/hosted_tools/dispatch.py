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
from chat.providers import tool_names
from chat.providers.base import ToolCall
from chat.tools import code_interpreter, file_search
from chat.tools.code_reader import read_code

ENDLESS = {
    tool_names.FILE_SEARCH: "The model searched again and again without answering.",
    tool_names.CODE_INTERPRETER: "The model ran code again and again without answering.",
}
TOO_MANY = "This code was not run: it is too much for one answer. Answer with what you have."


class ToolCallDispatch:
    """Works through the ``calls`` of one turn, in order; ``recorder`` shows how far it is."""

    def __init__(self, run: Run, calls: Sequence[ToolCall], *, context: TurnContext, recorder: Recorder) -> None:
        self.run, self.calls, self.context, self.recorder = run, calls, context, recorder
        self.step_calls = [self._begun(call) for call in calls]

    async def answered(self) -> list[Object]:
        """The calls as their step keeps them: ours with what came of them, functions without outputs.

        Raises ``ProviderError`` for calls that come after the model was no longer offered to make them.
        """
        for name in self.context.history.used_up:
            if any(self.context.tools.kind(call.name) == name for call in self.calls):
                raise ProviderError(ENDLESS[name])
        for place, call in enumerate(self.calls):
            match self.context.tools.kind(call.name):
                case tool_names.FILE_SEARCH:
                    self.step_calls[place] = await self._searched(place, call)
                case tool_names.CODE_INTERPRETER:
                    await self._interpret(place, call)
        return self.step_calls

    def _begun(self, call: ToolCall) -> Object:
        how = self.context.tools.search
        match self.context.tools.kind(call.name):
            case tool_names.CODE_INTERPRETER:
                return code_interpreter.code_call(call.id, read_code(call.arguments))
            case tool_names.FILE_SEARCH if how is not None:
                return file_search.search_call(call.id, how=how)
            case _:
                return function_call(call)

    async def _searched(self, place: int, call: ToolCall) -> Object:
        how = self.context.tools.search
        assert how is not None
        first = await in_thread(searching.first_marker, self.run)
        earlier = sum(step_call["type"] == tool_names.FILE_SEARCH for step_call in self.step_calls[:place])
        number = first + 2 * (len(self.context.history.searches) + earlier)
        return await in_thread(searching.run_search, self.run, call, how=how, number=number)

    async def _interpret(self, place: int, call: ToolCall) -> None:
        async def save(step_call: Object) -> None:
            self.step_calls[place] = step_call
            await self.recorder.show_calls(self.step_calls)

        if len(self.context.history.cells) + place >= MOST_CALLS[tool_names.CODE_INTERPRETER]:
            await save(code_interpreter.code_call(call.id, read_code(call.arguments), status="refused", note=TOO_MANY))
            return
        earlier = len(code_interpreter.images([*self.context.history.calls, *self.step_calls]))
        step_call = await interpreting.run_code_call(self.run, call, pictures=earlier, show=save)
        self.recorder.publish_outputs(place, step_call)
        await save(step_call)
