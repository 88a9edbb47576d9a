from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cuport.kernel import CType, Kernel, Param, Span
from cuport.targets.triton import TARGET

ROOT = Path(__file__).parents[3]
GOOD = """
import torch
import triton
import triton.language as tl

@triton.jit
def _k(x, o, n, B: tl.constexpr):
    i = tl.program_id(0) * B + tl.arange(0, B)
    v = tl.load(x + i, mask=i < n, other=0.0)
    tl.store(o + i, v * v + tl.sum(v, 0), mask=i < n)

def k(x, o, n):
    scratch = torch.empty_like(x)
    rows = (n + 255) // 256
    half = x.numel() // 2
    flags = torch.zeros(rows, dtype=torch.int32, device=x.device)
    {host}
    _k[(triton.cdiv(n, 256),)](x, o, n, B=256)
"""


def kernel() -> Kernel:
    pointer, whole = CType("float", "float32", pointer=1), CType("int", "int32")
    params = (Param("x", pointer), Param("o", pointer), Param("n", whole))
    return Kernel(
        "k", "k", "k", params, ("x", "o", "n"), (), (), (), (), False, Span("k.cu", 1), "", digest=""
    )  # fmt: skip


def told(code: str) -> list[str]:
    return [d.code for d in TARGET.screen(code, [kernel()])]


def with_host(line: str) -> str:
    return GOOD.replace("{host}", line)


@pytest.mark.parametrize(
    "line",
    [
        "pass",
        "flags.zero_()",
        "scratch = x.clone().view(-1)",
        "o.copy_(x)",
        "head = x[:half]",
        "assert o is not None",
        "wide = x.dtype == torch.float64",
        "scale = 1.0 / n",
        "scratch = x.new_empty(n)",
    ],
)
def test_host_code_may_prepare(line):
    assert told(with_host(line)) == []


@pytest.mark.parametrize(
    "line",
    [
        "o.copy_(x * 2)",
        "y = x + 1",
        "y = -x",
        "scratch += x",
        "y = x.sum()",
        "o.mul_(2)",
        "y = torch.sum(x)",
        "torch.add(x, x, out=o)",
        "y = x.softmax(0)",
        "first = x[0]",
        "o[0] = 1.0",
        "first = float(flags)",
        "first = x.item()",
        "all_of_it = x.tolist()",
        "y = x.numpy()",
        "where = x.data_ptr()",
        "y = x.cpu()",
        "y = 1 if flags else 2",
        "y = x @ x",
        "y = max(x)",
        "_k.warmup(x, o, n, grid=(1,))",
        "y = scratch.clone().exp()",
    ],
)
def test_host_code_may_not_compute_or_read(line):
    assert told(with_host(line))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("import torch\n", "import torch\nimport os\n", "screen.import"),
        ("import torch\n", "import torch\nimport numpy\n", "screen.import"),
        ("import torch\n", "import torch\nimport torch.nn.functional as F\n", "screen.forbidden"),
        ("v * v", "tl.inline_asm_elementwise('', '', [v], tl.float32, True, 1)", "screen.forbidden"),
        ("@triton.jit\n", "", "screen.no-kernel"),
        ("_k[(triton.cdiv(n, 256),)](x, o, n, B=256)", "pass", "screen.no-launch"),
        ("def k(x, o, n)", "def other(x, o, n)", "screen.missing-function"),
        ("def k(x, o, n)", "def k(x, y, n)", "screen.signature"),
        ("def k(x, o, n)", "@triton.jit\ndef k(x, o, n)", "screen.signature"),
        (
            "    tl.store",
            "    for j in range(3):\n        if j == n:\n            break\n    tl.store",
            "screen.kernel-control",
        ),
        ("import torch\n", "import torch\nfrom triton.runtime import driver\n", "screen.forbidden"),
    ],
)
def test_structure(old, new, code):
    assert code in told(with_host("pass").replace(old, new, 1))


def test_spans_point_at_the_line():
    (found,) = TARGET.screen(with_host("y = x + 1"), [kernel()])
    assert found.span is not None
    assert with_host("y = x + 1").splitlines()[found.span.line - 1].strip() == "y = x + 1"


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*/*_triton.py")), ids=lambda p: p.stem)
def test_the_examples_ports_pass(path):
    assert TARGET.screen(path.read_text(), []) == []


@pytest.mark.parametrize("text", ["", "x = (", "import triton\n" * 3, "def f(:", "@triton.jit\ndef f(): ...\n", "\0"])
def test_any_text_gives_diagnostics_not_exceptions(text):
    assert told(text)


def test_detects_by_imports():
    assert TARGET.detects(ast.parse("import triton.language as tl"))
    assert TARGET.detects(ast.parse("from triton import jit"))
    assert not TARGET.detects(ast.parse("import jax"))
