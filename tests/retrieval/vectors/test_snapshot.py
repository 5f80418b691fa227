"""Snapshots of stores, the replicas that make them, and the matrix of their vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chat.models import File, User, VectorStore, VectorStoreFile, Window
from chat.models.vector_stores import store_changed
from chat.retrieval.search.meaning import Meaning
from chat.retrieval.vectors import snapshot
from chat.retrieval.vectors.snapshot import MatrixFile, Replica, StoreSnapshot
from tests.retrieval.making import Thesaurus, add, store_of

THESAURUS = Thesaurus("car automobile", "cat kitten", "bread loaf")


def now(store: VectorStore) -> StoreSnapshot:
    return snapshot.snapshot_of(VectorStore.objects.get(pk=store.pk))


def keys_of(entry: VectorStoreFile) -> list[int]:
    return list(entry.passages.values_list("pk", flat=True))


def meaning(found: StoreSnapshot, query: str) -> dict[int, float]:
    """Return the similarity of each passage, by its key."""
    (asked,) = THESAURUS.embed([query])
    similarities = Meaning(found, lambda rows: THESAURUS.similarities(rows, asked)).passages
    return dict(zip(found.keys.tolist(), similarities.tolist(), strict=True))


class TestAMatrixFile:
    def test_has_the_rows_that_were_appended(self, tmp_path: Path) -> None:
        matrix = MatrixFile(tmp_path, parts=[3])
        kept: NDArray[np.float32] = np.zeros((0, 3), np.float32)
        for count in (1, 300, 5, 2000):
            more = np.random.default_rng(count).random((count, 3), np.float32)
            matrix.append(more)
            kept = np.concatenate([kept, more])
            for axis in np.eye(3, dtype=np.float32):
                assert matrix.rows().dot(axis) == pytest.approx(kept @ axis, abs=0.005)

    def test_keeps_earlier_arrays_as_they_were(self, tmp_path: Path) -> None:
        matrix = MatrixFile(tmp_path, parts=[2])
        matrix.append(np.ones((3, 2), np.float32))
        before = matrix.rows()
        matrix.append(np.zeros((10_000, 2), np.float32))
        matrix.rows()
        del matrix
        assert before.dot(np.ones(2, np.float32)) == pytest.approx([2, 2, 2])

    def test_leaves_no_file_behind(self, tmp_path: Path) -> None:
        matrix = MatrixFile(tmp_path / "search", parts=[2])
        matrix.append(np.ones((3, 2), np.float32))
        assert len(matrix.rows()) == 3
        assert list((tmp_path / "search").iterdir()) == []


@pytest.mark.django_db
class TestASnapshot:
    def test_has_the_best_window_of_each_passage(self, ada: User) -> None:
        store = store_of(
            ada, "One two three four five six seven eight. A kitten.\n\nA loaf.", "Kitten.", embedder=THESAURUS
        )
        first, second = store.entries.order_by("pk")
        near = meaning(now(store), "cat")
        assert [round(near[key], 2) for key in (*keys_of(first), *keys_of(second))] == [1.0, 0.0, 1.0]

    def test_takes_in_what_was_added(self, ada: User) -> None:
        store = store_of(ada, "A car.", embedder=THESAURUS)
        before = now(store)
        entry = add(store, "A kitten.", embedder=THESAURUS)
        assert len(before.keys) == 1
        assert meaning(now(store), "cat")[keys_of(entry)[0]] == pytest.approx(1, abs=0.01)

    def test_reads_only_what_is_new(self, ada: User, django_assert_max_num_queries) -> None:
        store = store_of(ada, *["A car."] * 30, embedder=THESAURUS)
        now(store)
        Window.objects.update(vector=b"")
        add(store, "A kitten.", embedder=THESAURUS)
        assert sum(near > 0.9 for near in meaning(now(store), "car").values()) == 30
        with django_assert_max_num_queries(1):
            now(store)

    def test_leaves_out_what_is_gone(self, ada: User) -> None:
        store = store_of(ada, "A car.", "A kitten.", "A loaf.", embedder=THESAURUS)
        now(store)
        entry = store.entries.order_by("pk")[1]
        gone = keys_of(entry)[0]
        entry.delete()
        found = now(store)
        assert gone not in found.keys
        assert sorted(round(near) for near in meaning(found, "loaf").values()) == [0, 1]

    def test_is_made_anew_when_most_rows_are_of_files_that_are_gone(self, ada: User) -> None:
        store = store_of(ada, *["A car."] * 9, "A loaf.", embedder=THESAURUS)
        assert len(now(store).rows) == 10
        File.objects.filter(pk__in=File.objects.order_by("pk").values_list("pk", flat=True)[:8]).delete()
        found = now(store)
        assert len(found.rows) == len(found.keys) == 2
        assert sorted(round(near) for near in meaning(found, "loaf").values()) == [0, 1]

    def test_has_a_file_anew_that_was_read_anew(self, ada: User) -> None:
        store = store_of(ada, "A car.", embedder=THESAURUS)
        now(store)
        entry = store.entries.get()
        entry.windows.update(vector=THESAURUS.embed(["cat"])[0].tobytes())
        VectorStoreFile.objects.filter(pk=entry.pk).update(attempt=2)
        store_changed(store.id)
        assert meaning(now(store), "cat")[keys_of(entry)[0]] == pytest.approx(1, abs=0.01)

    @pytest.mark.parametrize("status", ["in_progress", "failed", "cancelled"])
    def test_has_only_completed_files(self, ada: User, status: str) -> None:
        store = store_of(ada, "A car.", embedder=THESAURUS)
        add(store, "A kitten.", embedder=THESAURUS, status=status)
        assert len(now(store).keys) == 1

    def test_compares_no_vectors_of_another_model(self, ada: User) -> None:
        store = store_of(ada, "A car.", "A car.", embedder=THESAURUS)
        foreign = store.entries.order_by("pk")[0]
        VectorStoreFile.objects.filter(pk=foreign.pk).update(embedded_by="another")
        store_changed(store.id)
        near = meaning(now(store), "car")
        assert near.pop(keys_of(foreign)[0]) == 0
        assert list(near.values()) == [pytest.approx(1, abs=0.01)]

    @pytest.mark.parametrize("vector", [None, b"", b"\0" * 12, b"\0" * 13])
    def test_takes_a_file_with_a_broken_vector_by_its_words_alone(self, ada: User, vector: bytes | None) -> None:
        store = store_of(ada, "A car.", "A kitten.", embedder=THESAURUS)
        broken = store.entries.order_by("pk")[1]
        broken.windows.update(vector=vector)
        near = meaning(now(store), "car cat")
        assert near[keys_of(broken)[0]] == 0
        assert max(near.values()) > 0.5

    def test_forgets_the_vectors_of_the_model_before(self, ada: User, scripted) -> None:
        store = store_of(ada, "A car.", embedder=THESAURUS)
        now(store)
        wide = Thesaurus("car", "cat", "dog", "bird", "fish")
        store.embedding_provider = scripted
        store.save()
        VectorStoreFile.objects.update(embedded_by=store.embedder, attempt=2)
        Window.objects.update(vector=wide.embed(["car"])[0].tobytes())
        assert now(store).rows.values.shape == (1, 6)

    def test_has_no_passages_if_there_are_none(self, ada: User) -> None:
        store = VectorStore.objects.create(owner=ada)
        assert meaning(now(store), "car") == {}
        add(store, "   ", embedder=THESAURUS)
        assert meaning(now(store), "car") == {}

    def test_works_without_room_for_vectors(self, ada: User, tmp_path: Path) -> None:
        store = store_of(ada, "A car.", embedder=THESAURUS)
        (tmp_path / "full").write_text("")
        found = Replica(tmp_path / "full").snapshot(VectorStore.objects.get(pk=store.pk))
        assert meaning(found, "car") == {keys_of(store.entries.get())[0]: 0}

    def test_is_kept_for_the_stores_searched_last(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snapshot, "MOST_STORES", 3)
        stores = [store_of(ada, "A car.", embedder=THESAURUS) for _ in range(5)]
        for store in stores:
            assert len(now(store).keys) == 1
        Window.objects.update(vector=THESAURUS.embed(["cat"])[0].tobytes())
        assert [round(max(meaning(now(store), "car").values())) for store in (stores[4], stores[0])] == [1, 0]


@pytest.mark.django_db
class TestReplicasOfTwoMachines:
    def test_each_see_what_was_added_and_deleted(self, ada: User, tmp_path: Path) -> None:
        store = store_of(ada, "A car.", embedder=THESAURUS)
        replicas = [Replica(tmp_path / name) for name in ("one", "two")]

        def keys() -> list[list[int]]:
            row = VectorStore.objects.get(pk=store.pk)
            return [replica.snapshot(row).keys.tolist() for replica in replicas]

        (first,) = keys_of(store.entries.get())
        assert keys() == [[first], [first]]
        (second,) = keys_of(add(store, "A kitten.", embedder=THESAURUS))
        assert keys() == [[first, second], [first, second]]
        store.entries.order_by("pk")[0].delete()
        assert keys() == [[second], [second]]
