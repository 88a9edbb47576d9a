"""Programs of several sources: what each prints stands in `// expect:` comments, worked out by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cuport.diagnostic import CuportError
from cuport.oracle import Oracle
from cuport.oracle.program import Program, build_program, read_program, run_built, run_checked

MULTI = Path(__file__).parent / "multi"
LINKED = [MULTI / "linked" / name for name in ("main.cu", "kernels.cu", "host.cpp", "twice.c")]
PRIVATE = [MULTI / "private" / name for name in ("first.cu", "second.cu")]


def linked() -> Program:
    return read_program(LINKED, include_dirs=[MULTI / "linked" / "include"], defines=["SIZE=32"])


def expected(paths: list[Path]) -> list[str]:
    return [line for p in paths for line in re.findall(r"// expect: (.*)", p.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("checked", [False, True], ids=["plain", "checked"])
@pytest.mark.parametrize("name", ["linked", "private"])
def test_units_make_one_program(name: str, checked: bool, oracle: Oracle, tmp_path: Path) -> None:
    program = linked() if name == "linked" else read_program(PRIVATE)
    executable = build_program(program, oracle.settings, checked=checked)
    args = ["x", "--seed"]
    if checked:
        result = run_checked(program, executable, args, oracle.settings, cwd=tmp_path)
    else:
        result = run_built(executable, args, oracle.settings, cwd=tmp_path)
    assert result.stdout.splitlines() == expected(LINKED if name == "linked" else PRIVATE), result.stderr
    assert result.returncode == 0
    assert result.faults == ()


def test_nothing_is_built_twice(oracle: Oracle) -> None:
    assert build_program(linked(), oracle.settings) == build_program(linked(), oracle.settings)


def test_a_unit_that_is_missing_is_named_where_it_is_used(oracle: Oracle) -> None:
    program = read_program(LINKED[:1] + LINKED[2:], include_dirs=[MULTI / "linked" / "include"], defines=["SIZE=32"])
    with pytest.raises(CuportError) as caught:
        build_program(program, oracle.settings)
    messages = {d.message: d for d in caught.value.diagnostics}
    assert all(d.code == "oracle.link" for d in messages.values())
    lacking = next(d for m, d in messages.items() if m.startswith("weigh(float, int)"))
    assert lacking.span is not None
    assert Path(lacking.span.path).name == "shared.h"


def test_one_name_twice_is_said(oracle: Oracle, tmp_path: Path) -> None:
    for name in ("a.cu", "b.cu"):
        (tmp_path / name).write_text("__global__ void k() {}\nint helper() { return 1; }\n")
    (tmp_path / "main.cpp").write_text("int main() {}\n")
    with pytest.raises(CuportError) as caught:
        build_program(read_program(sorted(tmp_path.iterdir())), oracle.settings)
    assert any("defined more than once" in d.message and "helper" in d.message for d in caught.value.diagnostics)


def test_host_sources_alone_are_a_program(oracle: Oracle, tmp_path: Path) -> None:
    (tmp_path / "a.cpp").write_text(
        '#include <cuda_runtime.h>\n#include "b.h"\nint main() { int n; cudaGetDeviceCount(&n); return n - ONE; }\n'
    )
    (tmp_path / "b.h").write_text("#define ONE 1\n")
    program = read_program([tmp_path / "a.cpp"])
    assert run_built(build_program(program, oracle.settings), [], oracle.settings, cwd=tmp_path).returncode == 0
    (tmp_path / "b.h").write_text("#define ONE -6\n")  # headers are part of what is kept by content
    assert run_built(build_program(program, oracle.settings), [], oracle.settings, cwd=tmp_path).returncode == 7


def test_host_sources_may_name_macros_as_the_runtime_names_things(oracle: Oracle, tmp_path: Path) -> None:
    (tmp_path / "a.cpp").write_text(
        'extern "C" {\n#include <cuda_runtime.h>\n#include "c.h"\n}\n'
        "int main() { float* p; return cudaMalloc(&p, N) != cudaSuccess || bytes(p) != N; }\n"
    )
    (tmp_path / "c.h").write_text("int bytes(float *p);\n")
    (tmp_path / "b.c").write_text(
        '#include <cuda_runtime_api.h>\n#include <stdlib.h>\n#include "c.h"\n'
        "int bytes(float *p) { int *q = malloc(4); cudaMemset(p, 0, N); *q = N; int n = *q; free(q); return n; }\n"
    )
    program = read_program([tmp_path / "a.cpp", tmp_path / "b.c"], defines=["N=64", "T=int", "device=1", "name(x)=x"])
    assert run_built(build_program(program, oracle.settings), [], oracle.settings, cwd=tmp_path).returncode == 0
