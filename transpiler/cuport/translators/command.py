"""The translator that asks any program: the same prompts, replies and repairs as for a model."""

from __future__ import annotations

import shutil

from cuport.diagnostic import fail
from cuport.providers.command import Command
from cuport.settings import Settings
from cuport.translators.llm import LlmTranslator
from cuport.translators.prompt import PromptTarget


def command_translator(target: PromptTarget, settings: Settings) -> LlmTranslator:
    """The translator over `settings.command`; CuportError (`llm.unconfigured`) if there is no such program."""
    hint = 'set `command` in cuport.toml, or CUPORT_COMMAND=\'["llm", "-m", "some-model"]\''
    if not settings.command:
        raise fail("llm.unconfigured", "no command is named for the command translator", hint=hint)
    if shutil.which(settings.command[0]) is None:
        raise fail("llm.unconfigured", f"there is no program {settings.command[0]!r} to run", hint=hint)
    return LlmTranslator(target, Command(settings.command), settings, name="command")
