"""A seccomp filter that takes away what no port needs: new processes, sockets, tracing, mounts, signals to others.

Denied calls fail with EPERM, so that a library that merely probes goes on. The filter covers every thread (TSYNC).
Sources: seccomp(2), the kernel's system call tables for x86-64 and AArch64.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence

from cuport.sandbox.linux import syscall

_LOAD, _JUMP_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JSET|K, BPF_RET
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_NR, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24  # offsets in struct seccomp_data (little endian: the low word comes first)
_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag, time included
_X32 = 0x40000000

_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP = {"x86_64": 317, "aarch64": 277}

# name: (x86-64, AArch64); None where the architecture has no such call
_ALWAYS_DENIED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "socket": (41, 198),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "personality": (135, 92),
    # what would outlive the process, or change another one of the same user
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "process_mrelease": (448, 448),
    "ioperm": (173, None),
    "iopl": (172, None),
    "modify_ldt": (154, None),
    "vhangup": (153, 58),
    "fanotify_init": (300, 262),
    "syslog": (103, 116),
}
# What only a compiler that is run as a program needs: starting it, and giving files rights.
_FOR_COMPILERS: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
}
_CLONE: dict[str, int] = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_SIGNALS: dict[str, tuple[int, int]] = {"x86_64": (62, 234), "aarch64": (129, 131)}  # kill, tgkill
_OWN_ONLY: dict[str, tuple[int, int]] = {"x86_64": (302, 203), "aarch64": (261, 122)}  # prlimit64, sched_setaffinity
_PRCTL: dict[str, int] = {"x86_64": 157, "aarch64": 167}
_FCNTL: dict[str, int] = {"x86_64": 72, "aarch64": 25}
_SET_PDEATHSIG = 1  # without it a child could outlive a cuport that was killed
_SIGNAL_OTHERS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: have the kernel signal any process of this user


def available() -> bool:
    """Whether this kernel filters system calls, and we know its table."""
    machine = platform.machine()
    if machine not in _ARCHITECTURE:
        return False
    get_action, refuse = 2, struct.pack("<I", _ERRNO)  # SECCOMP_GET_ACTION_AVAIL
    try:
        syscall(_SECCOMP[machine], ctypes.c_uint(get_action), ctypes.c_uint(0), ctypes.c_char_p(refuse))
    except OSError:
        return False
    return True


def install(*, may_start_processes: bool) -> None:
    """Put the filter in place, for good. Needs no_new_privs. Raises OSError, also on other architectures."""
    machine = platform.machine()
    if machine not in _ARCHITECTURE:
        raise OSError(_ENOSYS, f"no system call table for {machine}")
    program = b"".join(_program(machine, may_start_processes))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    set_filter, all_threads = 1, 1  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
    failed = syscall(_SECCOMP[machine], ctypes.c_uint(set_filter), ctypes.c_uint(all_threads), ctypes.c_char_p(header))
    if failed:  # TSYNC gives the thread that could not take the filter
        raise OSError(_EPERM, f"thread {failed} could not be filtered")


def _program(machine: str, may_start_processes: bool) -> list[bytes]:
    column = 0 if machine == "x86_64" else 1
    code = [
        _op(_LOAD, _ARCH),
        _op(_JUMP_EQUAL, _ARCHITECTURE[machine], 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NR),
    ]
    if machine == "x86_64":
        code += [_op(_JUMP_SET, _X32, 0, 1), _op(_RETURN, _ERRNO | _EPERM)]
    denied = dict(_ALWAYS_DENIED) if may_start_processes else {**_ALWAYS_DENIED, **_FOR_COMPILERS}
    for numbers in denied.values():
        number = numbers[column]
        if number is not None:
            code += [_op(_JUMP_EQUAL, number, 0, 1), _op(_RETURN, _ERRNO | _EPERM)]
    code += _arguments(_PRCTL[machine], _ARG0, (_SET_PDEATHSIG,), allowed=False)
    code += _arguments(_FCNTL[machine], _ARG1, _SIGNAL_OTHERS, allowed=False)
    # To this process (or, by 0, its own group) only; a compiler that hangs is ended from outside.
    for number in (*_OWN_ONLY[machine], *_SIGNALS[machine]):
        code += _arguments(number, _ARG0, (0, os.getpid()), allowed=True)
    # clone3 hides its flags behind a pointer; ENOSYS makes the C library fall back to clone.
    code += [_op(_JUMP_EQUAL, _CLONE3, 0, 1), _op(_RETURN, _ERRNO | _ENOSYS)]
    if may_start_processes:
        code += [
            _op(_JUMP_EQUAL, _CLONE[machine], 0, 4),
            _op(_LOAD, _ARG0),
            _op(_JUMP_SET, _CLONE_NAMESPACES, 1, 0),
            _op(_RETURN, _ALLOW),
            _op(_RETURN, _ERRNO | _EPERM),
        ]
    else:
        code += [
            _op(_JUMP_EQUAL, _CLONE[machine], 0, 4),
            _op(_LOAD, _ARG0),
            _op(_JUMP_SET, _CLONE_THREAD, 0, 1),
            _op(_RETURN, _ALLOW),
            _op(_RETURN, _ERRNO | _EPERM),
        ]
    return [*code, _op(_RETURN, _ALLOW)]


def _arguments(number: int, argument: int, values: Sequence[int], *, allowed: bool) -> list[bytes]:
    """System call `number` with its 32-bit `argument` among `values` is allowed, or is what is not."""
    count = len(values)
    tests = [_op(_JUMP_EQUAL, value, count - i, 0) for i, value in enumerate(values)]
    found, other = (_ALLOW, _ERRNO | _EPERM) if allowed else (_ERRNO | _EPERM, _ALLOW)
    return [
        _op(_JUMP_EQUAL, number, 0, count + 3),
        _op(_LOAD, argument),
        *tests,
        _op(_RETURN, other),
        _op(_RETURN, found),
    ]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)
