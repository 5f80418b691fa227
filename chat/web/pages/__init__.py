"""The views of the chat page, each translating a request into one action and its result into HTML."""
