"""Hand-broken copies of the examples' ports: each is the accepted port with one edit, listed in <example>.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
TARGETS = ("jax", "triton")


@dataclass(frozen=True)
class Broken:
    """A wrong port. `kernel` is the one that the edit breaks; the others of the file stay right.

    `witness` is False where plain execution on the CPU cannot show the fault (the entry says why).
    """

    example: str
    target: str
    fault: str
    kernel: str
    code: str
    witness: bool = True

    @property
    def id(self) -> str:
        return f"{self.example}-{self.target}-{self.fault[:40].replace(' ', '_')}"


def source_path(example: str) -> Path:
    return EXAMPLES / example / f"{example}.cu"


def port_path(example: str, target: str) -> Path:
    return EXAMPLES / example / f"{example}_{target}.py"


def example_names() -> list[str]:
    """Examples that have broken copies, which is all of them."""
    return sorted(p.stem for p in HERE.glob("*.toml"))


@cache
def broken_ports(example: str, target: str) -> tuple[Broken, ...]:
    """The broken copies of one port. Raises ValueError if an edit does not match the port exactly once."""
    good = port_path(example, target).read_text()
    found = []
    for entry in tomllib.loads((HERE / f"{example}.toml").read_text())[target]:
        if good.count(entry["old"]) != 1:
            raise ValueError(
                f"{example}.toml, {target}, {entry['fault']}: `old` occurs {good.count(entry['old'])} times"
            )
        code = good.replace(entry["old"], entry["new"])
        witness = entry.get("witness", True)
        found.append(Broken(example, target, entry["fault"], entry["kernel"], code, witness))
    return tuple(found)


def all_broken() -> list[Broken]:
    return [b for example in example_names() for target in TARGETS for b in broken_ports(example, target)]
