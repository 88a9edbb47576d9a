"""From how a child ended and what it left behind to typed outputs and failures."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from cuport.candidate import BuildRecord, Failure, FailureKind, Outputs
from cuport.case import Case
from cuport.sandbox.job import State, clean
from cuport.sandbox.limits import Limits
from cuport.sandbox.process import Ended
from cuport.sandbox.workspace import Workspace

_MEMORY = re.compile(r"MemoryError|bad_alloc|RESOURCE_EXHAUSTED|[Oo]ut of memory|Cannot allocate|can't allocate memory")
_CRASH_LINE = re.compile(r'File "[^"\n]*/port\.py", line (\d+)')


def outputs(workspace: Workspace, cases: Sequence[Case], ended: Ended, limits: Limits) -> list[Outputs]:
    """One `Outputs` a case, in order. Cases after the one that ended the child were not run, and say so."""
    started = start_failure(workspace, ended, limits)
    if started is not None:
        return [Outputs(failure=started)] * len(cases)
    found: list[Outputs] = []
    fatal: Failure | None = None
    for index, case in enumerate(cases):
        state = ended.states[index + 1]
        if state is State.DONE:
            found.append(workspace.outputs(index, case))
        elif state is State.FAILED:
            found.append(Outputs(failure=workspace.failure(index + 1, limits.message_chars)))
        elif fatal is None:
            fatal = death(ended, limits)
            found.append(Outputs(failure=fatal))
        else:
            found.append(
                Outputs(
                    failure=Failure(fatal.kind, f"not run, since an earlier case ended the process: {fatal.message}")
                )
            )
    return found


def records(
    workspace: Workspace, cases: Sequence[Case], ended: Ended, limits: Limits
) -> tuple[list[BuildRecord], list[str]]:
    """Build records and notes; a child that did not finish adds a failed record."""
    found, notes = workspace.records(limits.message_chars)
    failure = start_failure(workspace, ended, limits)
    if failure is None and ended.states[1] is State.FAILED:
        failure = workspace.failure(1, limits.message_chars)
    elif failure is None and ended.states[1] is not State.DONE:
        failure = death(ended, limits)
    if failure is not None:
        where = f"line {failure.line}: " if failure.line else ""
        found.append(BuildRecord("any", "lowered", False, f"{failure.kind}: {where}{failure.message}"))
    return found, notes


def start_failure(workspace: Workspace, ended: Ended, limits: Limits) -> Failure | None:
    """Why no case was even tried; None if the port was loaded."""
    missing = (ended.hello or {}).get("missing")
    if missing is not None:
        return Failure("missing-target", clean(str(missing), limits.message_chars))
    if ended.states[0] is State.FAILED:
        return workspace.failure(0, limits.message_chars)
    if ended.states[0] is not State.DONE:
        failure = death(ended, limits)
        return (
            Failure("import", f"loading the file: {failure.message}", failure.line)
            if failure.kind == "crash"
            else failure
        )
    return None


def death(ended: Ended, limits: Limits) -> Failure:
    """Why the child is dead although it had not finished."""
    if ended.timeout:
        return Failure("timeout", ended.timeout)
    if ended.overrun:
        return Failure("limit", ended.overrun)
    number = signal_of(ended.returncode)
    lines = _CRASH_LINE.findall(ended.tail)
    line = int(lines[0]) if lines else None  # faulthandler prints the innermost frame first
    kind: FailureKind = "crash"
    # The first process of a PID namespace ignores SIGXCPU; what ends it then is SIGKILL.
    if number == signal.SIGXCPU or (number == signal.SIGKILL and ended.cpu_seconds >= ended.cpu_limit - 1 > 0):
        spent = f" ({ended.cpu_limit:g} s, all threads together)" if ended.cpu_limit else ""
        return Failure("timeout", f"the limit on processor time was passed{spent}")
    if number == signal.SIGKILL:
        return Failure(
            "memory", f"the process was killed, most likely for want of memory (limit {limits.memory_bytes} bytes)"
        )
    if number == signal.SIGABRT and _MEMORY.search(ended.tail):
        kind = "memory"
    tail = clean(ended.tail.strip()[-400:], min(400, limits.message_chars))
    message = f"the process ended with {ending(ended.returncode)} before it had finished"
    return Failure(kind, f"{message}; it last printed: {tail}" if tail else message, line)


def signal_of(returncode: int) -> int:
    """The signal behind a return code, also where a wrapper turned it into 128 + n; 0 for none."""
    if returncode < 0:
        return -returncode
    return returncode - 128 if 128 < returncode < 128 + signal.NSIG else 0


def ending(returncode: int) -> str:
    """`signal SIGSEGV` or `exit code 3`."""
    number = signal_of(returncode)
    if number in signal.valid_signals():
        try:
            return f"signal {signal.Signals(number).name}"
        except ValueError:
            pass
    return f"exit code {returncode}"
