"""Any endpoint that speaks OpenAI's chat completions: OpenAI itself, vLLM, Ollama, llama.cpp, gateways.

The official client sends, and retries by its own rules (connection faults, 408, 409, 429, 5xx; Retry-After). Around it
stand one deadline over everything, a limit on the answer's size, and the reading of the answer into typed outcomes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from cuport.providers.answers import read_answer, read_status
from cuport.providers.base import Message, ProviderFault, Reply
from cuport.providers.deadline import bounded
from cuport.providers.redact import address, foreign

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_MOST_BYTES = 8 << 20  # of an answer's body, decompressed: a hundred times any port
_CONNECT_SECONDS = 10.0
_NO_KEY = "none"  # what keyless servers get; the client insists on something


@dataclass(frozen=True)
class Endpoint:
    """Where and how to ask. None means: not sent, so the endpoint's own default holds."""

    model: str
    base_url: str = DEFAULT_BASE_URL
    key: str = field(default="", repr=False)
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    retries: int = 2  # after the first try


@dataclass
class _Seen:
    """What the exchange met so far, for naming the fault if the deadline ends it."""

    status: int = 0
    body: object = None


class OpenAICompatible:
    """A `Provider` over one endpoint. Threads may share it: each exchange has its own client."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        parts = _split(endpoint.base_url)
        self._secrets = tuple(s for s in (endpoint.key, parts[1]) if s)
        self._where = address(endpoint.base_url) if parts[0] else ""

    @property
    def model(self) -> str:
        return self.endpoint.model

    def __repr__(self) -> str:
        return f"OpenAICompatible(model={self.model!r}, endpoint={self._where!r})"

    def complete(self, messages: Sequence[Message], *, deadline: float) -> Reply | ProviderFault:
        """One completion. Never raises for what the endpoint does; KeyboardInterrupt passes."""
        if not self._where:
            return ProviderFault(
                "bad-url",
                f"the endpoint's address {foreign(address(self.endpoint.base_url), self._secrets)!r} is no http(s) URL",
                "set OPENAI_BASE_URL to something like http://localhost:8000/v1 or https://api.openai.com/v1",
            )
        if not (self.endpoint.key.isascii() and self.endpoint.key.isprintable() and " " not in self.endpoint.key):
            return ProviderFault(
                "unauthorized",
                "the API key holds a character that no key has: a space, a line end, or one outside ASCII",
                "set OPENAI_API_KEY again, without quotes or line ends",
                model=self.model,
            )
        if time.monotonic() >= deadline:
            return self._late(_Seen(), 0.0)
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "temperature": self.endpoint.temperature,
            "seed": self.endpoint.seed,
            "max_tokens": self.endpoint.max_tokens,
        }
        body = {key: value for key, value in body.items() if value is not None}
        began = time.monotonic()
        answer = self._try(body, deadline, began)
        if (
            isinstance(answer, ProviderFault)
            and answer.kind == "bad-request"
            and "max_completion_tokens" in answer.message
        ):
            # Newer models of OpenAI take the limit under a new name only; older servers know only the old one.
            body["max_completion_tokens"] = body.pop("max_tokens", None)
            answer = self._try(body, deadline, began)
        return answer

    def _try(self, body: dict[str, Any], deadline: float, began: float) -> Reply | ProviderFault:
        seen = _Seen()
        try:
            data = bounded(partial(self._exchange, body, deadline, seen), deadline)
        except TimeoutError:
            return self._late(seen, time.monotonic() - began)
        except Exception as error:  # the client's and its HTTP library's, whose names differ between versions
            return self._fault(error, seen, time.monotonic() - began)
        if data is None:
            return ProviderFault(
                "too-long",
                f"{self._where} sent more than {_MOST_BYTES >> 20} MiB",
                "OPENAI_BASE_URL may point at something that is no chat API",
                model=self.model,
            )
        return read_answer(data, where=self._where, model=self.model, secrets=self._secrets)

    async def _exchange(self, body: dict[str, Any], deadline: float, seen: _Seen) -> bytes | None:
        """The body of a 2xx answer; None if it is too long. A cut body is asked for again, as the client would."""
        import openai

        async def on_response(response: Any) -> None:
            seen.status = response.status_code
            wait = _retry_after(response.headers)
            if wait is not None and time.monotonic() + wait > deadline:
                response.headers["x-should-retry"] = "false"  # the client obeys: do not sleep past the deadline

        left = deadline - time.monotonic()
        timeout = openai.Timeout(left, connect=min(_CONNECT_SECONDS, left))
        # The user's certificates and proxies come from the environment, as everywhere; redirects are not followed,
        # so that neither key nor source goes to a place nobody named.
        http = openai.DefaultAsyncHttpxClient(
            event_hooks={"response": [on_response]}, timeout=timeout, follow_redirects=False
        )
        async with openai.AsyncOpenAI(
            api_key=self.endpoint.key or _NO_KEY,
            base_url=self.endpoint.base_url,
            max_retries=self.endpoint.retries,
            timeout=timeout,
            http_client=http,
        ) as client:
            create = client.chat.completions.with_streaming_response.create
            for again in range(self.endpoint.retries, -1, -1):
                data = bytearray()
                try:
                    async with create(**body) as response:
                        async for chunk in response.iter_bytes():
                            data += chunk
                            if len(data) > _MOST_BYTES:
                                return None
                    return bytes(data)
                except Exception as error:
                    if (
                        not again
                        or seen.status >= 300
                        or "RemoteProtocolError" not in _names(error) | _names(error.__cause__)
                    ):
                        raise
            raise AssertionError("the last round returns or raises")

    def _late(self, seen: _Seen, spent: float) -> ProviderFault:
        if seen.status == 429 or seen.status >= 500:
            return self._status(seen.status, None)
        return ProviderFault(
            "timeout",
            f"{self._where} gave no complete answer within {spent:.0f} s",
            "raise CUPORT_MODEL_TIMEOUT (seconds), or choose a faster model with --model or CUPORT_MODEL",
            model=self.model,
        )

    def _status(self, status: int, body: object) -> ProviderFault:
        if 300 <= status < 400:
            return ProviderFault(
                "not-found",
                f"{self._where} redirects elsewhere ({status})",
                "set OPENAI_BASE_URL to the final address; redirects are not followed, since requests carry the key",
                model=self.model,
            )
        return read_status(
            status,
            body,
            where=self._where,
            model=self.model,
            key_given=bool(self.endpoint.key),
            secrets=self._secrets,
        )

    def _fault(self, error: Exception, seen: _Seen, spent: float) -> ProviderFault:
        """Name what the client raised. Its texts are shown only redacted, and never chained."""
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            return self._status(status, getattr(error, "body", None))
        cause = error.__cause__ or error
        names = _names(error) | _names(cause)
        words = foreign(str(cause), self._secrets) or type(cause).__name__
        if names & {"ConnectError", "ConnectTimeout", "ProxyError"}:
            slow = "ConnectTimeout" in names
            return ProviderFault(
                "unreachable",
                f"no connection to {self._where}: {'no answer' if slow else words}",
                "check OPENAI_BASE_URL, and that the server runs; --translator rules needs no model",
                model=self.model,
            )
        if names & {"TimeoutException", "APITimeoutError"}:
            return self._late(seen, spent)
        if names & {"RemoteProtocolError", "ReadError", "WriteError", "CloseError", "DecodingError"}:
            return ProviderFault(
                "cut-off",
                f"{self._where} closed the connection before its answer was complete: {words}",
                "try again; if it stays, the server or a proxy before it fails: see its log",
                model=self.model,
            )
        if names & {"UnsupportedProtocol", "InvalidURL", "LocalProtocolError"}:
            return ProviderFault(
                "bad-url",
                f"the request to {self._where} cannot be sent: {words}",
                "check OPENAI_BASE_URL, and OPENAI_API_KEY for stray spaces and line ends",
                model=self.model,
            )
        return ProviderFault(
            "unreachable",
            f"the exchange with {self._where} failed ({type(cause).__name__}): {words}",
            "check OPENAI_BASE_URL and the proxy variables; --translator rules needs no model",
            model=self.model,
        )


def from_environment(
    env: Mapping[str, str],
    *,
    model: str = "",
    base_url: str = "",
    temperature: float | None = None,
    seed: int | None = None,
    max_tokens: int | None = None,
) -> OpenAICompatible | ProviderFault:
    """The provider that options and environment describe, options first."""
    model = (model or env.get("CUPORT_MODEL", "")).strip()
    base_url = (base_url or env.get("CUPORT_BASE_URL") or env.get("OPENAI_BASE_URL") or "").strip()
    key = env.get("OPENAI_API_KEY", "").strip()
    if not model:
        return ProviderFault(
            "unconfigured", "no model is named", "set CUPORT_MODEL or --model to the model that should write ports"
        )
    if not key and not base_url:
        return ProviderFault(
            "unconfigured",
            f"no endpoint for the model {foreign(model, (key,))!r}: there is neither a key nor an address",
            "set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own (http://localhost:8000/v1)",
        )
    endpoint = Endpoint(model, base_url or DEFAULT_BASE_URL, key, temperature, seed, max_tokens)
    return OpenAICompatible(endpoint)


def _split(url: str) -> tuple[str, str]:
    """(host, password) of an http(s) URL; host "" where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
        host = parts.hostname or ""
        return (host if parts.scheme in ("http", "https") else ""), parts.password or ""
    except ValueError:
        return "", ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3: a number or a date)."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return None


def _names(error: BaseException | None) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}
