from __future__ import annotations

from chat.providers.base import ToolCall, Turn
from chat.providers.embedded import without_model

PASSAGES = """<passage source="kestrel.pdf, page 3">The Kestrel pump moves 42 litres a minute. It weighs 6 kg.</passage>
<passage source="kestrel.pdf, page 9">The warranty on Kestrel pumps lasts 30 months. Keep the receipt.</passage>
<passage source="service.pdf, page 1">Pumps must be serviced every 500 hours by a dealer.</passage>"""


def asked(question: str, *, passages: str = PASSAGES) -> str:
    return without_model.quote_passages([Turn("system", passages), Turn("user", question)])


class TestTheFloor:
    def test_quotes_the_best_sentence_word_for_word_with_its_source(self) -> None:
        answer = asked("How long is the warranty?")

        assert "> The warranty on Kestrel pumps lasts 30 months.\n>\n> — kestrel.pdf, page 9" in answer
        assert "Keep the receipt" not in answer

    def test_ranks_rare_words_above_common_ones(self) -> None:
        answer = asked("How often must Kestrel pumps be serviced?")

        assert answer.index("every 500 hours") < answer.index("warranty")

    def test_says_that_it_is_no_model(self) -> None:
        assert "No language model is configured" in asked("How long is the warranty?")

    def test_says_so_when_nothing_matches(self) -> None:
        answer = asked("Who is the chairwoman?")

        assert "nothing in the passages found matches" in answer
        assert ">" not in answer

    def test_quotes_nothing_for_a_question_of_empty_words(self) -> None:
        assert "matches" in asked("What is it?")

    def test_takes_the_result_of_a_tool_for_a_passage(self) -> None:
        turns = [
            Turn("user", "Does it rain in Oslo?"),
            Turn("assistant", tool_calls=(ToolCall("call_1", "get_weather", "{}"),)),
            Turn("tool", "In Oslo it rains.", tool_call_id="call_1"),
        ]

        assert "> In Oslo it rains.\n>\n> — get_weather" in without_model.quote_passages(turns)

    def test_tells_how_to_get_a_model_when_there_is_nothing_to_quote(self) -> None:
        answer = asked("Hello", passages="Be brief.")

        assert "make serve" in answer
        assert "OPENAI_BASE_URL" in answer
        assert "OPENAI_API_KEY" in answer
