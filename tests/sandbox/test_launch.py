"""What comes back from the sandboxed process: outputs, typed failures, progress, builds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.sandbox.launches import SCALE, case, integer, pointer, scale_case

from cuport.diagnostic import CuportError
from cuport.sandbox import best_tier
from cuport.sandbox.launch import build, execute, run_candidate
from cuport.sandbox.limits import Limits

GOOD = """
def scale(x, out, n):
    out[:n] = 2 * x[:n]
"""
QUICK = Limits(start_seconds=60, case_seconds=2)


def test_outputs_have_the_cases_shapes_and_the_ports_values(numpy_target: SimpleNamespace) -> None:
    cases = [scale_case(n, seed=n) for n in (0, 1, 31, 33, 1009)]
    told: list[tuple[int, int]] = []
    execution = execute(numpy_target, GOOD, SCALE, cases, progress=lambda done, total: told.append((done, total)))
    assert execution.how == "interpreted"
    assert dict(execution.versions)["numpy"] == np.__version__
    for one, outputs in zip(cases, execution.outputs, strict=True):
        assert outputs.failure is None
        x, out = one.buffers[0].data, one.buffers[1].data
        n = len(x) - 3
        np.testing.assert_array_equal(outputs.arrays[0], x)
        np.testing.assert_array_equal(outputs.arrays[1][:n], 2 * x[:n])
        np.testing.assert_array_equal(outputs.arrays[1][n:], out[n:])
        assert not outputs.arrays[1].flags.writeable
    assert told == sorted(told) and {total for _, total in told} <= {5}


def test_every_dtype_survives_the_journey(numpy_target: SimpleNamespace) -> None:
    names = [
        "bool",
        *(f"{u}int{b}" for u in ("", "u") for b in (8, 16, 32, 64)),
        "float16",
        "bfloat16",
        "float32",
        "float64",
    ]
    record = np.dtype([("pos", "f4", (3,)), ("id", "i8"), ("flag", "?")], align=True)
    arrays = [np.arange(7).astype(np.dtype(name)) for name in names] + [
        np.zeros((5, 4), np.float32),
        np.zeros(3, record),
    ]
    one = case(SCALE, (pointer(0), pointer(1), integer(3)), [(f"b{i}", a) for i, a in enumerate(arrays)])
    (outputs,) = execute(numpy_target, "def scale(x, out, n): pass", SCALE, [one]).outputs
    assert outputs.failure is None
    for before, after in zip(arrays, outputs.arrays, strict=True):
        assert (after.dtype, after.shape) == (before.dtype, before.shape)
        assert after.tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("code", "kind", "line", "message"),
    [
        ("import nothing_of_this_name\ndef scale(x, out, n): pass", "import", 1, "nothing_of_this_name"),
        ("def scale(x, out, n):\n    return +", "import", 2, "SyntaxError"),
        ("raise SystemExit(0)", "import", 1, "SystemExit"),
        ("import os\nos._exit(0)", "import", None, "exit code 0"),
        ("def other(): pass", "contract", None, "defines no `scale`; write `def scale(x, out, n):`"),
        ("scale = 3", "contract", None, "defines no `scale`"),
        ("\ndef scale(x, n): pass", "contract", 2, "the contract is `def scale(x, out, n):`"),
        ("def scale(out, x, n): pass", "contract", 1, "takes (out, x, n)"),
        ("def scale(x, out, n, *, fast): pass", "contract", 1, "declares `fast`"),
        ("def scale(*args): pass", "contract", 1, "hides the parameters"),
        ("def scale(x, out, n):\n    out[:] = x[n + 99]", "exception", 2, "IndexError"),
        ("def scale(x, out, n):\n    raise MemoryError", "memory", 2, "MemoryError"),
        ("def scale(x, out, n):\n    return {1: x[:2]}", "contract", None, "8 bytes instead of"),
    ],
)
def test_failures_are_typed_and_have_a_line(
    numpy_target: SimpleNamespace, code: str, kind: str, line: int | None, message: str
) -> None:
    (outputs,) = execute(numpy_target, code, SCALE, [scale_case(10)]).outputs
    assert outputs.failure is not None
    assert (outputs.failure.kind, outputs.failure.line) == (kind, line)
    assert message in outputs.failure.message
    assert outputs.arrays == ()


def test_a_failing_case_leaves_the_others_alone(numpy_target: SimpleNamespace) -> None:
    code = "def scale(x, out, n):\n    if n == 20: raise ValueError('twenty')\n    out[:n] = 2 * x[:n]\n"
    cases = [scale_case(n) for n in (10, 20, 30)]
    first, second, third = execute(numpy_target, code, SCALE, cases).outputs
    assert first.failure is None and third.failure is None
    assert second.failure is not None and "twenty" in second.failure.message
    np.testing.assert_array_equal(third.arrays[1][:30], 2 * cases[2].buffers[0].data[:30])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("while True: pass", "timeout"),
        ("import os; os._exit(0)", "crash"),
        ("import ctypes; ctypes.string_at(8)", "crash"),
    ],
)
def test_what_ends_the_process_loses_no_earlier_case(numpy_target: SimpleNamespace, body: str, kind: str) -> None:
    code = f"def scale(x, out, n):\n    out[:n] = 2 * x[:n]\n    if n == 20:\n        {body}\n"
    cases = [scale_case(n) for n in (10, 20, 30)]
    first, second, third = execute(numpy_target, code, SCALE, cases, QUICK).outputs
    assert first.failure is None
    np.testing.assert_array_equal(first.arrays[1][:10], 2 * cases[0].buffers[0].data[:10])
    assert second.failure is not None and second.failure.kind == kind
    assert third.failure is not None and "not run" in third.failure.message


def test_a_segmentation_fault_names_the_ports_line(numpy_target: SimpleNamespace) -> None:
    code = "import ctypes\n\ndef scale(x, out, n):\n    ctypes.string_at(8)\n"
    (outputs,) = execute(numpy_target, code, SCALE, [scale_case(4)], QUICK).outputs
    assert outputs.failure is not None
    assert "SIGSEGV" in outputs.failure.message and outputs.failure.line == 4


def test_extras_arrive_only_if_declared(numpy_target: SimpleNamespace) -> None:
    code = "def scale(x, out, n, grid, *, block, shared_bytes=9):\n    out[:7] = [*grid, *block, shared_bytes]\n"
    one = case(
        SCALE,
        (pointer(0), pointer(1), integer(1)),
        (("x", np.zeros(1, "f4")), ("out", np.zeros(7, "f4"))),
        grid=(2, 3, 4),
        block=(5, 6, 7),
        shared_bytes=48,
    )
    (outputs,) = execute(numpy_target, code, SCALE, [one]).outputs
    assert outputs.failure is None
    assert outputs.arrays[1].tolist() == [2, 3, 4, 5, 6, 7, 48]


def test_a_launch_the_contract_cannot_express_is_unsupported_in_its_place(numpy_target: SimpleNamespace) -> None:
    odd = case(SCALE, (pointer(0, offset=-4), pointer(0), integer(1)), (("x", np.zeros(4, "f4")),))
    first, second = execute(numpy_target, GOOD, SCALE, [odd, scale_case(3)]).outputs
    assert first.failure is not None and first.failure.kind == "unsupported"
    assert second.failure is None
    alone = execute(numpy_target, GOOD, SCALE, [odd])
    assert alone.outputs[0].failure is not None and alone.sandbox == "not started"


def test_a_missing_library_is_a_missing_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needy_worker.py").write_text("def prepare(mode, device):\n    import no_such_library\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    target = SimpleNamespace(requires=("no_such_library",), worker="needy_worker")
    (outputs,) = execute(target, GOOD, SCALE, [scale_case(3)]).outputs
    assert outputs.failure is not None and outputs.failure.kind == "missing-target"
    built = build(target, GOOD, SCALE, [scale_case(3)])
    assert not built.ok and "no_such_library" in built.records[-1].detail


def test_a_sandbox_that_cannot_start_is_an_error_not_a_failure_of_the_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sick_worker.py").write_text("raise RuntimeError('sick')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    target = SimpleNamespace(requires=(), worker="sick_worker")
    with pytest.raises(CuportError) as caught:
        execute(target, GOOD, SCALE, [scale_case(3)])
    assert caught.value.diagnostics[0].code == "sandbox.start"
    assert "sick" in caught.value.diagnostics[0].hint


def test_build_gives_records_and_notes(numpy_target: SimpleNamespace) -> None:
    built = run_candidate(numpy_target, GOOD, SCALE, [scale_case(3), scale_case(4)], QUICK, mode="build")
    assert [record.platform for record in built.records] == ["paper", "paper"]
    assert built.ok and built.notes == ("prepared for build", "a note")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def scale(x, out, n): pass\ndef while_building(): 1 / 0", "ZeroDivisionError"),
        ("import os\ndef scale(x, out, n): pass\ndef while_building(): os._exit(0)", "exit code 0"),
        ("def scale(x, out, n): pass\ndef while_building():\n    while True: pass", "building took more than"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_build_that_breaks_off_is_not_ok(numpy_target: SimpleNamespace, code: str, said: str) -> None:
    built = build(numpy_target, code, SCALE, [scale_case(3)], Limits(build_seconds=2))
    assert not built.ok
    assert said in built.records[-1].detail


def test_nothing_is_left_behind(numpy_target: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = """
import os
def scale(x, out, n):
    os.makedirs("a/b")
    os.symlink("/", "a/root")
    os.mkdir("a/closed", 0)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
"""
    before = set(os.listdir("/proc/self/fd"))
    execute(numpy_target, code, SCALE, [scale_case(3)])
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def test_the_tier_that_is_promised_is_the_tier_of_the_run(numpy_target: SimpleNamespace) -> None:
    tier, advice = best_tier()
    execution = execute(numpy_target, GOOD, SCALE, [scale_case(3)])
    assert execution.sandbox == tier and tier.endswith("rlimits")
    walled = {"landlock", "seccomp"} <= set(tier.split("+")) and {"namespaces", "bubblewrap"} & set(tier.split("+"))
    assert bool(advice) != bool(walled)
