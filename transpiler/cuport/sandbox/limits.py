"""What one sandboxed run may use. Seconds are wall-clock, sizes are bytes."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Limits of one child process, which runs every case of one candidate.

    `start_seconds` covers starting Python, importing the target and loading the port; `case_seconds` is the longest any
    one case may take (compiling included); `total_seconds` caps the whole run, however many cases there are.
    """

    start_seconds: float = 120.0
    case_seconds: float = 60.0
    build_seconds: float = 300.0  # all compiles and lowerings of one candidate together
    total_seconds: float = 1200.0
    memory_bytes: int = 12 * GIB  # address space; JAX alone reserves about 4 GiB of it without touching it
    file_bytes: int = 256 * MIB  # largest file it may write, beyond the declared outputs
    scratch_bytes: int = 512 * MIB  # all files in its temporary folder together
    cpu_seconds: float = 0.0  # processor time of all its threads together; 0: what `cores` can use up in the wall clock
    cores: int = 4  # processors it may run on; more would mean more threads, and several children run at once
    processes: int = 512  # threads count as processes; XLA and torch start one a core and more
    open_files: int = 512
    message_chars: int = 2000  # of any foreign text that is kept

    def deadline(self, cases: int) -> float:
        """Seconds the whole run of `cases` cases may take."""
        return min(self.total_seconds, self.start_seconds + cases * self.case_seconds)

    def processor_seconds(self, wall: float) -> int:
        """Processor time of a run that may take `wall` seconds."""
        return max(1, int(self.cpu_seconds)) if self.cpu_seconds else int(wall * self.cores) + 10
