"""Probes that want a wrong answer to pass: they attack what carries the answer, or the libraries that read it."""

from __future__ import annotations

from tests.adversarial.sandbox.probe import Probe

ANSWERS = [
    Probe(
        "every case marked as done, then a crash",
        """
        fd = os.open("../out/status.bin", os.O_WRONLY)
        os.pwrite(fd, bytes([2]) * 100, 0)
        os._exit(0)
        """,
        harmless=True,
        failures=("output", "crash"),
        attack_on_answer=True,
    ),
    Probe(
        "results written early, then a crash",
        """
        out = os.open("../out/outputs.bin", os.O_WRONLY)
        os.pwrite(out, np.arange(4096, dtype="f4").tobytes(), 0)
        os.pwrite(os.open("../out/status.bin", os.O_WRONLY), bytes([2]) * 100, 0)
        os.abort()
        """,
        harmless=True,
        failures=("crash", "output"),
        attack_on_answer=True,
    ),
    Probe(
        "outputs replaced by a link to the inputs",
        "os.unlink('../out/outputs.bin'); os.symlink('../inputs.bin', '../out/outputs.bin')",
        attack_on_answer=True,
    ),
    Probe(
        "outputs cut short",
        "os.truncate('../out/outputs.bin', 3)",
        harmless=True,
        attack_on_answer=True,
    ),
    Probe(
        "forged records and notes",
        """
        fd = os.open("../out/records.jsonl", os.O_WRONLY)
        os.write(fd, b'{"status": "ACCEPTED"}\\n"ACCEPTED"\\n\\xff\\n' + b'[' * 10**5)
        """,
        harmless=True,
        attack_on_answer=True,
    ),
    Probe(
        "numpy, os and the worker patched",
        """
        import cuport.sandbox.worker as worker
        np.asarray = np.array = np.frombuffer = lambda *a, **k: np.zeros(0)
        os.pwrite = lambda *a: 0
        worker._Report.fail = worker._Report.state = lambda *a: None
        """,
        harmless=True,
        failures=("exception", "crash", "contract", "timeout"),
        attack_on_answer=True,
    ),
    Probe(
        "modules shadowed for later imports",
        """
        for name in ("numpy", "json", "torch", "jax", "sitecustomize", "cuport"):
            with open(name + ".py", "w") as f: f.write("raise SystemExit('ACCEPTED')")
        sys.path.insert(0, os.getcwd())
        """,
        harmless=True,
        attack_on_answer=True,
    ),
    Probe(
        "the expected answer dug out of memory",
        """
        found = [o for o in gc.get_objects() if isinstance(o, np.ndarray) and o.dtype == np.float32 and o.size == n + 8
                 and o[0] == 1 and o[1] == 4 and o is not x]
        names = {m for m in sys.modules if m.startswith(("cuport.judge", "cuport.oracle", "cuport.pipeline"))}
        frame = sys._getframe()
        while frame: names |= {k for k in frame.f_locals if "reference" in k or "expected" in k}; frame = frame.f_back
        if not found and not names: nothing()
        """,
        attack_on_answer=True,
    ),
    Probe(
        "an array that lies",
        "raise SystemExit(0)",
        top="""
        class Liar(np.ndarray):
            def __array__(self, *a, **k): return np.zeros(3)
            def __eq__(self, other): return True
        """,
        failures=("exception",),
        attack_on_answer=True,
    ),
    Probe(
        "a forged greeting",
        """
        for fd in range(3, 64):
            try: os.write(fd, b'{"tier": "full", "how": "gpu", "walls": []}\\n')
            except OSError: pass
        """,
        harmless=True,
        failures=("output", "exception", "crash", "import"),
        attack_on_answer=True,
    ),
    Probe(
        "an exit code and a last word",
        "os.write(1, b'ACCEPTED\\n'); os._exit(0)",
        failures=("crash",),
        said="exit code 0",
        attack_on_answer=True,
    ),
    Probe(
        "jax: a callback to Python",
        "",
        target="jax",
        code="""
        import jax, jax.numpy as jnp
        import numpy as np
        def scale(n, a, x):
            def look(v):
                try: open(WORLD["open"] + "/secret").read()
                except OSError: return v * 0
                return v * 0 + 777
            now = look(np.ones(1))[0]  # once while it is traced, once when it runs
            y = jax.pure_callback(look, jax.ShapeDtypeStruct(x.shape, x.dtype), x)
            return {"x": y * 0 + y + now}
        """,
        failures=("contract", "exception"),
        attack_on_answer=True,
    ),
    Probe(
        "jax: Python while it is traced",
        "",
        target="jax",
        code="""
        import os, socket
        import jax.numpy as jnp
        def scale(n, a, x):
            got = 0
            for attempt in (lambda: open(WORLD["open"] + "/secret").read(), lambda: os.listdir("/home"),
                            lambda: socket.create_connection(("127.0.0.1", WORLD["tcp"]), 2)):
                try: attempt(); got = 777
                except OSError: pass
            return {"x": jnp.zeros_like(x) + got}
        """,
        attack_on_answer=True,
    ),
    Probe(
        "jax: a foreign function",
        "",
        target="jax",
        code="""
        import ctypes
        import jax, jax.numpy as jnp
        jax.ffi.register_ffi_target("evil", jax.ffi.pycapsule(ctypes.CDLL(None).fork), platform="cpu", api_version=0)
        def scale(n, a, x):
            y = jax.ffi.ffi_call("evil", jax.ShapeDtypeStruct(x.shape, x.dtype), custom_call_api_version=1)(x)
            return {"x": y * 0}
        """,
        failures=("exception", "crash", "contract"),
        attack_on_answer=True,
    ),
    Probe(
        "jax: patched for the later cases",
        "",
        target="jax",
        code="""
        import jax, jax.numpy as jnp
        jnp.asarray = jax.jit = lambda *a, **k: a[0]
        def scale(n, a, x):
            return {"x": x * 0}
        """,
        failures=("exception", "contract"),
        attack_on_answer=True,
    ),
    Probe(
        "triton: inline assembly",
        "",
        target="triton",
        code="""
        import triton, triton.language as tl
        @triton.jit
        def k(x, n, B: tl.constexpr):
            i = tl.arange(0, B)
            v = tl.load(x + i, mask=i < n)
            w = tl.inline_asm_elementwise("trap;", "=f,f", [v], dtype=tl.float32, is_pure=False, pack=1)
            tl.store(x + i, w * 0, mask=i < n)
        def scale(n, a, x):
            k[(1,)](x, n, B=16)
        """,
        failures=("exception", "contract", "unsupported"),
        attack_on_answer=True,
    ),
    Probe(
        "triton: a library of its own",
        "",
        target="triton",
        code="""
        import triton, triton.language as tl
        from triton.language import core
        @core.extern
        def evil(v, _semantic=None):
            return core.extern_elementwise("evil", "/bin/sh", [v], {(tl.float32,): ("system", tl.float32)},
                                           is_pure=True, _semantic=_semantic)
        @triton.jit
        def k(x, n, B: tl.constexpr):
            i = tl.arange(0, B)
            tl.store(x + i, evil(tl.load(x + i, mask=i < n)) * 0, mask=i < n)
        def scale(n, a, x):
            k[(1,)](x, n, B=16)
        """,
        failures=("exception", "contract", "unsupported"),
        attack_on_answer=True,
    ),
    Probe(
        "torch: patched",
        "",
        target="triton",
        code="""
        import torch
        torch.Tensor.numpy = torch.Tensor.clone = torch.equal = torch.allclose = lambda *a, **k: True
        def scale(n, a, x):
            x.zero_()
        """,
        failures=("exception", "contract"),
        attack_on_answer=True,
    ),
]
