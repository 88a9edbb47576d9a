"""A provider that reads from a script: for tests, demonstrations and dry runs without a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cuport.providers.base import Message, ProviderFault, Reply


class Scripted:
    """Gives these answers in order; a str is a reply's text. `asked` keeps every conversation it was sent."""

    def __init__(self, answers: Iterable[str | Reply | ProviderFault], *, model: str = "scripted") -> None:
        self.model = model
        self.asked: list[tuple[Message, ...]] = []
        self._answers = iter(answers)

    def complete(self, messages: Sequence[Message], *, deadline: float) -> Reply | ProviderFault:
        self.asked.append(tuple(messages))
        answer = next(self._answers, None)
        if answer is None:
            return ProviderFault(
                "exhausted", f"the script has no reply for request {len(self.asked)}", model=self.model
            )
        return Reply(answer, self.model) if isinstance(answer, str) else answer
