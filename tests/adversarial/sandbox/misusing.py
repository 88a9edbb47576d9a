"""Probes that use too much, leave something running, or start what they should not."""

from __future__ import annotations

from dataclasses import replace

from tests.adversarial.sandbox.probe import QUICK, SMALL, Probe

BOMBS = [
    Probe("fork bomb", "while True: os.fork()"),
    Probe(
        "fork bomb where processes are allowed",
        """
        pids = []
        for _ in range(1000):
            pid = os.fork()
            if pid == 0:
                try: signal.pause()
                finally: os._exit(0)
            pids.append(pid)
        """,
        compiler=True,
        failures=("timeout", "memory"),
        limits=replace(QUICK, processes=64, case_seconds=20),
    ),
    Probe(
        "thread bomb",
        """
        threading.stack_size(1 << 16)
        threads = []
        try:
            for _ in range(1000):
                threads.append(threading.Thread(target=time.sleep, args=(60,), daemon=True)); threads[-1].start()
        except RuntimeError:
            nothing()
        """,
        limits=replace(QUICK, processes=64, case_seconds=20),
    ),
    Probe(
        "memory bomb",
        "kept = [np.ones(1 << 24) for _ in range(10**6)]",
        failures=("memory",),
        said="MemoryError",
        limits=replace(SMALL, case_seconds=60),
    ),
    Probe(
        "memory bomb in a file without a name",
        """
        fd = os.memfd_create("bomb")
        while True: os.write(fd, bytes(1 << 20))
        """,
        failures=("memory", "limit", "exception"),
        limits=SMALL,
    ),
    Probe("endless loop", "while True: pass", failures=("timeout",), said="one case took more than", limits=SMALL),
    Probe(
        "processor time by threads",
        """
        def spin():
            a = np.ones((300, 300))
            while True: a @ a
        for _ in range(8): threading.Thread(target=spin, daemon=True).start()
        time.sleep(1000)
        """,
        failures=("timeout",),
        said="processor time",
        limits=replace(SMALL, cpu_seconds=4, case_seconds=120),
    ),
    Probe(
        "endless sleep with signals shut out",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(1000)",
        failures=("timeout",),
        limits=SMALL,
    ),
    Probe(
        "its own limits raised",
        """
        try: resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        except ValueError: nothing()
        """,
    ),
    Probe("one large file", "open('big', 'wb').write(bytes(64 << 20))", limits=SMALL),
    Probe(
        "many large files",
        """
        for i in range(100):
            with open(f"big{i}", "wb") as f: f.write(bytes(4 << 20))
        """,
        limits=replace(SMALL, scratch_bytes=64 << 20, case_seconds=60),
        failures=("limit",),
    ),
    Probe(
        "a hundred thousand files",
        "for i in range(100_000): open(f'f{i}', 'w').close()",
        limits=replace(SMALL, scratch_bytes=64 << 20, case_seconds=60),
        failures=("limit",),
    ),
    Probe(
        "deep folders without rights",
        """
        for _ in range(2000): os.mkdir("d"); os.chdir("d")
        os.mkdir("closed", 0)
        """,
        harmless=True,
    ),
    Probe(
        "larger outputs than declared",
        "os.truncate('../out/outputs.bin', 1 << 40)",
    ),
    Probe(
        "huge output on stdout and stderr",
        "for _ in range(300): os.write(1, b'\\x1b[2J' * 50_000); os.write(2, b'x' * 200_000)",
        harmless=True,
        limits=replace(QUICK, case_seconds=60),
    ),
    Probe(
        "a huge message full of control characters",
        "raise ValueError('\\x1b]0;owned\\x07\\u202e\\0' * 10**6)",
        failures=("exception",),
    ),
    Probe("every descriptor", "kept = [os.open('/dev/null', 0) for _ in range(100_000)]"),
    Probe("its own descriptors closed", "os.closerange(0, 1000)", harmless=True, failures=("crash", "exception")),
    Probe(
        "stopping itself", "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(30)", failures=("timeout",), limits=SMALL
    ),
]

LEFT_OVER = [
    Probe(
        "a thread that outlives the run",
        "threading.Thread(target=lambda: (time.sleep(30), open(WORLD['open'] + '/late', 'w'))).start()",
        harmless=True,
    ),
    Probe("an exit handler", "atexit.register(lambda: os.truncate('../out/outputs.bin', 0))", harmless=True),
    Probe(
        "a daemon by fork",
        """
        if os.fork() == 0:
            if os.fork() == 0: time.sleep(60)
            os._exit(0)
        """,
        compiler=True,
        harmless=True,
    ),
    Probe(
        "a daemon in its own session",
        "subprocess.Popen(['/bin/sleep', '60'], start_new_session=True)",
        compiler=True,
        harmless=True,
    ),
    Probe("a program of the system", "subprocess.run(['/bin/true'], check=True)"),
    Probe("a shell", "os.system('true') and nothing()"),
    Probe(
        "execve by a raw system call", "call(59 if os.uname().machine == 'x86_64' else 221, b'/bin/true', None, None)"
    ),
    Probe(
        "a program of its own",
        """
        with open("evil", "w") as f: f.write("#!/bin/sh\\ntrue\\n")
        os.chmod("evil", 0o755)
        subprocess.run(["./evil"], check=True)
        """,
        compiler=True,
    ),
    Probe(
        "LD_PRELOAD",
        """
        os.environ["LD_PRELOAD"] = os.path.abspath("evil.so")
        open("evil.so", "wb").write(b"\\x7fELF")
        os.execv(sys.executable, [sys.executable, "-c", "pass"])
        """,
    ),
    Probe(
        "a core file",
        """
        try: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
        except (OSError, ValueError): pass
        os.abort()
        """,
        failures=("crash",),
        said="signal SIG",  # the first process of a PID namespace cannot abort; the C library then faults
    ),
    Probe(
        "a library loaded from its own folder",
        """
        open("evil.so", "wb").write(open(np.linalg._umath_linalg.__file__, "rb").read())
        ctypes.CDLL(os.path.abspath("evil.so"))
        """,
        harmless=True,
    ),
]
