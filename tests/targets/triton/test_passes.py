"""A port is right in every order of programs, with every configuration, whatever undefined memory holds."""

from __future__ import annotations

import numpy as np
import pytest

from cuport.sandbox.call import ContractViolation
from cuport.targets.triton import worker
from cuport.targets.triton.frontend import PortError


def values(loaded, name, count=8, size=96, **more):
    """Inputs and outputs of several cases."""
    for seed in range(count):
        x = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
        yield x, loaded.run(name, x=x, o=np.zeros(size, np.float32), n=size, **more)["o"]


def test_a_result_that_needs_an_order_of_programs_is_seen(port):
    loaded = port("""
@triton.jit
def _k(x, o, s, n, B: tl.constexpr):
    p = tl.program_id(0)
    i = p * B + tl.arange(0, B)
    before = tl.load(s + p)
    tl.store(s + p + 1, before + 1)
    tl.store(o + i, tl.load(x + i) * before)

def k(x, o, n):
    s = torch.zeros(n // 32 + 1, dtype=torch.float32, device=x.device)
    _k[(n // 32,)](x, o, s, n, B=32)
""")
    forward = np.repeat(np.arange(3, dtype=np.float32), 32)
    wrong = [not np.array_equal(got, x * forward) for x, got in values(loaded, "k")]
    assert sum(wrong) >= 3
    assert any("different results" in note for note in worker.notes())


def test_programs_that_wait_for_one_another_end(port):
    loaded = port("""
@triton.jit
def _k(x, o, flags, n, B: tl.constexpr):
    p = tl.program_id(0)
    i = p * B + tl.arange(0, B)
    if p > 0:
        while tl.atomic_add(flags + p - 1, 0) == 0:
            pass
    tl.store(o + i, tl.load(x + i) + 1.0)
    tl.atomic_xchg(flags + p, 1)

def k(x, o, n):
    _k[(n // 32,)](x, o, torch.zeros(n // 32, dtype=torch.int32), n, B=32)
""")
    for x, got in values(loaded, "k", count=2):
        assert np.array_equal(got, x + 1)
    assert any("wait for one another" in note for note in worker.notes())


SCRATCH = """
@triton.jit
def _k(x, o, s, n, B: tl.constexpr):
    i = tl.program_id(0) * B + tl.arange(0, B)
    v = {seen}
    tl.store(o + i, tl.load(x + i, mask=i < n) + v, mask=i < n)

def k(x, o, n):
    s = {make}
    _k[(triton.cdiv(n, 64),)](x, o, s, n, B=64)
"""


@pytest.mark.parametrize(
    "make",
    [
        "torch.empty(n, dtype=torch.float32)",
        "torch.empty_like(x)",
        "x.new_empty(n)",
        "torch.empty((n,), dtype=torch.int32)",
        "torch.empty(n, dtype=torch.bfloat16)",
        "torch.empty(n, dtype=torch.float32, device='cuda')",
    ],
)
@pytest.mark.parametrize("seen", ["tl.load(s + i, mask=i < n, other=0)", "tl.minimum(tl.load(s + i % n), 0)"])
def test_scratch_arrives_poisoned(port, make, seen):
    loaded = port(SCRATCH.replace("{make}", make).replace("{seen}", seen))
    assert not any(np.array_equal(x, got) for x, got in values(loaded, "k", count=3) if got is not None) or any(
        not np.array_equal(x, got) for x, got in values(loaded, "k", count=6)
    )


def test_zeroed_scratch_is_zero(port):
    code = SCRATCH.replace("{make}", "torch.zeros(n)").replace("{seen}", "tl.load(s + i, mask=i < n)")
    assert all(np.array_equal(x, got) for x, got in values(port(code), "k", count=2))


def test_masked_off_lanes_read_as_zero_and_a_result_that_needs_it_says_so(port):
    code = """
@triton.jit
def _k(x, o, n, B: tl.constexpr):
    i = tl.arange(0, B)
    v = tl.load(x + i, mask=i < n{other})
    tl.store(o + i, v * 0.0 + tl.sum(v, 0), mask=i < n)

def k(x, o, n):
    _k[(1,)](x, o, n, B=128)
"""
    for x, got in values(port(code.replace("{other}", "")), "k", count=1):
        assert np.allclose(got, x.astype(np.float64).sum(), atol=1e-4)
    assert any("masked-off lanes" in note for note in worker.notes())


TUNED = """
@triton.autotune(
    configs=[triton.Config({"B": 32}, num_warps=1), triton.Config({"B": 64}), triton.Config({"B": 128}, num_stages=2)],
    key=["n"]{extra},
)
@triton.heuristics({"EVEN": lambda args: args["n"] % args["B"] == 0})
@triton.jit
def _k(x, o, n, B: tl.constexpr, EVEN: tl.constexpr):
    i = tl.program_id(0) * B + tl.arange(0, B)
    {body}

def k(x, o, n):
    _k[lambda meta: (triton.cdiv(n, meta["B"]),)](x, o, n)
"""
RIGHT = """if EVEN:
        tl.store(o + i, 2 * tl.load(x + i))
    else:
        tl.store(o + i, 2 * tl.load(x + i, mask=i < n), mask=i < n)"""


def tuned(body, extra=""):
    return TUNED.replace("{body}", body).replace("{extra}", extra)


def test_autotuned_kernels_run_in_every_configuration(port):
    loaded = port(tuned(RIGHT))
    assert all(np.array_equal(got, 2 * x) for x, got in values(loaded, "k", count=4))
    assert any("3 configurations were run" in note for note in worker.notes())


@pytest.mark.parametrize("size", [32, 64, 128])
def test_one_broken_configuration_is_found(port, size):
    body = f"tl.store(o + i, tl.load(x + i, mask=i < n) * (2.0 if B != {size} else 2.5), mask=i < n)"
    results = [np.array_equal(got, 2 * x) for x, got in values(port(tuned(body)), "k")]
    assert not all(results)


IN_PLACE = "tl.store(o + i, tl.load(o + i, mask=i < n) + tl.load(x + i, mask=i < n), mask=i < n)"


def test_tuning_that_spoils_its_own_data_is_found(port):
    """The autotuner runs every configuration on the real buffers before the first real launch."""
    results = [np.array_equal(got, x) for x, got in values(port(tuned(IN_PLACE)), "k")]
    assert not all(results)


def test_tuning_that_restores_its_data_is_right(port):
    restoring = port(tuned(IN_PLACE, ', restore_value=["o"]'))
    assert all(np.array_equal(got, x) for x, got in values(restoring, "k", count=3))
    clearing = port(tuned("tl.atomic_add(o + i, tl.load(x + i, mask=i < n), mask=i < n)", ', reset_to_zero=["o"]'))
    assert all(np.array_equal(got, x) for x, got in values(clearing, "k", count=3))


def test_configurations_with_a_failed_static_assertion_are_skipped(port):
    body = "tl.static_assert(B > 32)\n    " + RIGHT
    assert all(np.array_equal(got, 2 * x) for x, got in values(port(tuned(body)), "k", count=3))


LAUNCH = """
@triton.jit
def _k(x, o, n, B: tl.constexpr):
    i = tl.program_id(0) * B + tl.arange(0, B)
    tl.store(o + i, tl.load(x + i, mask=i < n), mask=i < n)

def k(x, o, n):
    {launch}
"""


@pytest.mark.parametrize(
    ("launch", "told"),
    [
        ("_k[(n / 32,)](x, o, n, B=32)", "which is no integer"),
        ("_k[(-1,)](x, o, n, B=32)", "the limit is"),
        ("_k[(3, 70000)](x, o, n, B=32)", "70000; the limit is 65535"),
        ("_k[(1, 1, 1, 1)](x, o, n, B=32)", "one to three numbers"),
        ("_k[(3,)](x, o, n)", "missing"),
        ("_k[(3,)](x, o, n, B=32, C=1)", "unrecognised"),
        ("_k[(3,)](x, o, n, B=48)", "power of 2"),
        ("_k[(3,)](x, o, 'n', B=32)", "launch of `_k`"),
    ],
)
def test_launches_that_would_fail(port, launch, told):
    loaded = port(LAUNCH.replace("{launch}", launch))
    with pytest.raises(PortError, match=told):
        next(values(loaded, "k"))


def test_an_empty_grid_runs_nothing(port):
    loaded = port(LAUNCH.replace("{launch}", "_k[(0,)](x, o, n, B=32)"))
    assert not next(values(loaded, "k"))[1].any()


def test_compile_errors_carry_the_kernels_line(port):
    loaded = port("""
@triton.jit
def _helper(v):
    w = v + 1
    if w > 0:
        w = w * 2
    return w

@triton.jit
def _k(x, o, n, B: tl.constexpr):
    i = tl.arange(0, B)
    tl.store(o + i, _helper(tl.load(x + i)))

def k(x, o, n):
    _k[(1,)](x, o, n, B=32)
""")
    with pytest.raises(PortError, match="ambiguous") as caught:
        next(values(loaded, "k"))
    assert caught.value.line == 12


def test_a_port_returns_nothing(port):
    loaded = port(LAUNCH.replace("{launch}", "_k[(3,)](x, o, n, B=32)\n    return o"))
    with pytest.raises(ContractViolation, match="returned a Tensor"):
        next(values(loaded, "k"))


def test_the_function_is_not_the_kernel_itself(port):
    with pytest.raises(ContractViolation, match=r"is a @triton\.jit kernel"):
        next(values(port(LAUNCH.replace("{launch}", "pass")), "_k"))


def test_no_kernel_runs_at_import(port):
    with pytest.raises(PortError, match="imported"):
        port(LAUNCH.replace("{launch}", "pass") + "\n_k[(1,)](torch.zeros(32), torch.zeros(32), 32, B=32)\n")


@pytest.mark.parametrize(
    "launch",
    [
        "o.copy_(x + 1)",
        "o.copy_(x).mul_(2)",
        "torch.mul(x, 2, out=o)",
        "sums = [float(v) for v in x]",
        "n = int(x.max())",
        "o.copy_(torch.tensor([2.0]))",
        "o[0] = 1.0",
        "n = 5 if x[3] > 0 else n",
        "first = x[1]",
        "all_of_it = repr(x)",
        "o.copy_(sum((x, x)))",
        "o.copy_(abs(x))",
        "_k[lambda meta: (int(x.sum()),)](x, o, n, B=32)",
        "x.apply_(lambda v: v + 1)",
        "same = n in x",
        "y = torch.nn.functional.softmax(x, 0)",
        "y = x.numpy()",
        "y = x.to(torch.float64)",
    ],
)
def test_host_code_that_computes_or_reads_is_stopped_when_it_runs(port, launch):
    """Whatever a screen may miss: the wall is here."""
    loaded = port(LAUNCH.replace("{launch}", launch + "\n    _k[(3,)](x, o, n, B=32)"))
    with pytest.raises(ContractViolation, match="host code uses torch"):
        next(values(loaded, "k"))


def test_host_code_may_prepare_memory(port):
    body = """assert x.shape == (n,) and x.dtype is torch.float32 and o.is_contiguous()
    y = torch.zeros((n,), dtype=x.dtype, device="cuda").copy_(x).view(3, -1).reshape(-1)[: x.numel()]
    z = torch.full_like(y, 2.0)
    _k[(3,)](y.clone(), o, len(z), B=32)"""
    x, got = next(values(port(LAUNCH.replace("{launch}", body)), "k"))
    assert np.array_equal(x, got)


@pytest.mark.parametrize(("step", "holds"), [(32, True), (33, False)])
def test_hints_that_do_not_hold_are_noted(port, step, holds):
    loaded = port(f"""
@triton.jit
def _k(x, o, n, step, B: tl.constexpr):
    i = tl.max_contiguous(tl.multiple_of(tl.program_id(0) * step + tl.arange(0, B), B), B)
    tl.store(o + i, tl.load(x + i, mask=i < n), mask=i < n)

def k(x, o, n):
    _k[(3,)](x, o, n, {step}, B=32)
""")
    next(values(loaded, "k"))
    assert any("does not hold" in note for note in worker.notes()) != holds
