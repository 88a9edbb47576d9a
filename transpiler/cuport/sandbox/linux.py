"""The few Linux system calls that confinement needs, through ctypes: prctl, unshare, Landlock, seccomp.

Only the standard library is imported: this runs before anything that could start a thread.
Sources: landlock(7), seccomp(2), unshare(2), prctl(2) and the kernel's uapi headers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable

LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT = 47

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPABILITY_VERSION_3, _LAST_CAPABILITY = 0x20080522, 63
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1

_LANDLOCK_CREATE_RULESET = 444  # the same numbers on every architecture
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_RULE_PATH_BENEATH = 1

# Access rights of landlock(7), by the bit.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REFER, _TRUNCATE, _IOCTL_DEV = 0, 1, 2, 3, 13, 14, 15
_FILE_RIGHTS = {_EXECUTE, _WRITE_FILE, _READ_FILE, _TRUNCATE, _IOCTL_DEV}
_READ = {_EXECUTE, _READ_FILE, _READ_DIR}


def _call(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    """prctl(2) with one argument. Raises OSError."""
    _call(LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")


def unshare(flags: int) -> None:
    """unshare(2). A user namespace needs a single-threaded caller. Raises OSError."""
    _call(LIBC.unshare(ctypes.c_int(flags)), "unshare")


def drop_capabilities() -> None:
    """Give up every special right, for good (no_new_privs keeps exec from giving one back). Raises OSError."""
    for number in range(_LAST_CAPABILITY + 1):
        LIBC.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0)  # fails beyond the last, or without the right to
    header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
    _call(LIBC.capset(ctypes.c_char_p(header), ctypes.c_char_p(bytes(24))), "capset")


def read_only_but(writable: Iterable[str], scratch: str, scratch_bytes: int) -> None:
    """Make every mount read-only but these files, so that rights and times cannot be changed either.

    `scratch` becomes an empty file system in memory of at most `scratch_bytes`, gone with the namespace.

    Needs a mount namespace of one's own, with the rights over it. Raises OSError, also before Linux 5.12.
    """

    def read_only(path: str, *, on: bool, recursive: bool) -> None:
        bit = _MOUNT_ATTR_RDONLY
        attributes = struct.pack("<QQQQ", bit if on else 0, 0 if on else bit, 0, 0)  # set, clear, propagation, user ns
        syscall(
            _MOUNT_SETATTR,
            ctypes.c_int(_AT_FDCWD),
            ctypes.c_char_p(path.encode()),
            ctypes.c_uint(_AT_RECURSIVE if recursive else 0),
            ctypes.c_char_p(attributes),
            ctypes.c_size_t(len(attributes)),
        )

    places = tuple(writable)
    _mount(None, "/", _MS_REC | _MS_PRIVATE)
    for place in places:
        _mount(place, place, _MS_BIND)
    options = f"size={scratch_bytes},nr_inodes={max(scratch_bytes >> 14, 1024)},mode=700"
    _mount("tmpfs", scratch, _MS_NOSUID | _MS_NODEV, "tmpfs", options)
    read_only("/", on=True, recursive=True)
    for place in (*places, scratch):
        read_only(place, on=False, recursive=False)


def own_root(root: str, shown: Iterable[str], folder: str) -> None:
    """Make the empty folder `root` the root of the file system, holding nothing but `shown`, at the same paths, a fresh
    /proc and `folder` (without what is mounted in it). Paths that do not exist are skipped.

    Needs a mount and a PID namespace of one's own. Raises OSError; then nothing that matters has changed.
    """
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(38, f"no system call table for {platform.machine()}")
    _mount(None, "/", _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, _MS_NOSUID | _MS_NODEV, "tmpfs", "size=1m,mode=755")
    os.mkdir(f"{root}/proc")
    try:
        _mount("proc", f"{root}/proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "proc")
    except OSError:  # where part of /proc is covered, the kernel refuses one that is not
        _mount("/proc", f"{root}/proc", _MS_BIND | _MS_REC)
    for path in shown:
        place = root + path
        if os.path.lexists(place) or not os.path.exists(path):
            continue
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if os.path.islink(path):
            os.symlink(os.readlink(path), place)
        elif os.path.isdir(path):
            os.mkdir(place)
            _mount(path, place, _MS_BIND | _MS_REC)
        else:
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
            _mount(path, place, _MS_BIND)
    os.makedirs(root + folder, exist_ok=True)
    _mount(folder, root + folder, _MS_BIND)
    os.chdir(root)
    syscall(number, ctypes.c_char_p(b"."), ctypes.c_char_p(b"."))
    _call(LIBC.umount2(b".", ctypes.c_int(_MNT_DETACH)), "umount of the old root")
    os.chdir("/")


def _mount(source: str | None, target: str, flags: int, kind: str | None = None, options: str | None = None) -> None:
    told = [text.encode() if text is not None else None for text in (source, target, kind, options)]
    _call(LIBC.mount(*told[:3], ctypes.c_ulong(flags), told[3]), f"mount {target}")


def syscall(number: int, *args: ctypes._SimpleCData[int] | ctypes.c_char_p | int | None) -> int:
    """syscall(2). Raises OSError."""
    return _call(LIBC.syscall(ctypes.c_long(number), *args), f"system call {number}")


def landlock_abi() -> int:
    """The kernel's Landlock version, 0 if it has none."""
    try:
        return syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    except OSError:
        return 0


def landlock(readable: Iterable[str], data: Iterable[str], writable: Iterable[str]) -> int:
    """Shut this process and its children out of every file but these, and out of TCP, for good; give the ABI used.

    Nothing is executed but what is `readable`: not `data`, nor what the process writes. Paths that do not exist are
    skipped. Needs no_new_privs. Raises OSError where Landlock is missing.
    """
    abi = landlock_abi()
    if abi < 1:
        raise OSError(38, "Landlock is not available")
    rights = set(range(13)) | ({_REFER} if abi >= 2 else set()) | ({_TRUNCATE} if abi >= 3 else set())
    rights |= {_IOCTL_DEV} if abi >= 5 else set()
    everything = _mask(rights)
    # handled_access_fs, handled_access_net (bind, connect), scoped (abstract sockets, signals to the outside)
    attributes = struct.pack("<QQQ", everything, 3, 3)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = syscall(
        _LANDLOCK_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    )
    try:
        for path in readable:
            _allow(ruleset, path, _READ & rights)
        for path in data:
            _allow(ruleset, path, (_READ - {_EXECUTE}) & rights)
        for path in writable:
            _allow(ruleset, path, rights - {_EXECUTE})
        syscall(_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, rights: set[int]) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights = rights & _FILE_RIGHTS
        rule = struct.pack("<Qi", _mask(rights), place)
        syscall(
            _LANDLOCK_ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_RULE_PATH_BENEATH),
            ctypes.c_char_p(rule),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(place)


def _mask(bits: Iterable[int]) -> int:
    return sum(1 << bit for bit in bits)
