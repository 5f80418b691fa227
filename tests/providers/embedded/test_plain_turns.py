from __future__ import annotations

from chat.providers.base import Image, ToolCall, Turn
from chat.providers.embedded.plain_turns import INSTRUCTIONS, PICTURE_NOTE, simplify_turns

SYSTEM = Turn("system", "Be brief.")
CALLS = (ToolCall("call_1", "get_weather", '{"city": "Oslo"}'), ToolCall("call_2", "get_time", "{}"))


class TestPlainTurns:
    def test_keep_words_as_they_are(self) -> None:
        turns = [SYSTEM, Turn("user", "Hello"), Turn("assistant", "Hi"), Turn("user", "Bye")]

        assert simplify_turns(turns) == turns

    def test_begin_with_instructions_if_there_are_none(self) -> None:
        assert simplify_turns([Turn("user", "Hello")]) == [Turn("system", INSTRUCTIONS), Turn("user", "Hello")]

    def test_have_a_note_instead_of_a_picture(self) -> None:
        (_, turn) = simplify_turns([SYSTEM, Turn("user", ("What is this?", Image("https://example.org/a.png")))])

        assert turn == Turn("user", f"What is this?\n\n{PICTURE_NOTE}")

    def test_tell_of_tool_calls_and_their_results_in_words(self) -> None:
        turns = [
            SYSTEM,
            Turn("user", "Weather and time?"),
            Turn("assistant", tool_calls=CALLS),
            Turn("tool", "rain", tool_call_id="call_1"),
            Turn("tool", "noon", tool_call_id="call_2"),
        ]

        (_, _, called, results) = simplify_turns(turns)

        assert called.role == "assistant"
        assert 'get_weather with {"city": "Oslo"}' in called.text
        assert results.role == "user"
        assert results.text.startswith("Result of get_weather: rain\nResult of get_time: noon\n")
