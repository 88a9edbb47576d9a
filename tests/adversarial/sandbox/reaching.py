"""Probes that reach for the network, for files and for what the system keeps about other processes."""

from __future__ import annotations

from tests.adversarial.sandbox.probe import Probe

NETWORK = [
    Probe("TCP to the machine itself", "socket.create_connection(('127.0.0.1', WORLD['tcp']), 2).send(b'x')"),
    Probe("TCP over IPv6", "socket.socket(socket.AF_INET6).connect(('::ffff:127.0.0.1', WORLD['tcp']))"),
    Probe("UDP", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', WORLD['udp']))"),
    Probe("unix socket", "socket.socket(socket.AF_UNIX).connect(WORLD['unix'])"),
    Probe("abstract unix socket", "socket.socket(socket.AF_UNIX).connect('\\0' + WORLD['abstract'])"),
    Probe(
        "every other socket family",
        """
        opened = []
        for family in range(3, 46):
            if family in (socket.AF_INET6,): continue
            for kind in (1, 2, 3, 5):
                try: opened.append(socket.socket(family, kind))
                except OSError: pass
        if not opened: nothing()
        """,
    ),
    Probe("a socket by a raw system call", "call(41 if os.uname().machine == 'x86_64' else 198, 2, 1, 0)"),
    Probe("io_uring", "call(425, 8, ctypes.create_string_buffer(256))"),
    Probe(
        "name resolution",
        """
        try: socket.getaddrinfo("example.com", 80)
        except socket.gaierror: nothing()
        """,
    ),
]

FILES = [
    Probe("a file outside", "hunt([WORLD['open'] + '/secret'])"),
    Probe("a file outside, written", "open(WORLD['open'] + '/secret', 'w').write('x')"),
    Probe("a file outside, made", "open('/tmp/cuport-probe', 'w').close()", harmless=True),
    Probe("rights of a file outside", "os.chmod(WORLD['open'] + '/secret', 0o777)"),
    Probe("a file outside, removed", "os.unlink(WORLD['open'] + '/secret')"),
    Probe("the store of verdicts", "open(WORLD['cache'] + '/store.sqlite', 'r+b').write(b'x')"),
    Probe("cuport's own code", "open(sys.modules['cuport'].__file__, 'r+b')"),
    Probe("size and times of a file outside", "os.stat(WORLD['open'] + '/secret')"),
    Probe("its own inputs", "open('../inputs.bin', 'r+b')"),
    Probe("a file beside its outputs", "open('../out/more', 'w')"),
    Probe(
        "homes and system secrets",
        """
        seen = []
        for path in ("/etc/passwd", "/etc/shadow", "/root/.bashrc", "/root/.ssh", "/home", "/var/log", "/run"):
            try: seen.append(os.listdir(path) if os.path.isdir(path) else open(path).read(1))
            except OSError: pass
        if not any(seen): nothing()
        """,
    ),
    Probe(
        "symlink to a file outside",
        "os.symlink(WORLD['open'] + '/secret', 'link'); hunt(['link'])",
    ),
    Probe(
        "hard link to a file outside",
        "os.link(WORLD['open'] + '/secret', 'link'); hunt(['link'])",
    ),
    Probe(
        "an O_PATH descriptor reopened",
        """
        fd = os.open(WORLD["open"] + "/secret", os.O_PATH)
        hunt([f"/proc/self/fd/{fd}", f"/dev/fd/{fd}"])
        """,
    ),
    Probe("a file by its handle", "call(304, -100, ctypes.create_string_buffer(64), 0)"),
    Probe(
        "device nodes",
        """
        made = []
        for name, kind, device in (("mem", stat.S_IFCHR, os.makedev(1, 1)), ("disk", stat.S_IFBLK, os.makedev(254, 0)),
                                   ("sda", stat.S_IFBLK, os.makedev(8, 0))):
            try: os.mknod(name, kind | 0o666, device); open(name, "rb").read(1); made.append(name)
            except OSError: pass
        for path in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/kvm", "/dev/net/tun", "/dev/ptmx"):
            try: os.open(path, os.O_RDWR); made.append(path)
            except OSError: pass
        if not made: nothing()
        """,
    ),
    Probe(
        "a mount",
        """
        os.mkdir("m")
        check(libc.mount(WORLD["open"].encode(), b"m", None, 4096, None))
        """,
    ),
    Probe("chroot out of it", "os.mkdir('r'); os.chroot('r')"),
    Probe(
        "kernel settings",
        """
        wrote = []
        for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/pid_max", "/proc/sysrq-trigger",
                     "/proc/self/oom_score_adj", "/sys/kernel/mm/transparent_hugepage/enabled", "/proc/self/uid_map"):
            try: os.open(path, os.O_WRONLY); wrote.append(path)
            except OSError: pass
        if not wrote: nothing()
        """,
    ),
    Probe(
        "shared memory that stays",
        """
        made = []
        try: made.append(open("/dev/shm/cuport-probe", "wb"))
        except OSError: pass
        if libc.shmget(12345678, 4096, 0o1666) >= 0: made.append("System V")
        if not made: nothing()
        """,
        harmless=True,
    ),
]

_SIGNALS = """
        sent = []
        for send in (lambda: os.kill(WORLD["pid"], 10), lambda: os.kill(-1, 18), lambda: call(200, WORLD["pid"], 10),
                     lambda: os.killpg(WORLD["pid"], 10), lambda: call(234, WORLD["pid"], WORLD["pid"], 10),
                     lambda: call(129, WORLD["pid"], 10, ctypes.create_string_buffer(128))):
            try: send(); sent.append(send)
            except OSError: pass
        if not sent: nothing()
        """

PROCESSES = [
    Probe(
        "the environment of every process",
        "hunt(glob.glob('/proc/[0-9]*/environ') + ['/proc/1/environ', f'/proc/{WORLD[\"pid\"]}/environ'])",
    ),
    Probe("the command lines of other processes", "open(f'/proc/{WORLD[\"pid\"]}/cmdline').read() or nothing()"),
    Probe(
        "the memory of the parent",
        """
        pid = WORLD["pid"]
        with open(f"/proc/{pid}/maps") as maps: first = int(maps.readline().split("-")[0], 16)
        os.pread(os.open(f"/proc/{pid}/mem", os.O_RDWR), 16, first)
        """,
    ),
    Probe(
        "descriptors of other processes",
        "hunt(glob.glob('/proc/[0-9]*/fd/*') + glob.glob(f'/proc/{WORLD[\"pid\"]}/fd/*'))",
    ),
    Probe(
        "roots and folders of other processes",
        "hunt(p + WORLD['open'] + '/secret' for q in (1, WORLD['pid']) for p in (f'/proc/{q}/root', f'/proc/{q}/cwd'))",
    ),
    Probe(
        "descriptors that were left open",
        """
        found = []
        for fd in range(3, 1024):
            try:
                if WORLD["prefix"].encode() in os.pread(fd, 4096, 0): found.append(fd)
            except OSError: pass
        if not found: nothing()
        """,
    ),
    Probe(
        "its own environment",
        "if WORLD['prefix'] not in repr(os.environ) and b'API_KEY' not in ctypes.string_at(0 or ctypes.addressof("
        "ctypes.create_string_buffer(repr(dict(os.environb)).encode()))): nothing()",
    ),
    Probe("ptrace of the parent", "check(libc.ptrace(16, WORLD['pid'], None, None))"),
    Probe(
        "memory of the parent by system call",
        """
        class Part(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
        here = Part(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
        there = Part(0x400000, 8)
        number = 310 if os.uname().machine == "x86_64" else 270
        call(number, WORLD["pid"], ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
        """,
    ),
    Probe("a descriptor out of the parent", "call(438, call(434, WORLD['pid'], 0), 1, 0)"),
    Probe("limits of the parent", "resource.prlimit(WORLD['pid'], resource.RLIMIT_CORE, (0, 0))"),
    Probe("processors of the parent", "os.sched_setaffinity(WORLD['pid'], {min(os.sched_getaffinity(0))})"),
    Probe(
        "signals to the parent",
        _SIGNALS,
    ),
    Probe("signals to the parent while compiling", _SIGNALS, compiler=True),
    Probe("to outlive its parent while compiling", "check(libc.prctl(1, 0, 0, 0, 0))", compiler=True),
    Probe(
        "system calls of another architecture",
        """
        import mmap
        if os.uname().machine != "x86_64": nothing()
        code = mmap.mmap(-1, 4096, prot=7)
        code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, getpid; int 0x80; ret
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        """,
        failures=("crash",),
        said="SIGSYS",
    ),
    Probe(
        "signals to the parent by the kernel's hand",
        """
        import fcntl
        r, w = os.pipe()
        fcntl.fcntl(r, fcntl.F_SETOWN, WORLD["pid"])
        fcntl.fcntl(r, 10, 12)
        fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)
        os.write(w, b"x")
        """,
    ),
    Probe("to outlive its parent", "check(libc.prctl(1, 0, 0, 0, 0))", harmless=False),
    Probe("its own session", "os.setsid()"),
    Probe("a new user namespace", "check(libc.unshare(0x10000000))"),
    Probe("a new network namespace", "check(libc.unshare(0x40000000 | 0x10000000))"),
    Probe(
        "a namespace by clone",
        """
        number = 56 if os.uname().machine == "x86_64" else 220
        pid = call(number, 0x10000000 | 17, None, None, None, None)
        if pid == 0: os._exit(0)
        """,
        compiler=True,
    ),
    Probe("the kernel's keys", "call(250 if os.uname().machine == 'x86_64' else 219, 0, -4, 1)"),
    Probe(
        "tracing and programs in the kernel",
        """
        done = []
        for number in (321, 298, 323, 101):
            try: done.append(call(number, 0, ctypes.create_string_buffer(128), 128, -1, 0))
            except OSError: pass
        if not done: nothing()
        """,
    ),
    Probe("special rights", "check(libc.setgroups(1, (ctypes.c_int * 1)(27))); os.setuid(1)"),
]
