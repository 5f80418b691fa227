"""Rows of signs: products with them are about those of the numbers that they were made of."""

from __future__ import annotations

import numpy as np
import pytest

from chat.providers.sign_rows import SignRows
from tests.providers.test_int8_rows import unit_rows


class TestSignRows:
    @pytest.mark.parametrize("width", [384, 512, 1001])
    def test_estimate_the_products_of_the_rows(self, width: int) -> None:
        drawn = unit_rows(300, width)
        query = drawn[7]
        rows = drawn + np.linspace(0, 1, 300, dtype=np.float32)[:, np.newaxis] * query
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        estimates = SignRows.of(rows, parts=[width]).dot(query)
        assert estimates == pytest.approx(rows @ query, abs=0.2)
        assert np.std(estimates - rows @ query) < 0.06
        assert estimates[7] == pytest.approx(1)

    def test_have_parts(self) -> None:
        words, meaning = unit_rows(50, 384), unit_rows(50, 511)
        flags = np.tile(np.float32([[0], [1]]), (25, 1))
        rows = SignRows.of(np.hstack([words, meaning, flags]), parts=[384, 511, 1])
        assert np.argmax(rows.dot(words[3])) == 3
        assert np.argmax(rows.dot(meaning[5], part=1)) == 5
        assert np.array_equal(rows.dot(np.ones(1, np.float32), part=2) > 0, flags[:, 0] > 0)

    @pytest.mark.parametrize(("least", "telling"), [(-1.0, True), (0.01, False)])
    def test_say_little_of_numbers_on_one_side_of_0(self, least: float, telling: bool) -> None:
        drawn = np.random.default_rng(7).uniform(least, 1, (5000, 100)).astype(np.float32)
        assert SignRows.of(drawn, parts=[99, 1]).tell_apart is telling

    def test_may_be_none(self) -> None:
        assert len(SignRows.of(np.zeros((0, 3), np.float32), parts=[3]).dot(np.ones(3, np.float32))) == 0
