"""Lowering for machines that are not here, and what the lowered program's text tells."""

from __future__ import annotations

import pytest
from tests.sandbox.launches import case, integer, kernel, pointer, scale_case

from cuport.sandbox.launch import build
from cuport.targets.jax import TARGET, stablehlo

pytest.importorskip("jax")
HEAD = "import jax\nimport jax.numpy as jnp\n"
SCALE = kernel("scale", ("x", "out", "n"))


def test_each_platform_is_lowered_for_at_most_three_sets_of_statics() -> None:
    code = HEAD + "def scale(x, out, n):\n    return {'out': out.at[:n].set(2 * x[:n])}\n"
    built = build(TARGET, code, SCALE, [scale_case(n) for n in (4, 4, 5, 6, 70)])
    assert built.ok
    assert [record.platform for record in built.records] == ["tpu", "cuda", "rocm"] * 3
    assert {record.kind for record in built.records} == {"lowered"}
    assert [record.detail for record in built.records[::3]] == ["n=4", "n=70", "n=6"]
    assert "lowered for 3 of 4 sets of static values" in built.notes


@pytest.mark.parametrize(
    ("product", "loose"),
    [
        ("jnp.dot(x, x)", "matrix product"),
        ("jnp.dot(x, x, precision='high')", "matrix product"),
        ("jnp.dot(x, x, precision=jax.lax.Precision.HIGHEST)", ""),
        ("jnp.dot(x, x, precision=('highest', 'default'))", "matrix product"),
        ("jnp.convolve(x, x[:3], mode='valid')[0]", "convolution"),
        ("jnp.convolve(x, x[:3], mode='valid', precision='highest')[0]", ""),
        ("jnp.dot(x.astype(jnp.int32), x.astype(jnp.int32)).astype(x.dtype)", ""),
        ("x.sum()", ""),
    ],
)
def test_products_below_the_highest_precision_are_told(product: str, loose: str) -> None:
    built = build(
        TARGET, HEAD + f"def scale(x, out, n):\n    return {{'out': out + {product}}}\n", SCALE, [scale_case(4)]
    )
    assert built.ok
    notes = [note for note in built.notes if "default precision" in note]
    assert bool(notes) == bool(loose) and all(note.startswith(loose) for note in notes)


def test_the_highest_precision_may_be_set_for_the_whole_file() -> None:
    head = HEAD + 'jax.config.update("jax_default_matmul_precision", "highest")\n'
    built = build(
        TARGET, head + "def scale(x, out, n):\n    return {'out': out + jnp.dot(x, x)}\n", SCALE, [scale_case(4)]
    )
    assert built.ok and not any("precision" in note for note in built.notes)


def test_what_cannot_be_lowered_is_a_failed_record() -> None:
    head = HEAD + "import numpy as np\n"
    code = "def scale(x, out, n):\n    return {'out': jax.pure_callback(lambda v: np.asarray(v), out, out)}\n"
    built = build(TARGET, head + code, SCALE, [scale_case(4)])
    assert len(built.records) == 3 and not any(record.ok for record in built.records)


def test_a_port_that_cannot_be_traced_is_not_ok() -> None:
    built = build(TARGET, HEAD + "def scale(x, out, n):\n    return {'out': out[:2]}\n", SCALE, [scale_case(4)])
    assert not built.ok and "the buffer is float32[7]" in built.records[-1].detail


def test_every_template_instance_comes_before_more_sizes() -> None:
    from cuport.kernel import TemplateParam

    of = kernel("k", ("x", "n"), templates=(TemplateParam("B", "value", "int"),))
    import numpy as np

    def launch(n: int, b: int) -> object:
        return case(of, (pointer(0), integer(n)), (("x", np.zeros(9, "f4")),), template_args=(("B", b),))

    cases = [launch(n, b) for b in (32, 64, 128) for n in (1, 2)]
    built = build(TARGET, HEAD + "def k(x, n, *, B):\n    return {'x': x + B}\n", of, cases)  # type: ignore[arg-type]
    assert [record.detail for record in built.records[::3]] == ["n=1 B=32", "n=1 B=64", "n=1 B=128"]


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (
            "%0 = stablehlo.custom_call @xla_ffi_python_cpu_callback(%1) {api_version = 4}",
            ["xla_ffi_python_cpu_callback"],
        ),
        ('%0 = stablehlo.custom_call @"my.kernel"(%1)', ["my.kernel"]),
        ('"stablehlo.custom_call"(%1) <{call_target_name = "evil"}> : ()', ["evil"]),
        ("%0 = stablehlo.custom_call @tpu_custom_call(%1)", []),
        ("%0 = stablehlo.custom_call @lapack_spotrf_ffi(%1)", []),
        ("%0 = stablehlo.custom_call @lapack_callback(%1)", ["lapack_callback"]),
        ("%0 = stablehlo.add %1, %2", []),
    ],
)
def test_custom_calls_by_allow_list(line: str, refused: list[str]) -> None:
    assert stablehlo.refused_calls(line) == refused
