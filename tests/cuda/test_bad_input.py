"""What is not CUDA source gets a diagnostic, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cuport.cuda import read
from cuport.diagnostic import CuportError, Diagnostic

KERNEL = "__global__ void k(float *x) { x[0] = 1; }\n"


def refused(path: Path) -> Diagnostic:
    with pytest.raises(CuportError) as caught:
        read(path)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "read.empty"),
        (b" \n\t\n", "read.empty"),
        (b"\x7fELF\x02\x01\x00\x00", "read.binary"),
        (b"int x;\n\x00\x01", "read.binary"),
        (b"int main() { return 0; }\n", "read.no-kernel"),
        (b"// __global__ void k() {}\nint x;\n", "read.no-kernel"),
        (b"#if 0\n__global__ void k() {}\n#endif\nint x;\n", "read.no-kernel"),
        ("float größe = 1;".encode("latin-1"), "read.encoding"),
    ],
)
def test_contents(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "x.cu"
    path.write_bytes(content)
    found = refused(path)
    assert found.code == code and found.hint and str(path) in str(found)


def test_places(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.cu").code == "read.missing-file"
    assert refused(tmp_path).code == "read.directory"
    assert refused(tmp_path / ("x" * 300)).code == "read.unreadable"
    assert refused(Path("a\0b.cu")).code in ("read.unreadable", "read.missing-file")
    os.mkfifo(tmp_path / "pipe.cu")
    assert refused(tmp_path / "pipe.cu").code == "read.not-a-file"


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "x.cu"
    with path.open("wb") as file:
        file.truncate(9 << 20)
    assert refused(path).code == "read.too-large"


def test_latin1_in_comments_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "x.cu"
    path.write_bytes("// Größe in Blöcken\n".encode("latin-1") + KERNEL.encode())
    source = read(path)
    (warning,) = source.diagnostics
    assert (warning.code, warning.severity, warning.span.line, warning.span.column) == (
        "read.encoding",
        "warning",
        1,
        6,
    )
    assert "Größe" in source.raw


def test_the_byte_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.cu"
    path.write_bytes(KERNEL.encode() + b"\nint a\xff;\n")
    found = refused(path)
    assert "0xff" in found.message and (found.span.line, found.span.column) == (3, 6)


def test_utf16_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.cu"
    path.write_bytes(KERNEL.encode("utf-16"))
    assert [k.name for k in read(path).kernels] == ["k"]


def test_syntax_error_inside_a_kernel_is_that_kernels(reader: Any) -> None:
    source = reader("\n__global__ void bad(float *x) {\n  x[0] = = 1;\n}\n" + KERNEL)
    by_name = {k.name: k for k in source.kernels}
    (found,) = by_name["bad"].diagnostics
    assert found.code == "read.syntax-error" and found.severity == "error" and found.span.line == 3
    assert not by_name["k"].diagnostics


def test_syntax_error_in_a_device_function_reaches_its_kernels(reader: Any) -> None:
    text = """__device__ float f(float x) { return x +* ) 2; }
__device__ float g(float x) { return f(x); }
__global__ void uses(float *x) { x[0] = g(x[0]); }
__global__ void not_it(float *x) { x[0] = 2; }
"""
    by_name = {k.name: k for k in reader(text).kernels}
    assert by_name["uses"].diagnostics and "uses" in by_name["uses"].diagnostics[0].message
    assert by_name["uses"].diagnostics[0].span.line == 1
    assert not by_name["not_it"].diagnostics


def test_syntax_error_outside_kernels_is_a_warning(reader: Any) -> None:
    source = reader(KERNEL + "int main() { int x = ; return 0; }\n")
    assert not source.kernels[0].diagnostics
    assert [(d.severity, d.span.line) for d in source.diagnostics] == [("warning", 2)]


def test_a_kernel_that_is_never_closed(reader: Any) -> None:
    text = KERNEL + "__global__ void open(float *x) {\n  if (x[0]) {\n    x[0] = 1;\n}\n"
    try:
        source = reader(text)
        found = [*source.diagnostics, *(d for k in source.kernels for d in k.diagnostics)]
    except CuportError as error:
        found = list(error.diagnostics)
    assert any(d.code == "read.unbalanced" and d.span and d.span.line in (2, 3) for d in found)


def test_a_kernel_that_is_only_declared(reader: Any) -> None:
    source = reader("__global__ void far(float *x);\n" + KERNEL)
    assert [k.name for k in source.kernels] == ["k"]
    assert [(d.code, d.severity) for d in source.diagnostics] == [("read.kernel-undefined", "warning")]


def test_deep_nesting(reader: Any) -> None:
    deep = "__global__ void k(int *x) { x[0] = " + "(" * 5000 + "1" + ")" * 5000 + "; }\n"
    assert reader.refused(deep)[0].code == "read.too-deep"
    source = reader("__global__ void k(int *x) { x[0] = " + "(" * 300 + "1" + ")" * 300 + "; }\n")
    assert not source.kernels[0].diagnostics
