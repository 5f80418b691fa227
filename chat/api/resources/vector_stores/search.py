"""Search in a vector store: reference, sections 2, 4 and 9."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Router
from pydantic import Discriminator, Field, Tag

from chat.actions.knowledge import search
from chat.api import schemas
from chat.api.http.request import ApiRequest
from chat.api.resources.vector_stores.search_filters import Filters
from chat.models.api_objects.file_shapes import SearchResult, SearchResultsPage
from chat.retrieval.search.scores import RankingWeights
from chat.retrieval.search.search import Hit

router = Router(tags=["Vector stores"])
Query = Annotated[str, Field(min_length=1, max_length=4096)]
Queries = Annotated[
    Annotated[Query, Tag("string")] | Annotated[list[Query], Field(min_length=1, max_length=16), Tag("array")],
    Discriminator(lambda value: "array" if isinstance(value, list) else "string"),
]


class Ranking(schemas.Body):
    ranker: Literal["none", "auto", "default-2024-11-15"] = "auto"
    score_threshold: schemas.Threshold = 0.0
    hybrid_search: schemas.HybridSearch | None = None

    def weights(self) -> RankingWeights:
        if self.hybrid_search is None:
            return RankingWeights()
        return RankingWeights(text=self.hybrid_search.text_weight, embedding=self.hybrid_search.embedding_weight)


class NewSearch(schemas.Body):
    query: Queries
    filters: Filters | None = None
    max_num_results: Annotated[int, Field(ge=1, le=50)] = 10
    ranking_options: Ranking | None = None
    rewrite_query: bool = False


@router.post("/vector_stores/{vector_store_id}/search")
def search_vector_store(request: ApiRequest, vector_store_id: str, body: NewSearch) -> SearchResultsPage:
    """Find passages by their meaning and their words."""
    ranking = body.ranking_options or Ranking()
    results = search.search(
        request.user,
        vector_store_id,
        queries=[body.query] if isinstance(body.query, str) else body.query,
        limit=body.max_num_results,
        threshold=ranking.score_threshold,
        filters=body.filters.model_dump() if body.filters else None,
        weights=ranking.weights(),
        rewrite=body.rewrite_query,
    )
    return {
        "object": "vector_store.search_results.page",
        "search_query": results.queries,
        "data": [_result_object(hit) for hit in results.hits],
        "has_more": False,
        "next_page": None,
    }


def _result_object(hit: Hit) -> SearchResult:
    entry = hit.passage.entry
    return {
        "file_id": entry.file_id,
        "filename": entry.file.filename,
        "score": hit.score,
        "attributes": entry.attributes,
        "content": [{"type": "text", "text": hit.passage.text}],
    }
