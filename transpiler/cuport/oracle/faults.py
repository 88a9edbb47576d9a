"""Code addresses to lines, by the debug information of the checked build."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

_ADDRESS = re.compile(r"^0x[0-9a-fA-F]+$")
_FROM_HERE = re.compile(r"^(\./)+")


def locate(program: Path, addresses: Iterable[int], outside: Path) -> dict[int, tuple[str, int]]:
    """File and line of each address, of the innermost inlined function that is not in a file under `outside`.

    Addresses count from where the program was loaded. Each is where a call returns to, so the line is that of the byte
    before. Those unknown are left out.
    """
    wanted = sorted(set(addresses))
    tool = shutil.which("addr2line") or shutil.which("llvm-addr2line")
    if not wanted or tool is None:
        return {}
    command = [tool, "-a", "-i", "-e", str(program), *(hex(a - 1) for a in wanted)]
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=60, errors="replace", check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found: dict[int, tuple[str, int]] = {}
    current = 0
    for line in out.splitlines():
        if _ADDRESS.match(line):
            current = int(line, 16) + 1
            continue
        path, _, number = line.split(" (")[0].rpartition(":")
        known = path not in ("", "??") and number.isdigit() and int(number) > 0
        if known and not path.startswith(str(outside)):
            found.setdefault(current, (_FROM_HERE.sub("", path), int(number)))
    return found
