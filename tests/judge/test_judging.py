"""The judge's rules, one by one, on references made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from cuport.candidate import Build, BuildRecord, Failure
from cuport.case import Reference
from cuport.judge import VERSION
from cuport.verdict import Status, Verdict

Court = Callable[..., Verdict]
Make = Callable[..., Any]


def square(x: Any) -> Any:
    return x * x + 1


def test_the_right_answer_is_accepted_with_its_evidence(court: Court, elementwise: Make) -> None:
    verdict = court(elementwise(square))
    e = verdict.evidence
    assert verdict.status is Status.ACCEPTED
    assert (e.cases, e.elements, e.execution, e.sandbox, e.domain, e.seed) == (
        3,
        192,
        "interpreted",
        "test tier",
        "n = 7",
        5,
    )
    assert e.evidence_share == 1 and 0 < e.worst_ratio < 0.5
    assert set(e.nulls_rejected) == {
        "zeros",
        "unchanged data",
        "another case's answer",
        "neighbour's answer",
        "scaled by 1.0001",
    }
    assert not e.nulls_survived
    assert dict(e.digests)["judge"] == VERSION
    assert dict(e.digests)["source"] == "source-digest"


def test_a_difference_inside_the_bound_is_accepted_and_one_outside_is_not(
    court: Court, elementwise: Make, changed: Make
) -> None:
    references = elementwise(square)
    inside = changed(references, 1, lambda y: np.nextafter(y, np.float32(9)))
    outside = changed(references, 1, lambda y: y * np.float32(1.00001))
    assert court(references, inside).status is Status.ACCEPTED
    verdict = court(references, outside)
    assert verdict.status is Status.REJECTED
    assert "suspect" in verdict.reason


def test_the_counterexample_is_the_first_element_of_the_smallest_case(
    court: Court, elementwise: Make, changed: Make
) -> None:
    references = elementwise(square, n=64)[:1] + elementwise(square, n=33)[:1]

    def off(y: Any) -> Any:
        y[[5, 9]] += 1
        return y

    verdict = court(references, changed(references, 1, off))
    c = verdict.counterexample
    assert c is not None
    assert (c.buffer, c.index, c.differing, c.elements) == ("y", (5,), 2, 33)
    assert c.got == pytest.approx(c.expected + 1) and 0 < c.bound < 1e-5
    digest = references[1].case.digest
    assert c.case_digest == digest and c.seed == 5
    assert c.replay == f"cuport verify dir/k.cu dir/k_jax.py --kernel k --case {digest[:12]} --seed 5"
    assert c.launch == "grid (2, 1, 1) block (32, 1, 1) n=7"


def test_changing_an_input_is_a_difference(court: Court, elementwise: Make, changed: Make) -> None:
    references = elementwise(square)

    def off(x: Any) -> Any:
        x[0] = np.nextafter(x[0], np.float32(100))
        return x

    verdict = court(references, changed(references, 0, off))
    assert verdict.status is Status.REJECTED
    assert verdict.counterexample is not None and verdict.counterexample.buffer == "x"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_is_no_wildcard(court: Court, elementwise: Make, changed: Make, bad: float) -> None:
    references = elementwise(square)

    def off(y: Any) -> Any:
        y[-1] = bad
        return y

    assert court(references, changed(references, 1, off)).status is Status.REJECTED
    everything = changed(references, 1, lambda y: np.full_like(y, bad))
    assert court(references, everything).status is Status.REJECTED


def test_where_the_original_gives_nan_or_infinity_the_port_must(court: Court, elementwise: Make, changed: Make) -> None:
    references = []
    for r in elementwise(square):
        y, v, w = r.outputs[1].copy(), r.bounds[1].value.copy(), r.bounds[1].bound.copy()
        y[:3] = v[:3] = np.nan, np.inf, -np.inf
        w[:3] = 0
        bound = replace(r.bounds[1], value=v, bound=w)
        references.append(replace(r, outputs=(r.outputs[0], y), bounds=(r.bounds[0], bound)))
    assert court(references).status is Status.ACCEPTED
    for wrong in ([1, np.inf, -np.inf], [np.nan, np.nan, -np.inf], [np.nan, np.inf, np.inf], [np.nan, 3e38, -np.inf]):

        def off(y: Any, wrong: list[float] = wrong) -> Any:
            y[:3] = wrong
            return y

        assert court(references, changed(references, 1, off)).status is Status.REJECTED


def test_elements_without_a_finite_bound_decide_nothing(court: Court, elementwise: Make, changed: Make) -> None:
    width = np.full(64, 1e-6)
    width[:10] = np.inf
    references = elementwise(square, width=width)

    def off(y: Any) -> Any:
        y[:3] = 77
        return y

    verdict = court(references, changed(references, 1, off))
    assert verdict.status is Status.ACCEPTED
    assert verdict.evidence.evidence_share == pytest.approx(54 / 64)

    def far_off(y: Any) -> Any:
        y[:10] = 77
        return y

    verdict = court(references, changed(references, 1, far_off))
    assert verdict.status is Status.INCONCLUSIVE and "plainly different" in verdict.reason


def test_near_ties_decide_nothing_and_are_counted(court: Court, elementwise: Make, changed: Make) -> None:
    tainted = np.zeros(64, bool)
    tainted[60:] = True
    references = elementwise(square, tainted=tainted)

    def off(y: Any) -> Any:
        y[63] = -5
        return y

    verdict = court(references, changed(references, 1, off))
    assert verdict.status is Status.ACCEPTED
    assert any("near ties decided 12 of 192" in note for note in verdict.evidence.notes)

    def off_elsewhere(y: Any) -> Any:
        y[59] = -5
        return y

    assert court(references, changed(references, 1, off_elsewhere)).status is Status.REJECTED


def test_too_few_decided_elements_are_inconclusive(court: Court, elementwise: Make) -> None:
    tainted = np.ones(64, bool)
    tainted[:20] = False
    verdict = court(elementwise(square, tainted=tainted))
    assert verdict.status is Status.INCONCLUSIVE and "31.2 %" in verdict.reason and "near a tie" in verdict.reason
    verdict = court(elementwise(square, width=0.5))
    assert verdict.status is Status.INCONCLUSIVE and "above 1 %" in verdict.reason


def test_a_wide_bound_still_rejects(court: Court, elementwise: Make, changed: Make) -> None:
    references = elementwise(square, width=0.5)
    assert court(references, changed(references, 1, lambda y: y + 1)).status is Status.REJECTED


def test_displaced_stores_are_excused_up_to_their_number(court: Court, make_reference: Make, make_bound: Make) -> None:
    rng = np.random.default_rng(2)
    references, off_by_two, off_by_four = [], [], []
    for i in range(3):
        x = rng.normal(size=200).astype(np.float32)
        bins = rng.integers(1, 50, size=64).astype(np.int32)
        before = {"x": x, "h": np.zeros(64, np.int32)}
        bounds = {"x": make_bound(x, touched=False), "h": make_bound(bins, 0, tainted=False)}
        references.append(make_reference(before, {"h": bins}, bounds, doubtful=2, label=str(i)))
        for count, made in ((2, off_by_two), (4, off_by_four)):
            wrong = bins.copy()
            wrong[:count] += 1
            made.append([x, wrong])
    verdict = court(references, off_by_two)
    assert verdict.status is Status.ACCEPTED
    assert any("6 differences are where near ties" in note for note in verdict.evidence.notes)
    assert court(references, off_by_four).status is Status.REJECTED


def test_integers_are_exact(court: Court, make_reference: Make, make_bound: Make) -> None:
    rng = np.random.default_rng(3)
    references, wrong = [], []
    for i in range(2):
        a = rng.integers(-(2**40), 2**40, size=50)
        before = {"a": a, "b": np.zeros(50, np.int64)}
        references.append(make_reference(before, {"b": a * 3}, {"b": make_bound(a * 3, 0)}, label=str(i)))
        off = a * 3
        off[49] += 1
        wrong.append([a, off])
    assert court(references).status is Status.ACCEPTED
    verdict = court(references, wrong)
    assert verdict.status is Status.REJECTED
    c = verdict.counterexample
    assert c is not None and c.got == int(c.expected) + 1 and c.bound == 0 and c.index == (49,)


def test_signs_of_zeros_and_flushed_denormals_do_not_reject(
    court: Court, make_reference: Make, make_bound: Make
) -> None:
    rng = np.random.default_rng(4)
    references, ports = [], []
    for i in range(2):
        x = rng.normal(size=32).astype(np.float32)
        y, z = x * 2, x.copy()
        y[0], y[1], z[2], z[3] = 0.0, np.float32(1e-40), np.float32(-0.0), np.float32(-1e-42)
        before = {"x": x, "y": np.ones_like(x), "z": np.ones_like(x)}
        bounds = {"y": make_bound(y), "z": make_bound(z, 0, touched=False)}
        references.append(make_reference(before, {"y": y, "z": z}, bounds, label=str(i)))
        a, b = y.copy(), z.copy()
        a[0], a[1], b[2], b[3] = -0.0, 0.0, 0.0, 0.0
        ports.append([x, a, b])
    assert court(references, ports).status is Status.ACCEPTED


def test_copies_are_compared_bit_for_bit(court: Court, elementwise: Make, changed: Make) -> None:
    references = elementwise(lambda x: x, touched=False)
    assert court(references).status is Status.ACCEPTED
    moved = changed(references, 1, lambda y: np.nextafter(y, np.float32(9)))
    assert court(references, moved).status is Status.REJECTED


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_narrow_storage_takes_what_may_round_to_it_and_no_truncation(
    court: Court, elementwise: Make, changed: Make, dtype: Any
) -> None:
    references = elementwise(square, dtype=dtype, n=256)
    assert court(references).status is Status.ACCEPTED

    def truncated(r: Reference) -> Any:
        y = r.outputs[1].copy()
        value = r.bounds[1].value
        up = y.astype(np.float64) > value
        bits = y.view(np.uint16)
        bits[up] -= 1  # all values are positive
        return bits.view(dtype)

    verdict = court(references, [[r.outputs[0], truncated(r)] for r in references])
    assert verdict.status is Status.REJECTED


def test_double_precision_is_held_to_double_precision(court: Court, elementwise: Make, changed: Make) -> None:
    references = elementwise(square, dtype=np.float64, width=1e-15)
    assert court(references).status is Status.ACCEPTED
    through_float = changed(references, 1, lambda y: y.astype(np.float32).astype(np.float64))
    assert court(references, through_float).status is Status.REJECTED


def test_structs_are_compared_field_by_field(court: Court, make_reference: Make) -> None:
    body = np.dtype([("p", np.float32, (3,)), ("id", np.int32), ("flag", np.uint8)], align=True)
    rng = np.random.default_rng(5)
    references = []
    for i in range(2):
        before = np.zeros(20, body)
        before["p"], before["id"] = rng.normal(size=(20, 3)), rng.integers(0, 9, 20)
        after = before.copy()
        after["p"] *= 2
        after["id"] += 1
        references.append(make_reference({"b": before}, {"b": after}, label=str(i)))
    assert court(references).status is Status.ACCEPTED
    assert any("no bound" in note for note in court(references).evidence.notes)
    for field, at in (("p", (3, 1)), ("id", (3,)), ("flag", (3,))):
        wrong = [[r.outputs[0].copy()] for r in references]
        for (array,) in wrong:
            array[field][at] += 1
        c = court(references, wrong).counterexample
        assert c is not None and (c.buffer, c.index) == (f"b.{field}", at)


def test_padding_does_not_matter(court: Court, make_reference: Make) -> None:
    padded = np.dtype({"names": ["a"], "formats": [np.int32], "offsets": [0], "itemsize": 8})
    before = np.arange(40, dtype=np.int32).view(padded)
    after = before.copy()
    after["a"] += np.arange(20, dtype=np.int32) + 1
    port = after.copy()
    port.view(np.int32)[1::2] = -1
    assert court([make_reference({"b": before}, {"b": after})], [[port]]).status is Status.ACCEPTED


# ------------------------------------------------------------------------------------------- without a shadow's bound


def _unbounded(references: list[Reference], **more: Any) -> list[Reference]:
    return [
        replace(r, bounds=tuple(None for _ in r.bounds), notes=("no shadow: bits of numbers",), **more)
        for r in references
    ]


def test_without_a_bound_near_is_accepted_far_rejected_and_between_left_open(
    court: Court, elementwise: Make, changed: Make
) -> None:
    references = _unbounded(elementwise(square))
    near = changed(references, 1, lambda y: y * np.float32(1 + 2e-7))
    far = changed(references, 1, lambda y: y * np.float32(1.1))
    between = changed(references, 1, lambda y: y * np.float32(1.0001))
    accepted = court(references, near)
    assert accepted.status is Status.ACCEPTED
    assert any("no bound (bits of numbers)" in note for note in accepted.evidence.notes)
    assert court(references, far).status is Status.REJECTED
    verdict = court(references, between)
    assert verdict.status is Status.INCONCLUSIVE and "not as close as builds" in verdict.reason


def test_a_shadow_that_does_not_describe_the_original_is_dropped(court: Court, elementwise: Make) -> None:
    references = [
        replace(r, bounds=(r.bounds[0], replace(r.bounds[1], value=r.bounds[1].value + 1))) for r in elementwise(square)
    ]
    verdict = court(references)
    assert verdict.status is Status.ACCEPTED
    assert any("does not describe" in note for note in verdict.evidence.notes)


def test_isolated_misfits_of_the_original_are_left_out(court: Court, elementwise: Make, changed: Make) -> None:
    references = []
    for r in elementwise(square, n=1000):
        value = r.bounds[1].value.copy()
        value[17] += 1e-3
        references.append(replace(r, bounds=(r.bounds[0], replace(r.bounds[1], value=value))))
    verdict = court(references)
    assert verdict.status is Status.ACCEPTED
    assert any("3 elements on which the original disagrees with itself" in note for note in verdict.evidence.notes)


def test_an_output_that_depends_on_the_order_of_threads_gets_no_verdict(court: Court, make_reference: Make) -> None:
    rng = np.random.default_rng(6)
    references = []
    for i in range(2):
        a = rng.permutation(64).astype(np.int32)
        before = {"a": a, "out": np.zeros(64, np.int32)}
        references.append(make_reference(before, {"out": a}, variants=[{"out": a[::-1].copy()}], label=str(i)))
    verdict = court(references)
    assert verdict.status is Status.INCONCLUSIVE and "order in which threads run" in verdict.reason


# ---------------------------------------------------------------------------------------------------- null candidates


def test_data_that_cannot_tell_zeros_apart_is_inconclusive(
    court: Court, make_reference: Make, make_bound: Make
) -> None:
    x = np.zeros(32, np.float32)
    references = [make_reference({"x": x, "y": x}, {"y": x}, {"y": make_bound(x)}, label=str(i)) for i in range(2)]
    verdict = court(references)
    assert verdict.status is Status.INCONCLUSIVE
    assert "zeros" in verdict.evidence.nulls_survived


def test_a_wide_bound_lets_a_scaled_answer_through_and_says_so(court: Court, elementwise: Make) -> None:
    verdict = court(elementwise(square, width=5e-3))
    assert verdict.status is Status.INCONCLUSIVE
    assert verdict.evidence.nulls_survived == ("scaled by 1.0001",)
    assert "scaled by 1.0001" in verdict.reason


def test_a_kernel_that_clears_memory_may_be_zeros(court: Court, make_reference: Make, make_bound: Make) -> None:
    rng = np.random.default_rng(7)
    references = []
    for i in range(3):
        y = rng.normal(size=40).astype(np.float32)
        zero = np.zeros_like(y)
        references.append(
            make_reference({"y": y}, {"y": zero}, {"y": make_bound(zero, 0, touched=False)}, label=str(i))
        )
    verdict = court(references)
    assert verdict.status is Status.ACCEPTED
    assert "unchanged data" in verdict.evidence.nulls_rejected
    assert any("right answer on every case" in note for note in verdict.evidence.notes)


def test_a_tail_that_is_not_written_does_not_give_a_null_away(
    court: Court, make_reference: Make, make_bound: Make
) -> None:
    y = np.linspace(1, 2, 64, dtype=np.float32)
    after = y.copy()
    after[:8] = 0
    touched = np.arange(64) < 8
    before = y.copy()
    before[:8] = 0  # the written part was zero already, and stays so
    references = [make_reference({"y": before}, {"y": after}, {"y": make_bound(after, touched=touched)})]
    verdict = court(references)
    assert verdict.status is Status.INCONCLUSIVE
    assert "unchanged data" in verdict.evidence.nulls_survived


# ------------------------------------------------------------------------------------------ running, building, suites


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("exception", Status.REJECTED),
        ("crash", Status.REJECTED),
        ("contract", Status.REJECTED),
        ("import", Status.REJECTED),
        ("output", Status.REJECTED),
        ("timeout", Status.INCONCLUSIVE),
        ("memory", Status.INCONCLUSIVE),
        ("missing-target", Status.FAILED),
        ("unsupported", Status.UNSUPPORTED),
    ],
)
def test_a_port_that_does_not_run(court: Court, elementwise: Make, kind: Any, status: Status) -> None:
    references = elementwise(square)
    outputs = [references[0].outputs, Failure(kind, "what it said", 12), references[2].outputs]
    verdict = court(references, outputs)
    assert verdict.status is status
    if status is Status.REJECTED:
        (d,) = verdict.diagnostics
        assert d.span is not None and d.span.line == 12 and "--case" in d.hint and "what it said" in verdict.reason


def test_a_wrong_shape_or_dtype_is_rejected(court: Court, elementwise: Make, changed: Make) -> None:
    references = elementwise(square)
    for change in (lambda y: y[:-1], lambda y: y.astype(np.float64), lambda y: y.reshape(8, 8)):
        verdict = court(references, changed(references, 1, change))
        assert verdict.status is Status.REJECTED and "came back as" in verdict.reason
    assert court(references, [[r.outputs[0]] for r in references]).status is Status.REJECTED


@pytest.mark.parametrize(
    ("build", "status"),
    [
        (
            Build((BuildRecord("cuda:90", "compiled", True), BuildRecord("tpu", "lowered", False, "no"))),
            Status.REJECTED,
        ),
        (Build((BuildRecord("any", "lowered", False, "timeout: building took too long"),)), Status.INCONCLUSIVE),
        (Build((), ("no compiler",)), Status.INCONCLUSIVE),
        (None, Status.INCONCLUSIVE),
    ],
)
def test_a_port_that_was_not_built(court: Court, elementwise: Make, build: Build | None, status: Status) -> None:
    assert court(elementwise(square), build=build).status is status


def test_no_cases_is_inconclusive(court: Court, elementwise: Make, in_suite: Make) -> None:
    assert court([]).status is Status.INCONCLUSIVE
    assert court([in_suite(r, "width") for r in elementwise(square)]).status is Status.INCONCLUSIVE


def test_outputs_missing_for_some_cases_are_inconclusive(court: Court, elementwise: Make) -> None:
    references = elementwise(square)
    assert court(references, [references[0].outputs]).status is Status.INCONCLUSIVE


def test_width_never_rejects_and_is_told(court: Court, elementwise: Make, changed: Make, in_suite: Make) -> None:
    references = elementwise(square, cases=4)
    outputs = changed(references, 1, lambda y: y)
    outputs[3][1] = outputs[3][1] + 1
    assert court(references, outputs).status is Status.REJECTED
    references[3] = in_suite(references[3], "width")
    verdict = court(references, outputs)
    assert verdict.status is Status.ACCEPTED and verdict.evidence.cases == 3
    assert any("0 of 1 cases outside the domain agree" in note for note in verdict.evidence.notes)


def test_special_values_reject_like_any_other(court: Court, elementwise: Make, changed: Make, in_suite: Make) -> None:
    references = elementwise(square)
    references[2] = in_suite(references[2], "special")
    outputs = changed(references, 1, lambda y: y)
    outputs[2][1] = np.full_like(outputs[2][1], np.nan)
    assert court(references, outputs).status is Status.REJECTED


def test_empty_buffers_are_no_obstacle(court: Court, elementwise: Make, make_reference: Make) -> None:
    nothing = np.zeros(0, np.float32)
    references = [make_reference({"x": nothing, "y": nothing}, {}, label="n=0"), *elementwise(square)]
    assert court(references).status is Status.ACCEPTED
    verdict = court(references[:1])
    assert verdict.status is Status.INCONCLUSIVE and "writes nothing" in verdict.reason


def test_a_verdict_survives_json(court: Court, elementwise: Make) -> None:
    import json

    json.dumps(court(elementwise(square)).to_dict())
