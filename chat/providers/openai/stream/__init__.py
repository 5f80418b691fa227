"""The pieces in a response: bytes, events, chunks, and whatever servers make of them.

streamed_response  one response, read block by block
sse                bytes as events; a server that does not stream sends one JSON body
chunk_parser       events as pieces, through ``chunk_decoder`` and ``tool_call_parser``
"""
