"""What a reviewer needs of one port: the text it is compared with, and whether this text was ever accepted."""

from __future__ import annotations

from collections.abc import Iterator

from cuport.batch.accepted import recall
from cuport.batch.discover import PortJob
from cuport.batch.translate import unified
from cuport.batch.verify import functions_of, read_port
from cuport.candidate import Candidate, Provenance
from cuport.kernel import Source
from cuport.pipeline import Program, Road
from cuport.review.diff import PortChange, text_at
from cuport.store import Store


def change_of(store: Store, job: PortJob, base: str | None) -> PortChange:
    """The port against a git revision, or against the text accepted last. Raises CuportError (`review.*`)."""
    new = read_port(job.port)
    if base is not None:
        old, name = text_at(base, job.port), f"git {base}"
    else:
        kept = recall(store, job.source, job.target)
        old = kept or ""
        name = "the port accepted last" if kept is not None else "nothing (no port of it was accepted on this machine)"
    return PortChange(job.source, job.port, name, unified(old, new, job.port))


def standing(road: Road, job: PortJob, source: Source) -> Iterator[str]:
    """One line a kernel: its verdict, if exactly this port was judged on this machine with the same settings."""
    code = read_port(job.port)
    candidate = Candidate(job.target.name, code, tuple(sorted(functions_of(job.port, code))), Provenance("file"))
    program = Program(source, (), ())
    for kernel in source.kernels:
        verdict = road.known_verdict(program, kernel, job.target, candidate)
        said = verdict.status if verdict else "not judged yet: cuport verify"
        yield f"{job.port.name} {kernel.python_name}: {said}"
