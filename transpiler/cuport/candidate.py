"""`Candidate`: a proposed port, where it came from, what building and running it gave."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from cuport.case import Array


@dataclass(frozen=True)
class Provenance:
    """Who wrote a candidate. Tokens and cost are zero where no model was asked."""

    translator: str  # file | rules | llm | command
    model: str = ""
    prompt_digest: str = ""
    attempt: int = 1
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0  # US dollars, from the configured price table
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A translation file's text for one target. `kernels`: Python names of the kernels it claims to port."""

    target: str
    code: str
    kernels: tuple[str, ...]
    provenance: Provenance

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.target}\0{self.code}".encode()).hexdigest()


@dataclass(frozen=True)
class BuildRecord:
    """One compile or lowering. `kind` keeps the two words apart: only `compiled` produced machine code."""

    platform: str  # "cuda:90", "hip:gfx942", "tpu", "rocm", ...
    kind: Literal["compiled", "lowered"]
    ok: bool
    detail: str = ""  # specialisation or the tool's message, trimmed
    artifact: str = ""  # digest of what was produced


@dataclass(frozen=True)
class Build:
    """All compiles and lowerings of one kernel's port."""

    records: tuple[BuildRecord, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return bool(self.records) and all(r.ok for r in self.records)


FailureKind = Literal[
    "import", "contract", "exception", "crash", "timeout", "memory", "output", "missing-target", "unsupported", "limit"
]


@dataclass(frozen=True)
class Failure:
    """Why a candidate gave no outputs. `message` is foreign text: shown escaped and trimmed, never believed."""

    kind: FailureKind
    message: str
    line: int | None = None  # in the candidate, where known


@dataclass(frozen=True, eq=False)
class Outputs:
    """A candidate's buffers after one case, in the order of `Case.buffers`; or why there are none."""

    arrays: tuple[Array, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, eq=False)
class Execution:
    """A candidate run over some cases: `outputs[i]` belongs to `cases[i]`."""

    outputs: tuple[Outputs, ...]
    how: Literal["gpu", "compiled-cpu", "interpreted"]
    sandbox: str  # the tier it ran in
    versions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())
