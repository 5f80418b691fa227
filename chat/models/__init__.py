"""The rows. One module for each kind; ``api_objects`` are the objects that programs see."""

from chat.models.accounts.api_keys import ApiKey
from chat.models.accounts.kept_replies import KeptReply
from chat.models.accounts.rate_buckets import RateBucket
from chat.models.accounts.users import User
from chat.models.assistants import Assistant, Audience
from chat.models.deleted_places import DeletedPlace
from chat.models.files import File
from chat.models.installation import Installation
from chat.models.providers import Alias, Kind, Model, Provider, ToolUse
from chat.models.resource_uses import ResourceUse
from chat.models.runs import Run, RunStatus, RunStep, StepStatus, StepType
from chat.models.sandbox_files import CodeSession, SandboxFile
from chat.models.threads import Message, QueuedMessage, RenderedMessage, Thread
from chat.models.uploads import Upload, UploadPart
from chat.models.vector_stores import Passage, VectorStore, VectorStoreFile, VectorStoreFileBatch, Window

__all__ = [
    "Alias",
    "ApiKey",
    "Assistant",
    "Audience",
    "CodeSession",
    "DeletedPlace",
    "File",
    "Installation",
    "KeptReply",
    "Kind",
    "Message",
    "Model",
    "Passage",
    "Provider",
    "QueuedMessage",
    "RateBucket",
    "RenderedMessage",
    "ResourceUse",
    "Run",
    "RunStatus",
    "RunStep",
    "SandboxFile",
    "StepStatus",
    "StepType",
    "Thread",
    "ToolUse",
    "Upload",
    "UploadPart",
    "User",
    "VectorStore",
    "VectorStoreFile",
    "VectorStoreFileBatch",
    "Window",
]
