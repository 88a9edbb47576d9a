"""What a provider is: something that answers a conversation with text, or says in typed words why it could not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cuport.diagnostic import Diagnostic

Role = Literal["system", "user", "assistant"]

FaultKind = Literal[
    "unconfigured",  # no model, no key, no command: nothing was asked
    "bad-url",  # OPENAI_BASE_URL is no http(s) address
    "unreachable",  # no connection: refused, unknown host, TLS
    "unauthorized",  # 401
    "forbidden",  # 403
    "unknown-model",  # 404, and the answer speaks of the model
    "not-found",  # 404 otherwise: the address is wrong
    "rate-limited",  # 429 after the client's retries, or a Retry-After past the deadline
    "bad-request",  # any other 4xx: a parameter that the endpoint does not take
    "context-length",  # the prompt does not fit the model
    "server-error",  # 5xx after the client's retries, or an error object under status 200
    "cut-off",  # the connection closed before the answer was complete
    "garbage",  # an answer that is not JSON (an HTML page, a log line)
    "malformed",  # JSON, but no chat completion
    "empty",  # a completion without text
    "truncated",  # finish_reason "length": the token limit ended it
    "refused",  # the model or a content filter declined
    "too-long",  # more text than any port needs
    "timeout",  # the deadline passed
    "command-failed",  # the command translator's program ended with an error
    "exhausted",  # a scripted provider has no reply left
]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Reply:
    """A complete answer. `model` is what the endpoint says it used; token counts are 0 where it does not say."""

    text: str
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class ProviderFault:
    """Why there is no complete answer. Texts are redacted, one line, and safe to show and to keep.

    `partial` is what had arrived of a truncated answer; tokens count too, since they were paid for.
    """

    kind: FaultKind
    message: str
    hint: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    partial: str = field(default="", repr=False)

    @property
    def diagnostic(self) -> Diagnostic:
        return Diagnostic(f"llm.{self.kind}", self.message, hint=self.hint)


class Provider(Protocol):
    """Implementations never raise for what an endpoint does, and never put a key into anything they return."""

    @property
    def model(self) -> str:
        """The model's name for evidence and the price table; for a command, the program's name."""
        ...

    def complete(self, messages: Sequence[Message], *, deadline: float) -> Reply | ProviderFault:
        """Ask once, the provider's own retries included; back by `deadline`, a `time.monotonic()` instant."""
        ...
