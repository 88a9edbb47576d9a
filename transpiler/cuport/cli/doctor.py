"""`cuport doctor`."""

from __future__ import annotations

import click


@click.command("doctor")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(output_format: str) -> int:
    """Say what this machine can do, and what to install for more. Exit 3 if no port could be judged here."""
    from cuport.doctor import findings

    found = findings()
    if output_format == "json":
        from dataclasses import asdict

        from cuport.store.evidence import to_json

        click.echo(to_json([asdict(f) for f in found]))
    else:
        for f in found:
            mark = {"ok": click.style("ok     ", fg="green"), "missing": click.style("missing", fg="red")}.get(
                f.state, click.style("limited", fg="yellow")
            )
            click.echo(f"{mark}  {f.what:<22} {f.detail}")
            if f.advice:
                click.echo(f"         {'':<22} -> {f.advice}")
    return 3 if any(f.state == "missing" and f.needed for f in found) else 0
