"""Taking secrets and control characters out of text that others wrote, before it is shown, logged or kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

REDACTED = "[redacted]"

# Shorter values ("none", "EMPTY", "ollama") are what keyless local servers are given: no secrets, and words that
# a reply may use.
_SHORTEST_SECRET = 8

_TOKEN = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}|\b(?:(?:sk|pk|gsk|hf|xai|ghp)[-_]|AIza)[-_A-Za-z0-9*]{8,}"
)
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without these secrets, as they are or as a repr, JSON or a URL would spell them."""
    spelt = {spelling for secret in secrets for spelling in _spellings(secret) if len(spelling) >= _SHORTEST_SECRET}
    for spelling in sorted(spelt, key=len, reverse=True):
        text = text.replace(spelling, REDACTED)
    return text


def _spellings(secret: str) -> set[str]:
    return {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        quote(secret, safe="", errors="replace"),
        plain(secret),
    }


def foreign(text: str, secrets: Iterable[str] = (), *, limit: int = 300) -> str:
    """Foreign text fit for a message: one printable line of at most `limit` characters, without keys."""
    text = redact(plain(text), secrets)
    text = _TOKEN.sub(lambda m: (m.group(1) or "") + REDACTED, text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plain(text: str) -> str:
    """`text` without terminal escapes and control characters (newlines and tabs stay), encodable as UTF-8."""
    text = _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return text.encode("utf-8", "replace").decode("utf-8")


def address(url: str) -> str:
    """A URL fit for a message: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if ":" in host:
            host = f"[{host}]"
        place = f"{host}:{parts.port}" if parts.port else host
        return urlunsplit((parts.scheme, place, parts.path, "", ""))
    except ValueError:
        return "the configured address"
