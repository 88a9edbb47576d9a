"""From several kernels' ports to one translation file; what is judged is the text that gets written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cuport.batch.docstring import Piece, docstring_of
from cuport.case import Case
from cuport.kernel import Kernel
from cuport.pipeline import Program, Road, undecided
from cuport.store.merge import merge
from cuport.targets.base import Target
from cuport.translators.base import Attempt, Translator
from cuport.verdict import Status, Verdict


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one translator came to for one kernel."""

    kernel: Kernel
    piece: Piece | None
    verdict: Verdict

    @property
    def accepted(self) -> bool:
        return self.verdict.status is Status.ACCEPTED


class PortFile:
    """The file of one source and target, in the making."""

    def __init__(self, road: Road, program: Program, target: Target) -> None:
        self._road, self._program, self._target = road, program, target
        self._seen: dict[tuple[str, str], Verdict] = {}  # (code, kernel) -> its verdict in this run

    def together(self, kernels: Sequence[Kernel], translator: Translator) -> list[Outcome]:
        """Ask once for every kernel, and judge the file of all answers; what fails leaves the file."""
        outcomes: dict[str, Outcome] = {}
        pieces: list[Piece] = []
        for kernel in kernels:
            proposal = self._road.propose(self._program, kernel, self._target, translator)
            if proposal.candidate is None:
                verdict = undecided(self._program.source, kernel, self._target, proposal.diagnostics)
                outcomes[kernel.python_name] = Outcome(kernel, None, verdict)
            else:
                pieces.append(Piece(kernel, proposal.candidate, self._example(kernel)))
        _, verdicts = self.judged(pieces)
        for piece in pieces:
            outcomes[piece.kernel.python_name] = Outcome(piece.kernel, piece, verdicts[piece.kernel.python_name])
        return [outcomes[k.python_name] for k in kernels]

    def one_by_one(self, kernels: Sequence[Kernel], translator: Translator) -> list[Outcome]:
        """Ask for each kernel until its port is accepted or the attempts end, with each failure as feedback."""
        return [self._repaired(kernel, translator) for kernel in kernels]

    def judged(self, pieces: Sequence[Piece]) -> tuple[str, dict[str, Verdict]]:
        """The text of the file of those pieces that hold in it, and the verdict of each piece."""
        verdicts: dict[str, Verdict] = {}
        left = list(pieces)
        while left:
            code = self._code(left)
            for piece in left:
                verdicts[piece.kernel.python_name] = self._verdict(code, piece, left)
            failed = [p for p in left if verdicts[p.kernel.python_name].status is not Status.ACCEPTED]
            if not failed:
                return code, verdicts
            left = [p for p in left if p not in failed]
        return "", verdicts

    def rejected_at(self, kernel: Kernel) -> Path:
        """Where a rejected port of this kernel is kept, which is where its replay command looks for it."""
        name = f"{Path(self._program.source.path).stem}_{kernel.python_name}_{self._target.name}.py"
        return self._road.settings.work_dir / "rejected" / name

    def _repaired(self, kernel: Kernel, translator: Translator) -> Outcome:
        best: Outcome | None = None
        attempts: list[Attempt] = []
        for _ in range(self._road.settings.attempts):
            proposal = self._road.propose(self._program, kernel, self._target, translator, attempts)
            candidate = proposal.candidate
            if candidate is None:
                verdict = undecided(self._program.source, kernel, self._target, proposal.diagnostics)
                return more_telling(best, Outcome(kernel, None, verdict))
            piece = Piece(kernel, candidate, self._example(kernel))
            verdict = self.judged([piece])[1][kernel.python_name]
            best = more_telling(best, Outcome(kernel, piece, verdict))
            if verdict.status in (Status.ACCEPTED, Status.FAILED):
                break
            if any(a.candidate.code == candidate.code for a in attempts):
                break  # it has nothing new to say
            attempts.append(Attempt(candidate, verdict))
        assert best is not None, "the attempt budget is at least one"
        return best

    def _verdict(self, code: str, piece: Piece, all_of: Sequence[Piece]) -> Verdict:
        key = (code, piece.kernel.python_name)
        if key not in self._seen:
            names = tuple(p.kernel.python_name for p in all_of)
            whole = replace(piece.candidate, code=code, kernels=names)
            port = str(self.rejected_at(piece.kernel))
            self._seen[key] = self._road.try_candidate(self._program, piece.kernel, self._target, whole, port=port)
        return self._seen[key]

    def _code(self, pieces: Sequence[Piece]) -> str:
        try:
            docstring = docstring_of(Path(self._program.source.path), self._target.label, pieces)
            return merge([(p.kernel.python_name, p.candidate.code) for p in pieces], docstring)
        except SyntaxError:  # only a single piece may be no Python: the screen says where
            return pieces[0].candidate.code

    def _example(self, kernel: Kernel) -> Case | None:
        captured = self._program.of(kernel)
        return captured[0].case if captured else None


_TELLING = (Status.FAILED, Status.UNSUPPORTED, Status.INCONCLUSIVE, Status.REJECTED, Status.ACCEPTED)


def more_telling(a: Outcome | None, b: Outcome) -> Outcome:
    """The later of two outcomes unless the earlier says more."""
    if a is None or _TELLING.index(b.verdict.status) >= _TELLING.index(a.verdict.status):
        return b
    return a
