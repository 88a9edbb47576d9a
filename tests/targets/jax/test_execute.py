"""Hand-written JAX ports over hand-made launches: what arrives, what comes back, what breaks the contract."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pytest
from tests.sandbox.launches import case, integer, kernel, pointer, real, scale_case

from cuport.candidate import Failure, Outputs
from cuport.case import Case, StructArg
from cuport.kernel import Kernel, TemplateParam
from cuport.sandbox.launch import execute
from cuport.sandbox.limits import Limits
from cuport.targets.jax import TARGET

pytest.importorskip("jax")
HEAD = "import jax\nimport jax.numpy as jnp\n"
X64 = 'jax.config.update("jax_enable_x64", True)\n'
RNG = np.random.default_rng(0)


def run(of: Kernel, code: str, *cases: Case, head: str = HEAD) -> tuple[Outputs, ...]:
    return execute(TARGET, head + textwrap.dedent(code), of, cases).outputs


def arrays(outputs: Outputs) -> tuple[Any, ...]:
    assert outputs.failure is None, outputs.failure
    return outputs.arrays


def failure(outputs: Outputs) -> Failure:
    assert outputs.failure is not None
    return outputs.failure


SCALE = kernel("scale", ("x", "out", "n"))


def test_many_launches_of_one_port_and_how_it_ran() -> None:
    code = HEAD + "def scale(x, out, n):\n    return {'out': out.at[:n].set(2 * x[:n])}\n"
    cases = [scale_case(n, seed) for n in (0, 1, 31, 33, 257) for seed in range(3)]
    execution = execute(TARGET, code, SCALE, cases)
    assert execution.how == "compiled-cpu"
    assert [name for name, _ in execution.versions] == ["jax", "jaxlib", "numpy"]
    for one, outputs in zip(cases, execution.outputs, strict=True):
        x, out = (buffer.data for buffer in one.buffers)
        n = len(x) - 3
        got = arrays(outputs)
        np.testing.assert_array_equal(got[0], x)
        np.testing.assert_array_equal(got[1], np.concatenate([2 * x[:n], out[n:]]))


def test_one_program_serves_all_launches_of_the_same_statics() -> None:
    """The port's Python runs once for each set of static values and shapes."""
    code = """
    traces = []
    def scale(x, out, n):
        traces.append(n)
        return {"out": out.at[0].set(len(traces))}
    """
    outputs = run(SCALE, code, *(scale_case(n, seed) for seed in range(3) for n in (4, 5)))
    assert [arrays(o)[1][0] for o in outputs] == [1, 2, 1, 2, 1, 2]


def test_a_reduction_with_template_arguments_and_the_grid() -> None:
    of = kernel(
        "partial", ("in_", "out", "n"), templates=(TemplateParam("T", "type"), TemplateParam("Square", "value", "bool"))
    )
    code = """
    def partial(in_, out, n, *, T, Square, grid, block):
        assert type(Square) is bool and type(n) is int and grid == (4, 1, 1)
        v = in_[:n].astype(T) * (in_[:n] if Square else T(1))
        v = jnp.pad(v, (0, -n % (grid[0] * block[0]))).reshape(-1, grid[0], block[0])
        return {"out": v.sum((0, 2), dtype=T)}
    """

    def launch(dtype: str, square: bool, n: int) -> Case:
        x = RNG.integers(-8, 9, n).astype(np.dtype(dtype))
        return case(
            of,
            (pointer(0, dtype), pointer(1, dtype), integer(n)),
            (("in", x), ("out", np.zeros(4, np.dtype(dtype)))),
            grid=(4, 1, 1),
            template_args=(("T", dtype), ("Square", square)),
        )

    cases = [launch(dtype, square, 300) for dtype in ("float32", "float16", "int32") for square in (True, False)]
    for one, outputs in zip(cases, run(of, code, *cases), strict=True):
        x = one.buffers[0].data.astype(np.int64)
        v = np.pad(x * x if dict(one.template_args)["Square"] else x, (0, 212)).reshape(-1, 4, 64).sum((0, 2))
        np.testing.assert_array_equal(arrays(outputs)[1], v.astype(one.buffers[1].data.dtype))


def test_a_struct_by_value_is_a_dataclass_with_static_ints() -> None:
    of = kernel("k", ("out", "p"))
    inner = StructArg("Inner", (("lo", integer(1)), ("s", real(0.5))))
    p = StructArg(
        "ns::Params<int>",
        (
            ("n", integer(3)),
            ("flag", integer(1)),
            ("dt", real(0.25)),
            ("dims", StructArg("", (("0", integer(2)), ("1", integer(3))))),
            ("w", StructArg("", (("0", real(1.0)), ("1", real(2.0))))),
            ("inner", inner),
            ("data", pointer(1, "int32")),
            ("lambda", real(8.0)),
            ("none", pointer(None)),
        ),
    )
    code = """
    @jax.jit
    def scaled(p, x):
        return x * p.dt * p.inner.s          # a registered dataclass may enter another jit

    def k(out, p):
        assert type(p.n) is int and p.dims == (2, 3) and p.inner.lo == 1 and p.none is None
        assert isinstance(p.dt, jax.Array) and p.w.shape == (2,) and type(p).__name__ == "ns_Params_int"
        assert len(jax.tree.leaves(p)) == 5
        v = scaled(p, jnp.ones(p.n)) + p.w[1] + p.lambda_
        return {"out": out.at[: p.n].set(v), "p.data": p.data + 1}
    """
    one = case(of, (pointer(0), p), (("out", np.zeros(5, "f4")), ("data", np.arange(4, dtype="i4"))))
    out, data = arrays(run(of, code, one)[0])
    assert out.tolist() == [10.125] * 3 + [0, 0] and data.tolist() == [1, 2, 3, 4]


def test_vectors_records_globals_and_null() -> None:
    of = kernel("k", ("v", "r", "aux"), globals=("table", "ns::count"))
    record = np.dtype([("pos", "f4", (3,)), ("id", "i4")], align=True)
    code = """
    def k(v, r, aux, *, table, ns__count):
        assert v.shape == (3, 4) and r["pos"].shape == (2, 3) and aux is None
        return {"v": v * table[0], "r": {"id": r["id"] + 5}, "aux": aux, "ns__count": ns__count + 1}
    """
    buffers = (
        ("v", np.arange(12, dtype="f4").reshape(3, 4)),
        ("r", np.ones(2, record)),
        ("table", np.array([3.0], "f4")),
        ("count", np.array([41], "i4")),
    )
    one = case(
        of,
        (pointer(0, lanes=4), pointer(1, "struct"), pointer(None)),
        buffers,
        globals=(("table", 2), ("ns::count", 3)),
    )
    v, r, table, count = arrays(run(of, code, one)[0])
    np.testing.assert_array_equal(v, 3 * buffers[0][1])
    assert r["id"].tolist() == [6, 6] and (r["pos"] == 1).all()
    assert table.tolist() == [3.0] and count.tolist() == [42]


def test_pointers_into_one_buffer() -> None:
    of = kernel("k", ("a", "b"))
    buffers = (("a", np.arange(6, dtype="f4")),)
    apart = case(of, (pointer(0), pointer(0, offset=12)), buffers)
    same = case(of, (pointer(0), pointer(0)), buffers)
    split = "def k(a, b):\n    return {'a': a.at[:3].set(-a[:3]), 'b': b.at[:3].set(10 * b[:3])}\n"
    joined, contradiction = run(of, split, apart, same)
    np.testing.assert_array_equal(arrays(joined)[0], np.array([-0.0, -1, -2, 30, 40, 50], "f4"))
    assert failure(contradiction).kind == "contract" and "contradicts" in failure(contradiction).message


def test_64_bit_buffers_need_x64_and_then_work() -> None:
    of = kernel("k", ("d", "i", "a"))
    one = case(
        of,
        (pointer(0, "float64"), pointer(1, "uint64"), real(0.1, "float64")),
        (("d", np.array([1e300, 1.0])), ("i", np.array([2**63 + 1], "u8"))),
    )
    code = "def k(d, i, a):\n    return {'d': d * a, 'i': i + jnp.uint64(1)}\n"
    (without,) = run(of, code, one)
    assert failure(without).kind == "contract" and "jax_enable_x64" in failure(without).message
    d, i = arrays(run(of, code, one, head=HEAD + X64)[0])
    np.testing.assert_array_equal(d, np.array([1e300, 1.0]) * 0.1)
    assert i.tolist() == [2**63 + 2]


def test_floats_are_traced_and_promote_nothing() -> None:
    of = kernel("k", ("h", "b", "f", "a"))
    code = """
    def k(h, b, f, a):
        assert isinstance(a, jax.Array)
        return {"h": h * a, "b": b * a, "f": f * a}
    """
    names = ("float16", "bfloat16", "float32")
    buffers = [(name, np.arange(4).astype(np.dtype(name))) for name in names]
    cases = [
        case(of, (*(pointer(i, name) for i, name in enumerate(names)), real(a, "float16")), buffers)
        for a in (0.5, -2.0, 3.0)
    ]
    for a, outputs in zip((0.5, -2.0, 3.0), run(of, code, *cases), strict=True):
        for (_, before), after in zip(buffers, arrays(outputs), strict=True):
            np.testing.assert_array_equal(after, (before.astype("f4") * a).astype(before.dtype))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return None", "returned nothing; return a dict"),
        ("return out", "return a dict"),
        ("return [('out', out)]", "return a dict"),
        ("return {'y': out}", "`y`, which is none of: x, out"),
        ("return {0: out}", "`0`, which is none of"),
        ("return {'out': out[:-1]}", "float32[6] for `out`; the buffer is float32[7]"),
        ("return {'out': out[None]}", "float32[1, 7]"),
        ("return {'out': out.astype(jnp.float16)}", "float16[7]"),
        ("return {'out': out.astype(int)}", "int32[7]"),
        ("return {'out': 0.0}", "a float for `out`; return an array"),
        ("return {'out': [0.0] * 7}", "a list for `out`"),
        ("return {'out': None}", "nothing for `out`"),
        ("return {'out': {'f': out}}", "a dict for `out`"),
        ("return {'out': np.array([object()] * 7)}", "object[7]"),
        ("return {'out': Liar()}", "a Liar for `out`"),
        ("return {'n': 3}", "`n`, which is none of"),
    ],
)
def test_results_that_break_the_contract(body: str, said: str) -> None:
    head = HEAD + "import numpy as np\nclass Liar:\n    shape = (7,); dtype = np.dtype('float32')\n"
    (outputs,) = run(SCALE, f"def scale(x, out, n):\n    {body}\n", scale_case(4), head=head)
    told = failure(outputs)
    assert told.kind == "contract" and said in told.message
    assert told.line == 6


@pytest.mark.parametrize(
    ("body", "kind", "line"),
    [
        ("if x[0] > 0: return {}", "exception", 4),
        ("return {'out': jnp.array([float(v) for v in x])}", "exception", 4),
        ("return {'out': jnp.zeros(7) + missing}", "exception", 4),
        ("return {'out': jnp.sort(jnp.arange(1 << 36) % 7)[:7] + out}", "memory", None),
    ],
)
def test_ports_that_fail_while_traced_or_run(body: str, kind: str, line: int | None) -> None:
    code = HEAD + f"def scale(x, out, n):\n    {body}\n"
    (outputs,) = execute(TARGET, code, SCALE, [scale_case(4)], Limits(case_seconds=30)).outputs
    told = failure(outputs)
    assert told.kind in (kind, "crash" if kind == "memory" else kind), told
    assert line is None or told.line == line


@pytest.mark.parametrize(
    "body",
    [
        "return {'out': jax.pure_callback(lambda v: 2 * np.asarray(v), out, out)}",
        "return {'out': io_callback(lambda v: 2 * np.asarray(v), out, out)}",
        "jax.debug.callback(lambda v: None, out)\n    return {'out': out}",
        "jax.debug.print('{}', out)\n    return {'out': out}",
    ],
)
def test_ways_back_to_the_host_are_refused(body: str) -> None:
    head = HEAD + "import numpy as np\nfrom jax.experimental import io_callback\n"
    (outputs,) = run(SCALE, f"def scale(x, out, n):\n    {body}\n", scale_case(4), head=head)
    told = failure(outputs)
    assert told.kind == "contract" and "callback" in told.message


def test_pallas_in_interpret_mode() -> None:
    code = """
    from jax.experimental import pallas as pl
    def body(x_ref, o_ref):
        o_ref[...] = 2 * x_ref[...]
    def scale(x, out, n):
        twice = pl.pallas_call(body, out_shape=jax.ShapeDtypeStruct(x.shape, x.dtype), interpret=True)(x)
        return {"out": out.at[:n].set(twice[:n])}
    """
    one = scale_case(9)
    np.testing.assert_array_equal(arrays(run(SCALE, code, one)[0])[1][:9], 2 * one.buffers[0].data[:9])
