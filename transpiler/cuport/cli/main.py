"""The `cuport` command. Each subcommand is a module beside this one, imported only when it is called."""

from __future__ import annotations

import importlib
import sys

import click

import cuport

# name -> one line for --help; kept here so that --help imports no command
COMMANDS = {
    "translate": "Port CUDA kernels to Triton or JAX; write only what was accepted.",
    "verify": "Judge ports that exist beside their CUDA sources.",
    "review": "Show what changed in ports, with the CUDA beside it.",
    "inspect": "Show what was read: kernels, parameters, launches, cases.",
    "run": "Run a CUDA program on the CPU oracle.",
    "doctor": "Say what this machine can do, and what to install for more.",
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"cuport.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(cuport.__version__, "-V", "--version", prog_name="cuport")
def cli() -> None:
    """Port CUDA kernels to Triton and JAX. A port is accepted only after it was compiled, run beside the original
    CUDA and found to compute the same thing.

    Exit codes: 0 all accepted, 1 something rejected, 2 usage, 3 not decided, 130 interrupted.
    """


def main() -> None:
    """Entry point: turns every error a user can cause into a message and an exit code."""
    from cuport.cli.outcome import guarded

    sys.exit(guarded(lambda: cli.main(standalone_mode=False)))
