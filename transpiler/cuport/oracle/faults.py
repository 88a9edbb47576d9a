"""Faults as the checked build writes them: code addresses to lines by its debug information; what is none after all."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cuport.environment import without_secrets
from cuport.kernel import Source
from cuport.oracle.results import Fault

_ADDRESS = re.compile(r"^0x[0-9a-fA-F]+$")
_FROM_HERE = re.compile(r"^(\./)+")
_MENTIONED = re.compile(r"\{([0-9a-f]+)\}")
_INDEX = re.compile(r"^index -?\d+ of .* \(column (\d+)\)$")
_HOST = re.compile(r"the host's variable <(.*)>")
_AWAY = re.compile(r"^\d+ of \d+ threads have ended without this barrier$")
_LEAVES = re.compile(r"\breturn\b|\bexit\b|\basm\b|\b__asm__\b|\bthrow\b")


@dataclass(frozen=True)
class RawFault:
    fault: Fault
    address: int  # in the program's code; 0 where the line is known already


def parse_fault(line: str) -> RawFault:
    """What follows the word `fault` in a line of the report (runtime/cuport/fault.h)."""
    kind, *numbers, kernel, message = line.split(" ", 10)
    b, t = tuple(map(int, numbers[:3])), tuple(map(int, numbers[3:6]))
    fault = Fault(kind, message, int(numbers[7]), t, b, kernel="" if kernel == "-" else kernel)  # type: ignore[arg-type]
    return RawFault(fault, int(numbers[6], 16))


def read_faults(source: Source, program: Path, report: Path, runtime: Path) -> tuple[Fault, ...]:
    """The faults of a whole program, from the file that CUPORT_FAULTS named; a line that was cut off is left out."""
    try:
        lines = report.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    except OSError:
        return ()
    raws = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "fault":
            try:
                raws.append(parse_fault(rest))
            except ValueError:
                continue
    return place_faults(source, program, [raws], runtime)[0]


def place_faults(
    source: Source, program: Path, groups: Sequence[Sequence[RawFault]], runtime: Path
) -> list[tuple[Fault, ...]]:
    """Give every fault its line; leave out those of the runtime itself and those that the source shows to be none."""
    wanted: set[int] = set()
    for raw in (r for group in groups for r in group):
        wanted |= {raw.address} if raw.address else set()
        wanted |= {int(a, 16) for a in _MENTIONED.findall(raw.fault.message)}
    lines = locate(program, wanted, runtime)
    return [_placed(source, group, lines) for group in groups]


def _placed(source: Source, group: Sequence[RawFault], lines: dict[int, tuple[str, int]]) -> tuple[Fault, ...]:
    found: list[Fault] = []
    for raw in group:
        fault = raw.fault
        mentioned = [lines.get(int(a, 16)) for a in _MENTIONED.findall(fault.message)]
        place = lines.get(raw.address)
        if place is None and fault.kind == "deadlock":
            place = next((m for m in mentioned if m is not None), None)
        if place is None and raw.address and re.search("not on the device|host's variable", fault.message):
            continue  # the runtime's own data
        path, line = place or ("", fault.line)
        message = fault.message
        for address in _MENTIONED.findall(message):
            message = message.replace(f"{{{address}}}", _named(lines.get(int(address, 16)), path))
        fault = replace(fault, message=message, path=path or source.path, line=line)
        if not _legal(source, fault):
            found.append(
                replace(fault, message=_HOST.sub(lambda m: f"host variable {plain_symbol(m[1])}", fault.message))
            )
    return tuple(_distinct(found))


def _named(place: tuple[str, int] | None, path: str) -> str:
    if place is None:
        return "a line that is not known"
    return f"line {place[1]}" if place[0] == path else f"{place[0]}:{place[1]}"


def _distinct(faults: Sequence[Fault]) -> Iterable[Fault]:
    """Without repetitions, and without an index that is named as an address too."""
    by_address = {(f.kind, f.path, f.line) for f in faults if not _INDEX.match(f.message)}
    return dict.fromkeys(f for f in faults if not (_INDEX.match(f.message) and (f.kind, f.path, f.line) in by_address))


def _legal(source: Source, fault: Fault) -> bool:
    """Whether the source shows that something is as CUDA has it."""
    if fault.kind == "divergent-barrier" and _AWAY.match(fault.message):
        # threads that left by `return` need not come; those that went around the barrier must
        kernels = [k for k in source.kernels if fault.kernel in (k.qualified, k.python_name, k.name)]
        return any(_LEAVES.search(k.text) for k in kernels)
    if host := _HOST.search(fault.message):
        name = re.escape(plain_symbol(host[1]))
        return re.search(rf"\b__(?:device|constant|managed)__\b[^;(){{}}]*\b{name}\b", source.text) is not None
    if fault.kind == "out-of-bounds" and (index := _INDEX.match(fault.message)):
        # `s[0][i]` reaches over the rows of one shared array: whether it leaves the array is seen by its address
        name = _subscripted(_line(source, fault), int(index[1]))
        declared = rf"\b__shared__\b[^;{{}}]*\b{re.escape(name)}\s*\[[^\]]*\]\s*\["
        return name != "" and re.search(declared, source.text) is not None
    return False


def plain_symbol(name: str) -> str:
    """The last identifier of a linker's name: `table` of `_ZN3abcL5tableE`."""
    parts: list[str] = []
    rest = name
    while match := re.search(r"(\d+)(?=[A-Za-z_])", rest):
        parts.append(rest[match.end() : match.end() + int(match[1])])
        rest = rest[match.end() + int(match[1]) :]
    return parts[-1] if parts and name.startswith("_Z") else name.split(".")[0]


def _line(source: Source, fault: Fault) -> str:
    try:
        lines = (source.raw if fault.path == source.path else Path(fault.path).read_text(errors="replace")).splitlines()
        return lines[fault.line - 1]
    except (OSError, IndexError):
        return ""


def _subscripted(line: str, column: int) -> str:
    """The name whose second or later subscript is around this column."""
    for match in re.finditer(r"\b([A-Za-z_]\w*)\s*(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\]\s*){2,}", line):
        if match.start() < column <= match.end() + 1:
            return match[1]
    return ""


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
        out = subprocess.run(
            command, capture_output=True, text=True, timeout=60, errors="replace", check=False, env=without_secrets()
        ).stdout
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
