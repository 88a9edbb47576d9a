"""Which translators are asked, in which order."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cuport.diagnostic import fail
from cuport.translators.base import Translator

if TYPE_CHECKING:
    from cuport.settings import Settings
    from cuport.targets.base import Target


def translators_for(settings: Settings) -> Callable[[Target], Sequence[Translator]]:
    """`auto`: the model where a provider is configured, then the rules; else the one named.

    Raises CuportError (`llm.unconfigured`) for `llm` without a provider.
    """
    name = settings.translator
    if name == "auto":
        from cuport.providers import configured

        asked = ("llm", "rules") if configured(os.environ, settings) else ("rules",)
    elif name in _MAKERS:
        asked = (name,)
    else:
        raise fail("usage.no-such-translator", f"no translator named {name}", hint=f"known: auto, {', '.join(_MAKERS)}")
    return lambda target: [_MAKERS[one](target, settings) for one in asked]


def _rules(target: Target, settings: Settings) -> Translator:
    from cuport.translators.rules.translator import RulesTranslator

    return RulesTranslator(target)


def _llm(target: Target, settings: Settings) -> Translator:
    from cuport.translators.llm import llm_translator

    return llm_translator(target, settings)


def _command(target: Target, settings: Settings) -> Translator:
    from cuport.translators.command import command_translator

    return command_translator(target, settings)


_MAKERS: dict[str, Callable[[Target, Settings], Translator]] = {"llm": _llm, "rules": _rules, "command": _command}
