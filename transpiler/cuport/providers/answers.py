"""Reading what an OpenAI-compatible endpoint sent: a chat completion, or one of the many things that are none.

The bytes are read here rather than by the client's models, which build an object out of almost anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cuport.providers.base import FaultKind, ProviderFault, Reply
from cuport.providers.redact import foreign, redact

_CONTEXT_WORDS = ("context_length", "context length", "maximum context", "context window", "too many tokens", "n_ctx")


def read_answer(body: bytes, *, where: str, model: str, secrets: Iterable[str]) -> Reply | ProviderFault:
    """The completion in the body of a 2xx answer. `where` is the endpoint's address as it may be shown."""
    secrets = tuple(secrets)
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        return _no_json(body, error, where, secrets)
    if not isinstance(document, dict):
        return ProviderFault("malformed", f"{where} answered with JSON that is no chat completion", _NO_API)
    usage = document.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    name = document.get("model")
    spent = ProviderFault(
        "malformed",
        f"{where} answered with JSON that is no chat completion",
        _NO_API,
        model=foreign(name, secrets, limit=100) if isinstance(name, str) and name.strip() else model,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )
    choices = document.get("choices")
    if not isinstance(choices, list):
        return _error_object(document, where, secrets) or spent
    if not choices:
        return replace(spent, kind="empty", message=f"{where} answered with no choice at all", hint=_TRY_AGAIN)
    return _read_choice(choices[0], spent, where, secrets)


def read_status(
    status: int, body: object, *, where: str, model: str, key_given: bool, secrets: Iterable[str]
) -> ProviderFault:
    """The fault behind a 4xx or 5xx answer; `body` is its decoded JSON, its text or None."""
    said = server_words(body, tuple(secrets))
    tail = f": {said}" if said else ""
    kind, message, hint = _status_fault(status, said, where, model, key_given)
    return ProviderFault(kind, message + tail, hint, model=model)


def server_words(body: object, secrets: tuple[str, ...] = ()) -> str:
    """The sentence in an error body, in the shapes in use: {"error": {"message"}}, {"error"}, {"detail"}, text."""
    for _ in range(4):
        if not isinstance(body, Mapping):
            break
        body = next((body[k] for k in ("error", "message", "detail") if body.get(k)), "")
    if isinstance(body, list):
        body = json.dumps(body, default=str)
    if not isinstance(body, str) or _is_html(body):
        return ""
    return foreign(body, secrets)


_NO_API = (
    "OPENAI_BASE_URL must be the address of an OpenAI-compatible API, usually ending in /v1 (https://api.openai.com/v1)"
)
_TRY_AGAIN = "try again, or choose another model with --model or CUPORT_MODEL"
_LATER = "try again later, or point OPENAI_BASE_URL at another endpoint; --translator rules needs none"


def _status_fault(status: int, said: str, where: str, model: str, key_given: bool) -> tuple[FaultKind, str, str]:
    words = said.lower()
    if status == 401:
        hint = (
            "OPENAI_API_KEY is set, but not valid there"
            if key_given
            else "set OPENAI_API_KEY to a key of that endpoint"
        )
        return "unauthorized", f"{where} did not accept the API key (401)", hint
    if status == 403:
        return (
            "forbidden",
            f"{where} refuses this key (403)",
            (f"check that the key in OPENAI_API_KEY may use the model {model!r} there (CUPORT_MODEL or --model)"),
        )
    if status == 404 and ("model" in words or "deployment" in words):
        return (
            "unknown-model",
            f"{where} has no model {model!r} (404)",
            ("set CUPORT_MODEL or --model to a model that the endpoint serves"),
        )
    if status in (404, 405):
        return (
            "not-found",
            f"{where} offers no chat completions ({status})",
            (f"{_NO_API}; or the model {model!r} (CUPORT_MODEL) is unknown there"),
        )
    if status == 429:
        hint = _LATER
        if "quota" in words or "billing" in words:
            hint = "the account behind OPENAI_API_KEY has no credit left; top it up or use another endpoint"
        return "rate-limited", f"{where} limits the rate of requests (429)", hint
    if status == 413 or (400 <= status < 500 and any(w in words for w in _CONTEXT_WORDS)):
        return (
            "context-length",
            f"the prompt does not fit the model {model!r} ({status})",
            ("choose a model with a larger context with --model or CUPORT_MODEL, or a smaller CUPORT_MAX_TOKENS"),
        )
    if status == 408:
        return "timeout", f"{where} gave up waiting (408)", _LATER
    if status >= 500:
        return "server-error", f"{where} failed ({status})", _LATER
    return (
        "bad-request",
        f"{where} does not take the request ({status})",
        (
            "the endpoint may not know a parameter: leave out CUPORT_TEMPERATURE, CUPORT_MAX_TOKENS and "
            f"CUPORT_MODEL_SEED; or the model {model!r} takes no chat"
        ),
    )


def _no_json(body: bytes, error: Exception, where: str, secrets: tuple[str, ...]) -> ProviderFault:
    text = body[:4096].decode("utf-8", "replace").strip()
    if not text:
        return ProviderFault("garbage", f"{where} answered with nothing", _NO_API)
    if _is_html(text):
        return ProviderFault("garbage", f"{where} answered with an HTML page, not with JSON", _NO_API)
    ended = isinstance(error, json.JSONDecodeError) and _ends_early(error)
    if text[0] in "{[" and ended:
        return ProviderFault("cut-off", f"the answer of {where} ends in the middle of its JSON", _LATER)
    return ProviderFault(
        "garbage", f"{where} answered with text that is no JSON: {foreign(text, secrets, limit=80)!r}", _NO_API
    )


def _ends_early(error: json.JSONDecodeError) -> bool:
    """Whether the text is fine up to its end: the decoder stopped there, or inside a string that never closes."""
    return error.msg.startswith("Unterminated string") or not error.doc[error.pos :].strip()


def _read_choice(choice: object, spent: ProviderFault, where: str, secrets: tuple[str, ...]) -> Reply | ProviderFault:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return spent
    finish = choice.get("finish_reason")
    refusal = message.get("refusal")
    text = _text_of(message.get("content"))
    if text is None:
        return spent
    # An endpoint that echoes its request headers must not get the key into a port.
    text = redact(text.encode("utf-8", "replace").decode("utf-8"), secrets)
    if finish == "content_filter" or (isinstance(refusal, str) and refusal.strip()):
        said = foreign(refusal, secrets) if isinstance(refusal, str) and refusal.strip() else "a content filter"
        return replace(
            spent,
            kind="refused",
            message=f"the model {spent.model!r} declined to answer: {said}",
            hint="choose another model with --model or CUPORT_MODEL; --translator rules needs none",
        )
    if finish == "length":
        return replace(
            spent,
            kind="truncated",
            message=f"the token limit cut the reply of {spent.model!r} ({spent.completion_tokens or '?'} tokens)",
            hint="raise CUPORT_MAX_TOKENS, or choose a model with longer replies",
            partial=text,
        )
    if not text.strip():
        if message.get("tool_calls") or message.get("function_call"):
            return replace(spent, message=f"{spent.model!r} called a tool instead of answering", hint=_TRY_AGAIN)
        return replace(spent, kind="empty", message=f"the model {spent.model!r} answered with no text", hint=_TRY_AGAIN)
    return Reply(text, spent.model, spent.prompt_tokens, spent.completion_tokens)


def _text_of(content: object) -> str | None:
    """A message's text: a string, nothing, or a list of parts; None for anything else."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [p.get("text") if isinstance(p, dict) else p for p in content]
        return "".join(p for p in parts if isinstance(p, str))
    return None


def _error_object(document: dict[str, Any], where: str, secrets: tuple[str, ...]) -> ProviderFault | None:
    """Some gateways send an upstream error under status 200."""
    error = document.get("error")
    if not error:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    said = server_words(document, secrets)
    kind: FaultKind = "rate-limited" if code in (429, "429", "rate_limit_exceeded") else "server-error"
    return ProviderFault(kind, f"{where} answered with an error: {said or 'without a word'}", _LATER)


def _is_html(text: str) -> bool:
    start = text.lstrip()[:200].lower()
    return start.startswith(("<!doctype", "<html", "<head", "<body", "<?xml", "<title", "<h1", "<center", "<div"))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0
