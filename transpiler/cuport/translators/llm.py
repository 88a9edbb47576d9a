"""The translator that asks a model: a prompt, a reply, a port; after a failed attempt, a repair.

It proposes and never judges. What a model says beside the code is not read, so no sentence in a source or a reply can
make a port accepted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cuport.candidate import Candidate, Provenance
from cuport.diagnostic import CuportError, Diagnostic
from cuport.providers import from_settings
from cuport.providers.base import Provider, ProviderFault, Reply
from cuport.settings import Settings
from cuport.translators.base import Proposal, Request
from cuport.translators.prompt import PROMPT_VERSION, PromptTarget, again, conversation, digest_of, templates_digest
from cuport.translators.reply import Code, ReplyFault, essence, parse_reply

# Exchanges for one proposal: a reply without a port is asked for again once. Endpoint faults are not: the provider has
# retried what can be retried. Attempts are the pipeline's to count.
_EXCHANGES = 2


@dataclass(frozen=True)
class _Spent:
    """Tokens over the exchanges of one proposal, and the model that answered last."""

    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def plus(self, answer: Reply | ProviderFault) -> _Spent:
        return _Spent(
            answer.model or self.model,
            self.prompt_tokens + answer.prompt_tokens,
            self.completion_tokens + answer.completion_tokens,
        )


class LlmTranslator:
    """A `Translator` over one provider. Threads may share it."""

    repairs = True

    def __init__(self, target: PromptTarget, provider: Provider, settings: Settings, *, name: str = "llm") -> None:
        self.name = name
        self.target = target
        self.provider = provider
        self.settings = settings

    def propose(self, request: Request) -> Proposal:
        """A first port, or a correction of the last attempt. Faults come back as `llm.*` diagnostics."""
        try:
            messages = conversation(request, self.target)
        except CuportError as error:
            return Proposal(None, error.diagnostics)
        digest = digest_of(messages)
        deadline = time.monotonic() + self.settings.model_timeout
        spent = _Spent(self.provider.model)
        notes: list[str] = []
        for exchange in range(1, _EXCHANGES + 1):
            answer = self.provider.complete(messages, deadline=deadline)
            spent = spent.plus(answer)
            taken = self._take(answer, request)
            if isinstance(taken, Code):
                candidate = self._candidate(taken, request, spent, digest, [*notes, *taken.notes])
                return Proposal(candidate)
            if isinstance(taken, ProviderFault) or exchange == _EXCHANGES:
                return Proposal(None, (_paid(taken.diagnostic, spent),))
            notes.append(f"asked again: {taken.problem}")
            messages = again(messages, taken.reply, taken.problem, request)
        raise AssertionError("the last exchange returns")

    def _take(self, answer: Reply | ProviderFault, request: Request) -> Code | ReplyFault | ProviderFault:
        function = request.kernel.python_name
        if isinstance(answer, ProviderFault):
            # A reply that the token limit cut may hold the whole port before its chatter; else the limit is the fault.
            cut = parse_reply(answer.partial, function, complete=False) if answer.partial else answer
            return cut if isinstance(cut, Code) else answer
        taken = parse_reply(answer.text, function)
        if isinstance(taken, Code):
            same = [n for n, a in enumerate(request.attempts, 1) if essence(a.candidate.code) == essence(taken.text)]
            if same:
                problem = f"This is the code of attempt {same[-1]} again, which was not accepted; change what is wrong."
                return ReplyFault("repeated", problem, answer.text)
        return taken

    def _candidate(self, code: Code, request: Request, spent: _Spent, digest: str, notes: Sequence[str]) -> Candidate:
        provenance = Provenance(
            translator=self.name,
            model=spent.model,
            prompt_digest=digest,
            attempt=len(request.attempts) + 1,
            prompt_tokens=spent.prompt_tokens,
            completion_tokens=spent.completion_tokens,
            cost=self._cost(spent),
            notes=(f"prompts {PROMPT_VERSION}:{templates_digest()[:12]}", *notes),
        )
        return Candidate(request.target, code.text, (request.kernel.python_name,), provenance)

    def _cost(self, spent: _Spent) -> float:
        """US dollars by the price table: the model as named in the settings, else as the endpoint names it."""
        price = self.settings.prices.get(self.provider.model) or self.settings.prices.get(spent.model)
        if price is None:
            return 0.0
        return (spent.prompt_tokens * price.prompt + spent.completion_tokens * price.completion) / 1e6


def _paid(diagnostic: Diagnostic, spent: _Spent) -> Diagnostic:
    tokens = spent.prompt_tokens + spent.completion_tokens
    return replace(diagnostic, message=f"{diagnostic.message} [{tokens} tokens used]") if tokens else diagnostic


def llm_translator(target: PromptTarget, settings: Settings) -> LlmTranslator:
    """The translator over the endpoint that settings and environment name; CuportError (`llm.unconfigured`) if none."""
    provider = from_settings(settings, os.environ)
    if isinstance(provider, ProviderFault):
        raise CuportError(provider.diagnostic)
    return LlmTranslator(target, provider, settings)
