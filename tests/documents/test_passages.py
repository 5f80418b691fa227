from __future__ import annotations

import random
from itertools import pairwise

import pytest

from chat.documents.passages import DocumentPassage, count_tokens, cut_passages
from chat.documents.sections import Section

WORDS = ["river", "cloud", "世界", "stone", "مرحبا", "bridge", "😀", "winter", "garden", "Straße", "number", "candle"]


def prose(tokens: int, *, seed: int = 1) -> str:
    """Paragraphs of sentences in several scripts, of about so many tokens."""
    drawn = random.Random(seed)
    text = ""
    while count_tokens(text) < tokens:
        sentence = " ".join(drawn.choices(WORDS, k=drawn.randint(5, 25)))
        text += sentence.capitalize() + drawn.choice((". ", ". ", "! ", ".\n\n"))
    return text


def book(pages: int = 12) -> list[Section]:
    """Pages of different length, a chapter each three."""
    return [Section(n, f"Chapter {n // 3}", prose(150 + 97 * (n % 5), seed=n) + "\n\n") for n in range(1, pages + 1)]


def joined(sections: list[Section]) -> str:
    return "".join(section.text for section in sections)


def page_at(sections: list[Section], place: int) -> int | None:
    for section in sections:
        if place < len(section.text):
            return section.page
        place -= len(section.text)
    raise AssertionError("beyond the document")


class TestCutting:
    @pytest.mark.parametrize("size", [(800, 400), (800, 0), (800, 333), (100, 50), (4096, 2048), (300, 20)])
    def test_gives_passages_that_cover_the_document_and_fit(self, size: tuple[int, int]) -> None:
        max_tokens, overlap = size
        document = joined(book())
        passages = list(cut_passages(book(), max_tokens=max_tokens, overlap=overlap, count=count_tokens))

        assert all(document[passage.char_from : passage.char_to] == passage.text for passage in passages)
        assert max(count_tokens(passage.text) for passage in passages) <= max_tokens
        covered = 0
        for passage in passages:
            assert not document[covered : passage.char_from].strip()
            covered = passage.char_to
        assert not document[covered:].strip()

    def test_makes_passages_overlap_by_about_what_is_asked(self) -> None:
        document = joined(book())
        passages = list(cut_passages(book(), max_tokens=800, overlap=400, count=count_tokens))

        shared = [count_tokens(document[there.char_from : here.char_to]) for here, there in pairwise(passages)]
        assert all(300 <= tokens <= 400 for tokens in shared[:-1])
        assert all(count_tokens(passage.text) >= 600 for passage in passages[:-1])

    def test_without_overlap_repeats_nothing(self) -> None:
        passages = list(cut_passages(book(), max_tokens=800, overlap=0, count=count_tokens))

        assert all(here.char_to <= there.char_from for here, there in pairwise(passages))

    def test_ends_at_the_end_of_a_sentence_where_one_is_near(self) -> None:
        passages = list(cut_passages(book(), count=count_tokens))

        assert all(passage.text[-1] in ".!" for passage in passages)

    def test_prefers_the_end_of_a_paragraph(self) -> None:
        paragraph = "One two three four. " * 18 + "The end.\n\n"  # some 95 tokens
        passages = list(cut_passages([Section(None, "", paragraph * 5)], max_tokens=100, overlap=0, count=count_tokens))

        assert [passage.text for passage in passages] == [paragraph.strip()] * 5

    def test_knows_the_pages_of_every_passage(self) -> None:
        sections = book(40)
        for passage in cut_passages(sections, max_tokens=300, overlap=100, count=count_tokens):
            assert passage.page_from == page_at(sections, passage.char_from)
            assert passage.page_to == page_at(sections, passage.char_to - 1)

    def test_names_the_heading_under_which_most_of_a_passage_stands(self) -> None:
        sections = [Section(1, "Small", "Few words.\n\n"), Section(2, "Large", prose(300))]
        passage, *_ = cut_passages(sections, count=count_tokens)

        assert passage.heading == "Large"
        assert (passage.page_from, passage.page_to) == (1, 2)

    def test_shares_segments_between_overlapping_passages(self) -> None:
        passages = list(cut_passages(book(), max_tokens=800, overlap=400, count=count_tokens))

        for here, there in pairwise(passages):
            assert here.segments[1:] == there.segments[: len(here.segments) - 1]
        assert all(len(passage.segments) == 2 for passage in passages)
        assert all(first[1] == second[0] for passage in passages for first, second in pairwise(passage.segments))

    @pytest.mark.parametrize(
        "text", ["a" * 50_000, "世" * 50_000, "😀" * 20_000, "." * 50_000, "x " * 20_000, "\n." * 9_000]
    )
    def test_cuts_text_without_sentences_too(self, text: str) -> None:
        passages = list(cut_passages([Section(None, "", text)], count=count_tokens))

        assert passages
        assert max(count_tokens(passage.text) for passage in passages) <= 800
        assert passages[-1].char_to == len(text.rstrip())

    def test_of_nothing_gives_nothing(self) -> None:
        assert list(cut_passages([], count=count_tokens)) == []
        assert list(cut_passages([Section(1, "", " \n\n" * 5000)], count=count_tokens)) == []

    def test_of_a_short_document_gives_it_whole(self) -> None:
        assert list(cut_passages([Section(3, "H", "  Hello. \n")], count=count_tokens)) == [
            DocumentPassage("Hello.", 3, 3, ((2, 3),), "H", ((2, "H"),), 2, 8, ((0, 10),)),
        ]

    def test_tells_where_each_page_and_heading_begins(self) -> None:
        pages = [Section(number, f"Part {number // 2}", f"Page {number} says {prose(150)}\n") for number in range(1, 9)]
        text = "".join(section.text for section in pages)

        for passage in cut_passages(pages, count=count_tokens):
            assert passage.pages[0] == (passage.char_from, passage.page_from)
            assert passage.pages[-1][1] == passage.page_to
            for (begin, page), (_next, following) in pairwise(passage.pages):
                assert following == page + 1
                assert begin == passage.char_from or text[begin:].startswith(f"Page {page} says")
            parts = dict.fromkeys(f"Part {page // 2}" for _begin, page in passage.pages)
            assert [heading for _begin, heading in passage.headings] == list(parts)

    def test_takes_sections_only_as_it_goes(self) -> None:
        taken = []

        def sections():
            for number in range(100):
                taken.append(number)
                yield Section(number, "", prose(200))

        next(cut_passages(sections(), count=count_tokens))
        assert len(taken) < 10

    @pytest.mark.parametrize("size", [(100, 100), (100, -1)])
    def test_refuses_an_overlap_that_makes_no_progress(self, size: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match="overlap must be"):
            list(cut_passages([], max_tokens=size[0], overlap=size[1], count=count_tokens))


class TestCountingTokens:
    def test_counts_as_o200k_does(self) -> None:
        assert count_tokens("") == 0
        assert count_tokens("hello world") == 2

    def test_takes_special_tokens_and_broken_characters_as_text(self) -> None:
        assert count_tokens("<|endoftext|>") > 1
        assert count_tokens("a\ud800b") >= 2
        assert count_tokens("\x00") == 1
