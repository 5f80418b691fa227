"""Chat completions: passed on to the provider that answers the model's name, or answered by an assistant."""

from __future__ import annotations

from functools import partial

from ninja import Router

from chat.api.chat_completions import turns
from chat.api.chat_completions.bodies import Answerable, ChatCompletionBody, read_as
from chat.api.chat_completions.completion import ChatCompletionObject, Completion
from chat.api.chat_completions.forwarding import forward
from chat.api.chat_completions.responses import AnswerStream, JsonReply, stream_answer, whole_answer
from chat.api.http.request import ApiRequest
from chat.models.providers import resolve

router = Router(tags=["Chat completions"])


@router.post("/chat/completions")
def create_chat_completion(
    request: ApiRequest, body: ChatCompletionBody
) -> ChatCompletionObject | JsonReply | AnswerStream:
    """An answer of a provider's model, to which the request is passed on, or of an assistant; may be streamed."""
    model = resolve(body.model)
    reply = forward(request, "/chat/completions", model=model, name=body.model, streams=True)
    if reply is not None:
        return reply
    asked = read_as(Answerable, request.json_body)
    completion = Completion(body.model, shows_usage=asked.shows_usage)
    pieces = partial(turns.answer_pieces, asked, model=model)
    return stream_answer(completion, pieces) if asked.stream else whole_answer(completion, pieces)
