"""Rows in whole numbers: products with them are about those of the numbers that they were made of."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from chat.providers.int8_rows import Int8Rows


def unit_rows(count: int, width: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(width).standard_normal((count, width)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


class TestInt8Rows:
    @pytest.mark.parametrize("width", [1, 3, 64, 897, 1536])
    def test_have_the_products_of_the_rows(self, width: int) -> None:
        rows = unit_rows(50, width)
        assert Int8Rows.of(rows, parts=[width]).dot(rows[7]) == pytest.approx(rows @ rows[7], abs=0.01)

    def test_keep_small_parts_exact_beside_large_ones(self) -> None:
        words, meaning = unit_rows(50, 384), unit_rows(50, 512)
        flags = np.tile(np.float32([[0], [1]]), (25, 1))
        rows = Int8Rows.of(np.hstack([words, 1000 * meaning, flags]), parts=[384, 512, 1])
        assert rows.dot(words[3]) == pytest.approx(words @ words[3], abs=0.005)
        assert rows.dot(meaning[3], part=1) == pytest.approx(1000 * meaning @ meaning[3], abs=5)
        assert np.array_equal(rows.scales[2] > 0, flags[:, 0] > 0)

    def test_are_zero_where_the_rows_are(self) -> None:
        assert Int8Rows.of(np.zeros((2, 3), np.float32), parts=[3]).dot(np.ones(3, np.float32)).tolist() == [0, 0]

    def test_may_be_none(self) -> None:
        assert len(Int8Rows.of(np.zeros((0, 3), np.float32), parts=[3]).dot(np.ones(3, np.float32))) == 0
