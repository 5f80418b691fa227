from __future__ import annotations

import pytest

from chat.providers.tokens import estimate

# Texts with their number of o200k tokens, counted with OpenAI's tokenizer.
KNOWN = {
    "English": (
        "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience "
        "and should act towards one another in a spirit of brotherhood.",
        33,
    ),
    "German": (
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt "
        "und sollen einander im Geist der Brüderlichkeit begegnen.",
        38,
    ),
    "Chinese": ("人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。", 37),
    "Japanese": ("すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。", 35),
    "Arabic": ("يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق.", 18),
    "Python": (
        "def total(prices: list[float]) -> float:\n    return sum(price for price in prices if price > 0)\n",
        26,
    ),
    "JSON": ('{"id": "msg_1", "created_at": 1790000000, "role": "user", "values": [1.25, 3, -7]}', 38),
}


class TestAnEstimate:
    def test_of_nothing_is_nothing(self) -> None:
        assert estimate("") == 0

    def test_of_anything_is_something(self) -> None:
        assert estimate("a") == estimate(" ") == 1

    @pytest.mark.parametrize(("text", "count"), KNOWN.values(), ids=KNOWN.keys())
    def test_leans_towards_too_many(self, text: str, count: int) -> None:
        assert count * 0.9 <= estimate(text) <= count * 1.8

    def test_grows_with_the_text(self) -> None:
        text = "All human beings are born free and equal in dignity and rights. "
        assert estimate(text * 100) == pytest.approx(100 * estimate(text), rel=0.1)

    def test_takes_half_a_surrogate_pair(self) -> None:
        assert estimate("\ud83d") == 1
