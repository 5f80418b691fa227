"""Chat completions: passed on to the provider that answers the model's name, or answered by an assistant."""

from __future__ import annotations

from functools import partial

from ninja import Router

from chat.actions.assistants import assistants
from chat.api.chat_completions import run_answer, turns
from chat.api.chat_completions.bodies import Answerable, ChatCompletionBody, read_as
from chat.api.chat_completions.completion import ChatCompletionObject, Completion
from chat.api.chat_completions.conversation import new_completion
from chat.api.chat_completions.forwarding import forward
from chat.api.chat_completions.responses import AnswerStream, JsonReply, MakePieces, stream_answer, whole_answer
from chat.api.http.request import ApiRequest
from chat.models import Assistant
from chat.models.providers import resolve

router = Router(tags=["Chat completions"])


@router.post("/chat/completions")
def create_chat_completion(
    request: ApiRequest, body: ChatCompletionBody
) -> ChatCompletionObject | JsonReply | AnswerStream:
    """An answer of a provider's model, to which the request is passed on, or of an assistant; may be streamed."""
    if assistant := assistants.by_model_name(request.user, body.model):
        return answer_as_assistant(request, assistant)
    model = resolve(body.model)
    reply = forward(request, "/chat/completions", model=model, name=body.model, streams=True)
    if reply is not None:
        return reply
    asked = read_as(Answerable, request.json_body)
    return _answer(request, asked, partial(turns.answer_pieces, asked, model=model))


def answer_as_assistant(request: ApiRequest, assistant: Assistant) -> ChatCompletionObject | AnswerStream:
    """Return what a run of ``assistant`` answers."""
    asked = read_as(Answerable, request.json_body)
    new = new_completion(asked, assistant=assistant)
    shows_steps = (asked.metadata or {}).get("steps") == "true"
    pieces = partial(run_answer.answer_pieces, request.user, assistant, new, shows_steps=shows_steps)
    return _answer(request, asked, pieces)


def _answer(request: ApiRequest, asked: Answerable, pieces: MakePieces) -> ChatCompletionObject | AnswerStream:
    completion = Completion(request.json_body["model"], shows_usage=asked.shows_usage)
    if asked.stream:
        return stream_answer(completion, pieces, key=request.api_key)
    return whole_answer(completion, pieces)
