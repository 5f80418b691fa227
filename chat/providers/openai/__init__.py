"""Any server that speaks OpenAI's API, reached through the ``openai`` SDK.

provider           answers: the class ``OpenAIProvider``
embedder           vectors: the class ``OpenAIEmbedder``
clients            the SDK's clients, with bodies of bounded size and without redirects
request_body       a request as the body of Chat Completions; ``dialects`` renames what a server calls otherwise
stream             the pieces in a response
forwarding         replies to requests that are passed on as programs sent them
rejections         refusals as our errors; ``retries`` says which requests are sent again, and when
embedding_batches  which texts go into one request
"""
