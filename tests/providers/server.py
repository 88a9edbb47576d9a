"""A real HTTP server on loopback that speaks /v1/chat/completions and follows a script.

Each request takes the next behaviour; the last one repeats. A behaviour is a function of the request handler, so a test
reads like a list of what the endpoint does: `Endpoint([too_many(0), says("...")])`.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]


@dataclass
class Asked:
    """One request as the server saw it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)

    @property
    def messages(self) -> list[dict[str, str]]:
        messages: list[dict[str, str]] = self.body["messages"]
        return messages


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LoopbackServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(raw))
        behaviour = self.server.next_behaviour(asked)
        try:
            if self.path == "/v1/chat/completions":
                behaviour(self)
            else:
                error(404, {"detail": "Not Found"})(self)
        except OSError:  # the client went away: what some tests are about
            self.close_connection = True

    def send(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", headers.pop("length", str(len(body))))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class LoopbackServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behaviours: Iterable[Behaviour]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours = list(behaviours)
        self.asked: list[Asked] = []
        self.released = threading.Event()
        self._lock = threading.Lock()

    def next_behaviour(self, asked: Asked) -> Behaviour:
        with self._lock:
            self.asked.append(asked)
            return self.behaviours[min(len(self.asked), len(self.behaviours)) - 1]


class Endpoint:
    """The server as a context manager: `url` is what OPENAI_BASE_URL takes, `asked` what came in."""

    def __init__(self, behaviours: Iterable[Behaviour]) -> None:
        self._server = LoopbackServer(behaviours)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def asked(self) -> list[Asked]:
        return self._server.asked

    def __enter__(self) -> Endpoint:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.released.set()
        self._server.shutdown()
        self._server.server_close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


# -- what an endpoint can do -------------------------------------------------------------------------------------------


def completion(text: str | None, *, finish: str = "stop", **message: object) -> dict[str, Any]:
    """The body of a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tested-model-0613",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {"prompt_tokens": 1200, "completion_tokens": 340, "total_tokens": 1540},
    }


def says(text: str | None, *, finish: str = "stop", **message: object) -> Behaviour:
    return document(completion(text, finish=finish, **message))


def document(body: object) -> Behaviour:
    return sends(json.dumps(body).encode())


def sends(body: bytes, content_type: str = "application/json", status: int = 200) -> Behaviour:
    return lambda handler: handler.send(status, body, content_type)


def error(status: int, body: object, **headers: str) -> Behaviour:
    return lambda handler: handler.send(status, json.dumps(body).encode(), **headers)


def fails(status: int, message: str, code: str | None = None, **headers: str) -> Behaviour:
    """An error in OpenAI's shape."""
    return error(status, {"error": {"message": message, "type": "error", "code": code}}, **headers)


def echoes_the_key(status: int) -> Behaviour:
    """What debugging proxies do: the request's headers inside the error."""

    def behave(handler: Handler) -> None:
        error(status, {"error": {"message": f"bad header: {handler.headers['authorization']!r}"}})(handler)

    return behave


def promises_more(body: bytes) -> Behaviour:
    """A Content-Length beyond the body, then the connection closes."""

    def behave(handler: Handler) -> None:
        handler.send(200, body, length=str(len(body) + 100))
        handler.close_connection = True

    return behave


def closes(handler: Handler) -> None:
    """No answer at all."""
    handler.close_connection = True


def resets(handler: Handler) -> None:
    """The connection is reset by TCP."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def hangs(handler: Handler) -> None:
    """No answer until the test is over."""
    handler.server.released.wait(60)
    handler.close_connection = True


def trickles(handler: Handler) -> None:
    """A byte at a time, fast enough for every read timeout, without an end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    while not handler.server.released.wait(0.05):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def floods(handler: Handler) -> None:
    """Megabytes without an end."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    block = b" " * (1 << 20)
    while not handler.server.released.is_set():
        handler.wfile.write(block)
