"""Preprocessing: what is expanded, what stays, and where every line came from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from cuport.cuda.preprocess import preprocess
from cuport.diagnostic import CuportError

KERNEL = "__global__ void k(float *x) { x[0] = 1; }\n"


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def test_system_includes_stay_and_local_ones_are_inlined(reader: Any) -> None:
    source = reader(
        '#include <cstdio>\n#include "a/one.h"\n#include "cuda_runtime.h"\n#include "helper_cuda.h"\n' + KERNEL,
        headers={"a/one.h": '#pragma once\n#include "../two.h"\n#include <cmath>\nint one;', "two.h": "int two;"},
    )
    assert lines(source.text)[:6] == [
        "#include <cstdio>",
        "int two;",
        "#include <cmath>",
        "int one;",
        "#include <cuda_runtime.h>",
        "#include <helper_cuda.h>",
    ]
    assert source.includes == ("cstdio", "cmath", "cuda_runtime.h", "helper_cuda.h")
    assert [Path(h).name for h in source.local_headers] == ["one.h", "two.h"]


def test_conditional_includes_are_decided(reader: Any) -> None:
    source = reader(
        "#ifdef FAST\n#include <immintrin.h>\n#else\n#include <vector>\n#endif\n"
        '#if 0\n#include "gone.h"\n#endif\n' + KERNEL
    )
    assert source.includes == ("vector",)


def test_a_header_that_is_here_wins_over_a_sample_helper_of_that_name(reader: Any) -> None:
    source = reader('#include "helper_cuda.h"\n' + KERNEL, headers={"helper_cuda.h": "int mine;\n"})
    assert source.includes == () and "int mine;" in source.text


def test_line_map_names_file_and_line(reader: Any) -> None:
    source = reader(
        '#include "h.h"\n\n\n/* a\nb */ int here;\n#define TWO(x) x + \\\n   x\nint t = TWO(\n  3);\n' + KERNEL,
        headers={"h.h": "\nint there;\n"},
    )
    where = {line: source.original(i + 1) for i, line in enumerate(source.text.splitlines())}
    assert where["int there;"] == (str(reader.folder / "h.h"), 2)
    assert [v for k, v in where.items() if "int here" in k] == [(reader.path, 5)]
    assert [v for k, v in where.items() if "int t =" in k] == [(reader.path, 8)]
    assert len(source.line_map) == len(source.text.splitlines())


def test_macros_of_system_headers_answer_and_stay(reader: Any) -> None:
    text = """#include <cfloat>
#ifndef M_PI
#define M_PI 3
#endif
#ifndef FLT_MAX
#define FLT_MAX 1
#endif
#ifndef INT_MAX
#define INT_MAX 7
#endif
#if CUDART_VERSION >= 11000 && defined(__CUDACC__) && __CUDA_ARCH__ >= 700 && __CUDACC_VER_MAJOR__ > 10
double a[] = {M_PI, FLT_MAX, INT_MAX};
#endif
"""
    assert "double a[] = {M_PI, FLT_MAX, 7};" in reader(text + KERNEL).text


def test_defines_that_change_system_headers_stay(reader: Any) -> None:
    text = "#define _USE_MATH_DEFINES // for M_PI\n#include <cmath>\n#define NDEBUG\n#include <cassert>\n#define N 3\n"
    kept = lines(reader(text + KERNEL).text)
    assert kept[:4] == ["#define _USE_MATH_DEFINES", "#include <cmath>", "#define NDEBUG", "#include <cassert>"]
    assert "#define N 3" not in kept
    assert lines(reader(KERNEL, ("NDEBUG",)).text)[0] == "#define NDEBUG 1"


def test_unroll_pragmas_and_operators_survive(reader: Any) -> None:
    text = (
        '#define UNROLL _Pragma("unroll")\n__global__ void k(int *x) {\nUNROLL for (int i = 0; i < 3; i++) x[i] = 1;\n}'
    )
    assert "#pragma unroll" in lines(reader(text).text)


def test_launches_keep_their_chevrons_whatever_the_macros(reader: Any) -> None:
    text = (
        "#define GRID(n) (((n) + 255) / 256)\n#define LAUNCH(k, n, ...) k<<<GRID(n), 256>>>(__VA_ARGS__)\n"
        + KERNEL
        + "void f(float *x, int n) { LAUNCH(k, n, x); k<<<GRID(n),256>>>(x); }\n"
    )
    assert [launch.grid for launch in reader(text).kernels[0].launches] == ["(((n) + 255) / 256)"] * 2


def test_a_computed_include_is_followed(reader: Any) -> None:
    text = '#define WHERE "settings.h"\n#include WHERE\n#define SYS <vector>\n#include SYS\n'
    source = reader(text + KERNEL, headers={"settings.h": "int setting;\n"})
    assert "int setting;" in source.text and source.includes == ("vector",)


def test_has_include(reader: Any) -> None:
    text = """#if __has_include(<cuda_runtime.h>) && __has_include("here.h") && !__has_include("gone.h")
int yes;
#endif
"""
    assert "int yes;" in reader(text + KERNEL, headers={"here.h": ""}).text


def test_raw_strings_are_left_alone(reader: Any) -> None:
    text = 'const char *code = R"(\n#include <gone.h>\n#define X\n)";\n'
    assert '#include <gone.h>\n#define X\n)"' in reader(text + KERNEL).text


def test_crlf_and_byte_order_mark(reader: Any) -> None:
    (reader.folder / "w.cu").write_bytes(b"\xef\xbb\xbf#define N 3\\\r\n +1\r\nint n = N;\r\n" + KERNEL.encode())
    assert "int n = 3 +1;" in preprocess(reader.folder / "w.cu").text


def test_date_does_not_change_the_text(reader: Any) -> None:
    text = "const char *when = __DATE__ __TIME__;\nconst char *where = __FILE__;\n" + KERNEL
    assert '"Jan  1 1970"' in reader(text).text and 'where = "program.cu"' in reader(text).text


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_both_compilers_give_the_same_tokens(reader: Any, monkeypatch: pytest.MonkeyPatch, compiler: str) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    monkeypatch.setenv("CXX", compiler)
    source = reader('#include <cmath>\n#define A(x) x##1\n#include "h.h"\nint A(b);\n' + KERNEL, headers={"h.h": "\n"})
    assert lines(source.text) == ["#include <cmath>", "int b1;", KERNEL.strip()]
    assert source.original(source.text.splitlines().index("int b1;") + 1) == (reader.path, 4)


def refused(path: Path, **more: Any) -> Any:
    with pytest.raises(CuportError) as caught:
        preprocess(path, **more)
    return caught.value.diagnostics


def test_error_directive_and_unbalanced_if_have_spans_in_the_users_file(reader: Any) -> None:
    (first,) = reader.refused('#include "h.h"\n', headers={"h.h": "\n#ifndef N\n#error set N\n#endif\n"})
    assert first.code == "read.preprocess" and "set N" in first.message and "-D" in first.hint
    assert (first.span.path, first.span.line) == (str(reader.folder / "h.h"), 3)
    (second,) = reader.refused("int a;\n#if 1\n" + KERNEL)
    assert "unterminated" in second.message and (second.span.path, second.span.line) == (reader.path, 2)


def test_missing_local_header(reader: Any) -> None:
    (one,) = reader.refused('int a;\n#include "gone/away.h"\n' + KERNEL)
    assert one.code == "read.missing-header" and "away.h" in one.message and "-I" in one.hint
    assert (one.span.path, one.span.line) == (reader.path, 2)


def test_include_dirs_and_defines_are_checked(reader: Any) -> None:
    (reader.folder / "k.cu").write_text('#include "far.h"\n' + KERNEL)
    (reader.folder / "inc").mkdir()
    (reader.folder / "inc" / "far.h").write_text("int far = FAR;\n")
    done = preprocess(reader.folder / "k.cu", include_dirs=[reader.folder / "inc"], defines=["FAR=9"])
    assert "int far = 9;" in done.text
    assert refused(reader.folder / "k.cu", include_dirs=[reader.folder / "no"])[0].code == "read.include-dir"
    assert refused(reader.folder / "k.cu", defines=["1x"])[0].code == "read.define"


def test_no_compiler(reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (reader.folder / "k.cu").write_text(KERNEL)
    monkeypatch.setenv("PATH", str(reader.folder))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (one,) = refused(reader.folder / "k.cu")
    assert one.code == "read.no-compiler" and "g++" in one.hint


def test_macros_that_grow_without_end_are_stopped(reader: Any) -> None:
    bomb = "#define A0 x x x x x x x x x x\n"
    bomb += "".join(f"#define A{i} {' '.join([f'A{i - 1}'] * 10)}\n" for i in range(1, 12)) + "int a = A11;\n"
    assert reader.refused(bomb + KERNEL)[0].code in ("read.too-large", "read.preprocess")


def test_a_header_that_includes_itself(reader: Any) -> None:
    (first, *_) = reader.refused('#include "h.h"\n' + KERNEL, headers={"h.h": '#include "h.h"\n'})
    assert first.code == "read.preprocess"
