"""What a user meets when the original does not build, fails, crashes or never ends: diagnostics, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cuport.diagnostic import CuportError, Diagnostic
from cuport.kernel import Source
from cuport.oracle import Oracle, OracleSettings

Make = Callable[..., Source]
KERNEL = "__global__ void k(float* o) { o[threadIdx.x] = 1; }\n"


def refused(oracle: Oracle, source: Source, **options: float) -> Diagnostic:
    with pytest.raises(CuportError) as caught:
        oracle.capture(source, **options)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        (KERNEL + "int main() {\n  cudaMallocFrom(0);\n}", "oracle.unknown-name", 3, "cudaMallocFrom"),
        ("__global__ void k(float* o) {\n  o[0] = __frobnicate(1);\n}\nint main() { k<<<1, 1>>>(0); }",
         "oracle.unknown-name", 2, "__frobnicate"),
        ('#include <cudnn.h>\n' + KERNEL + "int main() {\n  cudnnHandle_t h;\n  cudnnCreate(&h);\n}",
         "oracle.unsupported-library", 5, "cudnnCreate"),
        ('__global__ void k(unsigned* o) {\n  unsigned r;\n  asm("frob.u32 %0, %1;" : "=r"(r) : "r"(o[0]));\n'
         "  o[0] = r;\n}\nint main() { k<<<1, 1>>>(0); }", "oracle.inline-ptx", 3, "frob.u32"),
        (KERNEL + "template <typename T> __global__ void t(T* o) {\n  o[0] = __frob(1);\n}\n"
         "int main() { t<<<1, 1>>>((int*)0); }",
         "oracle.unknown-name", 3, "__frob"),
        (KERNEL + "int main() {\n  float* p = 0;\n  k<<<1, 1>>>(p, 1);\n}", "oracle.compile", 4, "void k(float*)"),
        (KERNEL + "int main() {\n  cudaIpcMemHandle_t h;\n  cudaIpcGetMemHandle(&h, 0);\n}",
         "oracle.unsupported-call", 4, "cudaIpcGetMemHandle"),
        (KERNEL + "int main() {\n  cudaMemcopy(0, 0, 0);\n}", "oracle.unknown-name", 3, "did you mean cudaMemcpy"),
        (KERNEL + "void later();\nint main() { later(); }", "oracle.link", 2, "later"),
        (KERNEL + "int main() { return 3; }", "oracle.program-failed", 1, "exit code 3"),
        (KERNEL + "int main() { *(volatile int*)0 = 1; }", "oracle.crash", 1, "signal 11"),
        (KERNEL, "oracle.no-main", 1, "main()"),
    ],
)  # fmt: skip
def test_refused_with_code_place_and_words(
    text: str, code: str, line: int, words: str, oracle: Oracle, source: Make
) -> None:
    made = source(text)
    diagnostic = refused(oracle, made)
    assert diagnostic.code == code
    assert words in diagnostic.message
    assert diagnostic.span is not None
    assert (diagnostic.span.path, diagnostic.span.line) == (made.path, line)


@pytest.mark.parametrize(
    "body",
    ["for (;;) {}", "for (;;) puts(\"spam\");", "float* p; cudaMalloc(&p, 4); cudaMemset(p, 0, 4); spin<<<1, 1>>>(p);"],
)  # fmt: skip
def test_a_program_that_never_ends_is_stopped(body: str, oracle: Oracle, source: Make) -> None:
    spin = "#include <cstdio>\n__global__ void spin(volatile float* o) { while (*o == 0.0f) {} }\n"
    assert refused(oracle, source(spin + "int main() { " + body + " }"), timeout=1.5).code == "oracle.timeout"


def test_a_kernel_that_stops_leaves_the_host_alive(oracle: Oracle, source: Make) -> None:
    text = """#include <cstdio>
#include <cassert>
__global__ void far(float* o) { o[1000000000] = 1; }
__global__ void trap(int n) { if (threadIdx.x == n) __trap(); }
__global__ void check(int n) { assert(threadIdx.x < n); }
__global__ void deep(int* o, int n);
__device__ int down(int n) { volatile int a[500]; a[n % 500] = n; return n == 0 ? 0 : down(n - 1) + a[n % 500]; }
__global__ void deep(int* o, int n) { *o = down(n); __syncthreads(); }
static void said() { puts(cudaGetErrorName(cudaDeviceSynchronize())); cudaDeviceReset(); }
int main() {
  float* p; int* q;
  cudaMalloc(&p, 4); far<<<1, 1>>>(p); said();
  trap<<<1, 8>>>(5); said();
  check<<<1, 8>>>(8); said();
  check<<<1, 8>>>(5); said();
  cudaMalloc(&q, 4); deep<<<1, 2>>>(q, 100000); said();
  cudaMalloc(&q, 4); deep<<<1, 2>>>(q, 20); said();
}
"""
    result = oracle.run_program(source(text))
    assert result.stdout.split() == [
        "cudaErrorIllegalAddress",
        "cudaErrorLaunchFailure",
        "cudaSuccess",
        "cudaErrorAssert",
        "cudaErrorLaunchFailure",
        "cudaSuccess",
    ]
    assert "`threadIdx.x < n` failed" in result.stderr
    assert "cuport_" not in result.stderr


def test_a_failed_case_does_not_take_the_others_along(oracle: Oracle, source: Make) -> None:
    text = """
__global__ void k(int* o, int n) { if (n < 0) __trap(); o[0] = n; }
int main() { int* p; cudaMalloc(&p, 4); for (int i = 0; i < 3; i++) k<<<1, 1>>>(p, i); return cudaDeviceSynchronize(); }
"""
    from dataclasses import replace

    from cuport.case import ScalarArg

    made = source(text)
    cases = [c.case for c in oracle.capture(made)]
    cases[1] = replace(cases[1], args=(cases[1].args[0], ScalarArg("int32", -1)))
    replays = oracle.replay(made, cases)
    assert [int(r.outputs[0][0]) for r in (replays[0], replays[2])] == [0, 2]
    assert replays[1].outputs == ()
    assert replays[1].failure is not None
    assert replays[1].failure.code == "oracle.case-failed"
    with pytest.raises(CuportError):
        oracle.reference(made, cases)


def test_unwritable_cache_is_said(tmp_path: Path, source: Make) -> None:
    (tmp_path / "file").write_text("")
    blocked = Oracle(OracleSettings(cache_dir=tmp_path / "file" / "cache"))
    assert refused(blocked, source(KERNEL + "int main() {}")).code == "oracle.cache"


def test_no_compiler_is_said(tmp_path: Path, source: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = source(KERNEL + "int main() {}")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "absent-compiler")
    if (found := __import__("importlib.util").util.find_spec("ziglang")) is not None:
        pytest.skip(f"a compiler comes with {found.name}")
    assert refused(Oracle(OracleSettings(cache_dir=tmp_path / "cache")), made).code == "oracle.no-compiler"
