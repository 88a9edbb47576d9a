"""Who is asked for ports: OpenAI-compatible endpoints, any command, a script. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Mapping

from cuport.providers.base import FaultKind, Message, Provider, ProviderFault, Reply
from cuport.providers.command import Command
from cuport.providers.openai_compatible import Endpoint, OpenAICompatible, from_environment
from cuport.providers.scripted import Scripted
from cuport.settings import Settings

__all__ = [
    "Command",
    "Endpoint",
    "FaultKind",
    "Message",
    "OpenAICompatible",
    "Provider",
    "ProviderFault",
    "Reply",
    "Scripted",
    "configured",
    "from_environment",
    "from_settings",
]


def configured(env: Mapping[str, str], settings: Settings | None = None) -> bool:
    """Whether `auto` may ask a model. Naming a model is the consent: a key alone, set for other tools, is none."""
    return not isinstance(from_settings(settings, env), ProviderFault)


def from_settings(settings: Settings | None, env: Mapping[str, str]) -> OpenAICompatible | ProviderFault:
    """The provider that settings and environment describe; the fault says which variable is missing."""
    if settings is None:
        return from_environment(env)
    return from_environment(
        env,
        model=settings.model,
        base_url=settings.base_url,
        temperature=settings.temperature,
        seed=settings.model_seed,
        max_tokens=settings.max_tokens,
    )
