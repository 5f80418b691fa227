"""Every way in which a model's server can misbehave, each with its right outcome."""

from __future__ import annotations

import gzip
import json
import zlib

from chat.errors import ContextOverflow, KeyRefused, ModelNotFound, ProviderError, TimedOut
from tests.providers.hostile_chunks import CALLS, ORDER, TYPES
from tests.providers.hostile_server import (
    BROKEN,
    END,
    GOOD,
    HI,
    MEGABYTE,
    NO_API,
    NO_COMPLETION,
    OWN,
    OWN_PROBLEM,
    REDIRECTED,
    SLOW,
    TOO_MUCH,
    Answered,
    Case,
    Refused,
    case,
    each,
    endless,
    endless_gzip,
    head,
    raw_chunk,
    refusal,
    whole,
)
from tests.providers.openai.upstream import chunk, data, error

DEEP = b"[" * 100_000
BIG_BLOCK = b"model " * (MEGABYTE // 6)

BYTES = [
    case("bytes that are not UTF-8", Answered("caf\ufffd"), raw_chunk(b'"caf\xe9"'), END),
    case("UTF-8 that is cut off", Answered("\ufffd"), raw_chunk(b'"\xe4\xb8"'), END),
    case("NUL, escaped", Answered("a\x00b"), raw_chunk(b'"a\\u0000b"'), END),
    case("NUL, as it is", Answered("a\x00b"), raw_chunk(b'"a\x00b"'), END),
    case("a lone surrogate", Answered("a\ufffdb"), raw_chunk(b'"a\\ud83db"'), END),
    case("a character in two chunks", Answered("🎈!"), raw_chunk(b'"\\ud83c"'), 0.01, raw_chunk(b'"\\udf88!"'), END),
    case("half a character at the end", Answered("a\ufffd"), raw_chunk(b'"a\\ud83d"'), END),
    case("a byte order mark", HI, b"\xef\xbb\xbf" + GOOD),
    case("a byte order mark in pieces", HI, b"\xef", 0.01, b"\xbb", 0.01, b"\xbf", 0.01, GOOD),
    case("a byte order mark in an event", HI, GOOD.replace(b"data: {", b"data: \xef\xbb\xbf{", 1)),
    whole(
        "a byte order mark before JSON",
        HI,
        b"\xef\xbb\xbf" + json.dumps({"choices": [{"message": {"content": "Hi"}}]}).encode(),
    ),
    case("blank lines first", HI, b"\r\n\n \n" + GOOD),
    case("one byte at a time", HI, *(bytes([byte]) for byte in GOOD)),
    case("lines that end in CR", HI, GOOD.replace(b"\n", b"\r")),
    case(
        "lines that end in CRLF, cut between", HI, *GOOD.replace(b"\n", b"\r\n").replace(b"\r\n", b"\r\n|").split(b"|")
    ),
    case("UTF-16", NO_COMPLETION, GOOD.decode().encode("utf-16")),
    case("random bytes", NO_COMPLETION, bytes(range(128, 256)) * 40),
]

PACKED = [
    case("gzip", HI, gzip.compress(GOOD), top=head(Content_Encoding="gzip")),
    case("gzip that is none", BROKEN, GOOD, top=head(Content_Encoding="gzip")),
    case("gzip that is cut off", BROKEN, gzip.compress(GOOD)[:-30], top=head(Content_Encoding="gzip")),
    case("deflate", HI, zlib.compress(GOOD), top=head(Content_Encoding="deflate")),
    case("an encoding that nobody knows", NO_COMPLETION, gzip.compress(GOOD), top=head(Content_Encoding="br")),
    case("six encodings", BROKEN, GOOD, top=head(Content_Encoding=", ".join(["gzip"] * 6))),
    Case("a refusal without end", endless(head("500 Oops"), BIG_BLOCK), OWN_PROBLEM),
    Case(
        "a packed refusal without end", endless_gzip(head("500 Oops", Content_Encoding="gzip"), BIG_BLOCK), OWN_PROBLEM
    ),
    Case(
        "a packed refusal without end, twice",
        lambda: (head("400 No", Content_Encoding="gzip, gzip"), gzip.compress(gzip.compress(b"0" * 30 * MEGABYTE))),
        Refused(ProviderError, "did not accept"),
    ),
    Case(
        "packed emptiness without end",
        endless_gzip(head(Content_Encoding="gzip"), b": " + b" " * MEGABYTE + b"\n\n"),
        Refused(ProviderError, "nothing of it is an answer"),
    ),
    Case("a line without end", endless(head(), b"x" * MEGABYTE), TOO_MUCH),
    Case("an event of many lines without end", endless(head(), b"data: " + b"x" * MEGABYTE + b"\n"), TOO_MUCH),
    Case("a JSON body without end", endless(head(kind="application/json"), b'{"a":"' + b"x" * MEGABYTE), TOO_MUCH),
    case(
        "a refusal that drips",
        Refused(ProviderError, "did not accept"),
        b"{",
        *([0.1, b" "] * 3),
        b"}",
        top=head("400 No"),
    ),
]

JSON = [
    whole("no JSON", NO_COMPLETION, b"{nonsense"),
    whole("a list", NO_COMPLETION, [1]),
    whole("several objects in a row", NO_COMPLETION, b'{"response": "Hi"}\n{"response": "!"}\n'),
    whole(
        "a whole answer, said to be a stream",
        HI,
        {"choices": [{"message": {"content": "Hi"}}]},
        kind="text/event-stream",
    ),
    whole("a whole answer of no type", HI, {"choices": [{"message": {"content": "Hi"}}]}, kind=""),
    whole("a stream, said to be JSON", HI, GOOD),
    whole("a stream, said to be text", HI, GOOD, kind="text/plain; charset=nonsense"),
    whole("a web page", NO_API, b"<!doctype html><title>Welcome</title>", kind="text/html"),
    whole("a web page, said to be JSON", NO_API, b"\n <!doctype html><title>Welcome</title>"),
    whole("a web page of no type", NO_API, b"<html></html>", kind=""),
    whole("plain words", NO_COMPLETION, b"It works!", kind="text/plain"),
    whole("nothing", BROKEN, b""),
    whole("null", NO_COMPLETION, b"null"),
    whole("an empty object", NO_COMPLETION, {}),
    case("nonsense in an event", NO_COMPLETION, data(chunk("Hi")) + b"data: {nonsense}\n\n"),
    case("a list in an event", NO_COMPLETION, b"data: [1]\n\n"),
    case("null in an event", NO_COMPLETION, b"data: null\n\n"),
    case("an event without data", HI, b"data:\n\nevent: ping\n\n" + GOOD),
    case("deep nesting", NO_COMPLETION, b"data: " + DEEP + b"\n\n"),
    case("deep nesting in a field", NO_COMPLETION, raw_chunk(DEEP)),
    case("deep nesting in a field that nobody reads", NO_COMPLETION, b'data: {"x":' + DEEP + b"]" * 100_000 + b"}\n\n"),
    case("a number too large", HI, b'data: {"choices":[],"usage":{"prompt_tokens":1e999}}\n\n' + GOOD),
    case("a number of 5,000 digits", NO_COMPLETION, raw_chunk(b"9" * 5000)),
    case(
        "numbers that JSON does not have",
        HI,
        b'data: {"choices":[],"usage":{"prompt_tokens":NaN,"completion_tokens":-Infinity}}\n\n' + GOOD,
    ),
    case("a key twice", HI, GOOD.replace(b'"content": "Hi"', b'"content": "Oh", "content": "Hi"')),
]

ERRORS = [
    case("an error in the stream", SLOW, data(error("Slow", code="rate_limit_exceeded"))),
    case("an error in words", OWN, data({"error": "broke"})),
    *each(
        "error",
        OWN,
        lambda it: [{"error": it}],
        7,
        True,
        ["broke"],
        {"message": 7},
        {"message": ["x"]},
        {"code": [1], "param": 7},
    ),
    *each("no error", HI, lambda it: [{**chunk("Hi"), "error": it}], None, "", {}, [], False, 0),
    case("half a character in an error", OWN, b'data: {"error": {"message": "a\\ud83d", "code": "\\ud83d"}}\n\n'),
    case("NUL in an error", OWN, b'data: {"error": {"message": "a\\u0000"}}\n\n'),
    case("an error of four megabytes", OWN, data({"error": {"message": "model " * 600_000}})),
    case("a deep error", NO_COMPLETION, b'data: {"error": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001 + b"\n\n"),
    refusal("a refusal without a body", OWN, "400 No"),
    refusal("a refusal that is a web page", OWN_PROBLEM, "502 Bad Gateway", b"<html>nginx</html>", kind="text/html"),
    refusal("a refusal that is no JSON", OWN, "400 No", b'{"error": '),
    refusal("a deep refusal", OWN, "400 No", DEEP),
    refusal("a refusal of bytes", OWN, "400 No", bytes(range(256)) * 10),
    refusal("a refusal in an unknown charset", OWN, "400 No", error("No"), kind="application/json; charset=zlib"),
    refusal("a refusal with a number too large", OWN, "400 No", b'{"error": {"code": ' + b"9" * 5000 + b"}}"),
    refusal(
        "a refusal of wrong types",
        OWN,
        "400 No",
        {"error": {"message": {"a": [1]}, "type": [], "code": {"b": 2}, "param": [1]}},
    ),
    refusal("a refusal that is a list", OWN, "400 No", [1, 2]),
    refusal("a refusal with half a character", OWN, "400 No", b'{"error": {"message": {"a": "\\ud83d\\u0000"}}}'),
    refusal("a refused key", Refused(KeyRefused, "refused the API key"), "401 No", error("Incorrect API key")),
    refusal("no such model", Refused(ModelNotFound, "has no model"), "404 No", error("The model `m` does not exist")),
    refusal("too long", Refused(ContextOverflow, "too long"), "413 No", error("prompt is too long")),
    refusal("a pause that is no number", SLOW, "429 Slow", error("Slow"), Retry_After="soon"),
    refusal("a pause without end", SLOW, "429 Slow", error("Slow"), Retry_After="9" * 400),
    refusal(
        "a pause until the year 9999999",
        SLOW,
        "429 Slow",
        error("Slow"),
        Retry_After="Fri, 31 Dec 9999999 23:59:59 GMT",
    ),
]

HTTP = [
    *(
        refusal(f"status {status}", REDIRECTED, f"{status} Elsewhere", Location="http://127.0.0.1:1/v1")
        for status in (301, 302, 303, 307, 308)
    ),
    refusal("a redirect to nowhere", REDIRECTED, "307 Elsewhere"),
    refusal("a redirect to no address", REDIRECTED, "307 Elsewhere", Location="http://[::1"),
    refusal("a redirect to itself", REDIRECTED, "307 Elsewhere", Location="/v1/chat/completions"),
    refusal("status 304", REDIRECTED, "304 Not Modified"),
    refusal("status 204", BROKEN, "204 No Content"),
    refusal("status 206", HI, "206 Partial Content", GOOD, kind="text/event-stream"),
    refusal("status 405", NO_API, "405 No"),
    refusal("status 418", OWN, "418 Teapot"),
    refusal("status 600", OWN_PROBLEM, "600 Odd"),
    refusal("status 999", OWN_PROBLEM, "999 Odd"),
    Case("no HTTP", lambda: (b"SSH-2.0-OpenSSH_9.6\r\n",), BROKEN),
    Case("no status", lambda: (b"HTTP/1.1\r\n\r\n",), BROKEN),
    Case("a status that is a word", lambda: (b"HTTP/1.1 OK OK\r\n\r\n",), BROKEN),
    Case("a header without end", endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * MEGABYTE), BROKEN),
    Case("headers without end", endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 10_000), BROKEN),
    Case("a header that is none", lambda: (b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",), BROKEN),
    Case("two lengths", lambda: (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n" + GOOD,), BROKEN),
    Case("a negative length", lambda: (b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n" + GOOD,), BROKEN),
    Case("a length that is a word", lambda: (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + GOOD,), BROKEN),
    case("fewer bytes than said", HI, GOOD, top=head(Content_Length=str(len(GOOD) + 100))),
    case("more bytes than said", BROKEN, GOOD, top=head(Content_Length="20")),
    case("a chunk whose length is none", BROKEN, b"zz\r\n" + GOOD, top=head(Transfer_Encoding="chunked")),
    case("a chunk that is cut off", BROKEN, b"fff\r\n" + data(chunk("Hi")), top=head(Transfer_Encoding="chunked")),
    case("an encoding of the transfer that nobody knows", HI, GOOD, top=head(Transfer_Encoding="gzip")),
    case("cookies that are none", HI, GOOD, top=head(Set_Cookie="=;;==\x7f; expires=never; domain=..")),
    case("a type that is none", HI, GOOD, top=head(kind=";;;")),
]

CONNECTION = [
    Case("a connection that is closed at once", lambda: (), BROKEN),
    Case("a connection that is closed in its head", lambda: (head()[:20],), BROKEN),
    Case("a connection that is closed after its head", lambda: (head(),), BROKEN),
    case("a connection that is closed in a word", BROKEN, data(chunk("Hi"))[:-20]),
    case("a connection that is closed between words", BROKEN, data(chunk("Hi"))),
    case("a connection that is closed before [DONE]", HI, data(chunk("Hi"), chunk(finish="stop"))),
    Case("silence before the head", lambda: (None,), Refused(TimedOut, "sent nothing")),
    Case("silence after the head", lambda: (head(), None), Refused(TimedOut, "sent nothing")),
    case("silence after a word", Refused(TimedOut, "sent nothing"), data(chunk("Hi")), None),
    case("comments instead of words", HI, *([b": wait\n\n", 0.1] * 8), GOOD),
]

CASES = [*BYTES, *PACKED, *JSON, *TYPES, *CALLS, *ORDER, *ERRORS, *HTTP, *CONNECTION]
