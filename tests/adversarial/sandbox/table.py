"""Rewrites the table tier x probe of docs/security.md by running every probe in every tier.

    python -m tests.adversarial.sandbox.table            all tiers that this machine has
    python -m tests.adversarial.sandbox.table --check    writes nothing; says what it would change

Tiers below the best are reached by leaving walls out. What no wall at all stops is not tried: there, cuport refuses.
Exit code 1 if something leaks from a tier that is called full.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from tests.adversarial.sandbox import probes
from tests.adversarial.sandbox.probe import run

from cuport.sandbox import bubblewrap, linux
from cuport.sandbox.confine import grade

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"
BEGIN, END = "<!-- table of probes: begin -->", "<!-- table of probes: end -->"
TIERS = {
    "namespaces, Landlock, seccomp": ("bubblewrap",),
    "bubblewrap, Landlock, seccomp": ("namespaces",),
    "Landlock, seccomp": ("namespaces", "bubblewrap"),
    "bubblewrap, seccomp": ("namespaces", "landlock"),
}


def columns() -> dict[str, dict[str, str]]:
    """{tier: {probe: result}} for every tier that can be had here."""
    found: dict[str, dict[str, str]] = {}
    has_bubblewrap = bubblewrap.works(None)
    for title, without in TIERS.items():
        if "bubblewrap" in title and not has_bubblewrap:
            continue
        for probe in probes.ALL:
            with tempfile.TemporaryDirectory(prefix="cuport-table-") as folder:
                trial = run(probe, Path(folder), without)
            grades = grade(trial.tier.split("+"))
            column = found.setdefault(f"{grades}: {title}", {})
            column[probe.name] = trial.result
            if trial.result in ("LEAKED", "not run"):
                print(f"{title}: {probe.name}: {trial.result}: {trial.why[:300]}", file=sys.stderr, flush=True)
    return found


def table(found: dict[str, dict[str, str]]) -> str:
    """Markdown."""
    user = "root" if os.geteuid() == 0 else "an ordinary user"
    system = ".".join(platform.release().split(".")[:2])
    lines = [f"Generated on Linux {system} (Landlock ABI {linux.landlock_abi()}, {platform.machine()}) as {user}.", ""]
    lines += ["| probe | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    for group, members in probes.GROUPS.items():
        lines.append(f"| **{group}** |" + " |" * len(found))
        lines += [f"| {p.name} | " + " | ".join(column[p.name] for column in found.values()) + " |" for p in members]
    totals = [", ".join(_counts(list(column.values()))) for column in found.values()]
    lines.append("| **in all** | " + " | ".join(totals) + " |")
    return "\n".join(lines)


def _counts(results: list[str]) -> list[str]:
    kinds = ("blocked", "contained", "LEAKED", "not run")
    return [f"{results.count(kind)} {kind}" for kind in kinds if kind in results]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    here = Path(__file__).parent
    sys.path += [str(here), str(here.parents[1] / "sandbox")]  # the workers
    if shutil.which("bwrap") is None:
        print("bubblewrap is not installed: its columns are left out", file=sys.stderr)
    found = columns()
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = f"{before}{BEGIN}\n{table(found)}\n{END}{after}"
    if not check:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != text:
        print("docs/security.md would change", file=sys.stderr)
    leaks = [name for title, column in found.items() if title.startswith("full") for name in column.items()]
    return int(any(result not in ("blocked", "contained") for _, result in leaks))


if __name__ == "__main__":
    sys.exit(main())
