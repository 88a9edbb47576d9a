"""What the child does to itself before anything is loaded: limits, namespaces, Landlock, seccomp.

Each wall is tried; what really stands is named in the tier ("namespaces+landlock+seccomp+rlimits"). Only the standard
library is imported here, because a user namespace needs a process with one thread.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from cuport.sandbox import linux, seccomp

# What Python and the numeric libraries read of the system. Nothing of /proc but these, nothing of any home.
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/lib32",
    "/bin",
    "/sbin",
    "/opt/rocm",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/alternatives",
    "/nix/store",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/filesystems",
    "/proc/sys/vm",
    "/proc/sys/kernel",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_GPU_READABLE = ("/proc/driver", "/sys/bus", "/sys/class", "/sys/devices", "/sys/module")


Grade: TypeAlias = Literal["full", "reduced", "none"]


@dataclass(frozen=True)
class Boot:
    """What the parent tells the child on its command line (as JSON). Paths are absolute."""

    job: str  # the job directory
    handshake: int  # file descriptor; one JSON line is written to it before the candidate is loaded
    readable: tuple[str, ...]  # beyond the system's own
    own_user: bool  # started under a user id of its own
    cores: int
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    processes: int
    open_files: int
    scratch_bytes: int
    without: tuple[str, ...]  # walls that are left out, to see what the others hold
    unsafe: bool  # run even if too little stands
    bubblewrap: bool  # already inside bubblewrap
    gpu: bool


def enter(boot: Boot) -> list[str]:
    """Raise the walls that must stand before any library is loaded; give their names.

    Comes back in the process that is to run the job: where there is a PID namespace, that is a child, and the process
    that was called stays behind to wait for it and to end as it ended.
    """
    walls: list[str] = []
    os.umask(0o077)
    if sys.platform != "linux":
        return walls
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    if boot.own_user:
        walls.append("user")
    if boot.bubblewrap:
        walls.append("bubblewrap")
        _few_processes(boot.processes)
    elif "namespaces" not in boot.without and _namespaces(boot):
        walls.append("namespaces")
    _some_cores(boot.cores)
    _limits(boot, own_count=bool(walls))
    if "landlock" not in boot.without and _landlock(boot):
        walls.append("landlock")
    with contextlib.suppress(OSError):
        linux.drop_capabilities()
    return walls


def lock(boot: Boot, *, may_start_processes: bool) -> list[str]:
    """The wall that comes after the libraries and before the candidate: the system call filter."""
    if "seccomp" in boot.without:
        return []
    try:
        seccomp.install(may_start_processes=may_start_processes)
    except OSError:
        return []
    return ["seccomp"]


def tier(walls: list[str]) -> str:
    """The sandbox's name for the evidence."""
    return "+".join([*(walls or ["process"]), "rlimits"])


def grade(walls: Iterable[str]) -> Grade:
    """What the walls are good for.

    full      no file, process, network or other user's rights within reach
    reduced   the same by fewer walls: one mistake in the kernel or in our filter is enough
    none      something within reach: nothing runs, unless the user says so
    """
    standing = set(walls)
    if "seccomp" not in standing or not standing & {"landlock", "bubblewrap"}:
        return "none"
    return "full" if "landlock" in standing and standing & {"namespaces", "bubblewrap"} else "reduced"


def _namespaces(boot: Boot) -> bool:
    """No network, no sight of other processes, a read-only system. False where the system does not allow all of it."""
    uid, gid = os.getuid(), os.getgid()
    isolated = linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS | linux.CLONE_NEWPID | linux.CLONE_NEWNS
    try:
        linux.unshare(linux.CLONE_NEWUSER | isolated)
    except OSError:
        return False
    mapped = False
    with contextlib.suppress(OSError):
        for name, text in (("setgroups", "deny"), ("gid_map", f"{gid} {gid} 1"), ("uid_map", f"{uid} {uid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        mapped = True
    child = os.fork()
    if child:
        _stand_for(child)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    _few_processes(boot.processes)
    if not mapped:  # nobody inside cannot make files in memory; what stands is not claimed
        return False
    try:
        if not boot.gpu:
            with contextlib.suppress(OSError):  # Landlock still shuts the files that are in sight then
                linux.own_root(f"{boot.job}/tmp", _shown(boot), boot.job)
        linux.read_only_but(_written(boot), f"{boot.job}/tmp", boot.scratch_bytes)
        os.chdir(f"{boot.job}/tmp")  # once more: the old one lies under the new mount
    except OSError:
        return False  # the other namespaces stand, but the tier does not claim them all
    return True


def _written(boot: Boot) -> tuple[str, ...]:
    """The only files outside its temporary folder that the child writes; the parent made them."""
    return tuple(f"{boot.job}/out/{name}" for name in ("outputs.bin", "status.bin", "records.jsonl"))


def _shown(boot: Boot) -> list[str]:
    """What is in sight of a root of one's own; longer paths last, so that those inside of others are left out."""
    system = [path for path in SYSTEM if not path.startswith("/proc")]
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.realpath(sys.executable)))
    paths = {*system, *boot.readable, *python, *map(os.path.realpath, (*python, *boot.readable))}
    return [*sorted(paths, key=len), *_DEVICES]


def _few_processes(count: int) -> None:
    """Bound the PID namespace itself (Linux 6.14): RLIMIT_NPROC does not count against root.

    The kernel wants more than 300, which it never uses twice.
    """
    with contextlib.suppress(OSError), open("/proc/sys/kernel/pid_max", "w") as file:
        file.write(str(count + 300))


def _stand_for(child: int) -> NoReturn:
    """Wait for the namespace's first process and end as it did. When it dies, the kernel ends all others in there."""
    while True:
        try:
            _, status = os.waitpid(child, 0)
            break
        except InterruptedError:
            continue
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code not in (signal.SIGKILL, signal.SIGSTOP) else None
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


def _some_cores(count: int) -> None:
    """Run on `count` of the allowed processors, picked so that children at the same time spread out."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) > count:
        first = int.from_bytes(os.urandom(4), "little")
        os.sched_setaffinity(0, {allowed[(first + i) % len(allowed)] for i in range(count)})


def _limits(boot: Boot, *, own_count: bool) -> None:
    """`own_count`: processes are counted for this sandbox alone, not for everything the user runs."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: boot.file_bytes,
        resource.RLIMIT_NOFILE: boot.open_files,
    }
    if not boot.gpu:  # a GPU's memory is mapped into the address space, many times over
        wanted[resource.RLIMIT_AS] = boot.memory_bytes
    if own_count:
        wanted[resource.RLIMIT_NPROC] = boot.processes
    with contextlib.suppress(ValueError):  # a tighter one is there already
        # SIGXCPU first, which names the limit; SIGKILL for who ignores it
        resource.setrlimit(resource.RLIMIT_CPU, (boot.cpu_seconds, boot.cpu_seconds + 2))
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _landlock(boot: Boot) -> bool:
    gpu = _GPU_READABLE if boot.gpu else ()
    devices = ("/dev",) if boot.gpu else _DEVICES
    readable = (*SYSTEM, *gpu, *boot.readable, sys.prefix, sys.base_prefix)
    try:
        linux.landlock(readable, (boot.job,), (*_written(boot), f"{boot.job}/tmp", *devices))
    except OSError:
        return False
    return True
