"""Code addresses to lines, by the debug information of the checked build."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path


def locate(program: Path, addresses: Iterable[int]) -> dict[int, tuple[str, int]]:
    """File and line of each address (relative to where the program was loaded); those unknown are left out.

    An address is where a call returns to, so the line is that of the byte before.
    """
    wanted = sorted(set(addresses))
    tool = shutil.which("addr2line") or shutil.which("llvm-addr2line")
    if not wanted or tool is None:
        return {}
    command = [tool, "-e", str(program), *(hex(a - 1) for a in wanted)]
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=60, errors="replace").stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[int, tuple[str, int]] = {}
    for address, line in zip(wanted, out.splitlines(), strict=False):
        path, _, number = line.split(" (")[0].rpartition(":")
        if path not in ("", "??") and number.isdigit() and int(number) > 0:
            found[address] = (path, int(number))
    return found
