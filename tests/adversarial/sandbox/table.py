"""Rewrites the table tier x probe of docs/security.md by running every probe in every tier.

    python -m tests.adversarial.sandbox.table            all tiers that this machine has
    python -m tests.adversarial.sandbox.table --check    writes nothing; says what it would change

Tiers below the best are reached by leaving walls out. What no wall at all stops is not tried: there, cuport refuses.
Exit code 1 if something leaks from a tier that is called full.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
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


def column(title: str) -> dict[str, dict[str, str]]:
    """{grade and tier: {probe: result}} for one tier."""
    found: dict[str, dict[str, str]] = {}
    for probe in probes.ALL:
        with tempfile.TemporaryDirectory(prefix="cuport-table-") as folder:
            trial = run(probe, Path(folder), TIERS[title])
        name = f"{grade(trial.tier.split('+'))}: {title}"
        found.setdefault(name, {})[probe.name] = trial.result
        if trial.result in ("LEAKED", "not run"):
            print(f"{title}: {probe.name}: {trial.result}: {trial.why[:300]}", file=sys.stderr, flush=True)
    return found


def columns() -> dict[str, dict[str, str]]:
    """Every tier that can be had here, side by side: most probes wait for a limit."""
    titles = [title for title in TIERS if "bubblewrap" not in title or bubblewrap.works(None)]
    command = [sys.executable, "-m", "tests.adversarial.sandbox.table", "--only"]
    running = [subprocess.Popen([*command, title], stdout=subprocess.PIPE, text=True) for title in titles]
    found: dict[str, dict[str, str]] = {}
    for process in running:
        said, _ = process.communicate()
        found |= json.loads(said)
    return found


def table(found: dict[str, dict[str, str]]) -> str:
    """Markdown."""
    user = "root" if os.geteuid() == 0 else "an ordinary user"
    system = ".".join(platform.release().split(".")[:2])
    lines = [f"Generated on Linux {system} (Landlock ABI {linux.landlock_abi()}, {platform.machine()}) as {user}.", ""]
    lines += ["| probe | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    for group, members in probes.GROUPS.items():
        lines.append(f"| **{group}** |" + " |" * len(found))
        lines += [f"| {p.name} | " + " | ".join(results[p.name] for results in found.values()) + " |" for p in members]
    totals = [", ".join(_counts(list(results.values()))) for results in found.values()]
    lines.append("| **in all** | " + " | ".join(totals) + " |")
    return "\n".join(lines)


def _counts(results: list[str]) -> list[str]:
    kinds = ("blocked", "contained", "LEAKED", "not run")
    return [f"{results.count(kind)} {kind}" for kind in kinds if kind in results]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", choices=list(TIERS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    here = Path(__file__).parent
    sys.path += [str(here), str(here.parents[1] / "sandbox")]  # the workers
    if given.only:
        print(json.dumps(column(given.only)))
        return 0
    if shutil.which("bwrap") is None:
        print("bubblewrap is not installed: its columns are left out", file=sys.stderr)
    found = columns()
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = f"{before}{BEGIN}\n{table(found)}\n{END}{after}"
    if not given.check:
        DOCUMENT.write_text(new, encoding="utf-8")
    elif new != text:
        print("docs/security.md would change", file=sys.stderr)
    full = [result for title, results in found.items() if title.startswith("full") for result in results.values()]
    return int(any(result not in ("blocked", "contained") for result in full))


if __name__ == "__main__":
    sys.exit(main())
