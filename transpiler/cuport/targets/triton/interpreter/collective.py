"""Operations across lanes: reduce, scan, gather, histogram, dot.

Regions (the combine functions) arrive as Python functions that work on whole arrays, so a reduction of n lanes costs
log2(n) calls. The tree pairs lane i with lane i + n/2, and in the second pass neighbours, the right one first: a
combine function that is not associative and commutative, which the GPU's layouts require, shows as a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cuport.targets.triton.interpreter.registry import (
    Code,
    Machine,
    UnsupportedOperation,
    dtype_of,
    full,
    one_type,
    operation,
    shape_of,
)
from cuport.targets.triton.interpreter.syntax import Op

_ORDER_FREE: dict[str, Any] = {
    "arith.maxnumf": np.fmax,
    "arith.minnumf": np.fmin,
    "arith.maximumf": np.maximum,
    "arith.minimumf": np.minimum,
    "arith.maxsi": np.maximum,
    "arith.minsi": np.minimum,
    "arith.andi": np.bitwise_and,
    "arith.ori": np.bitwise_or,
    "arith.xori": np.bitwise_xor,
    "arith.addi": np.add,
    "arith.muli": np.multiply,
}


def _single(op: Op) -> str:
    """The one operation that a region applies to its two arguments, or ""."""
    block = op.regions[0][0]
    if len(block.ops) != 2 or len(block.arguments) != 2:
        return ""
    inner, end = block.ops
    if sorted(inner.operands) != sorted(block.arguments) or end.operands != inner.results:
        return ""
    return inner.name


@operation("tt.reduce")
def _reduce(op: Op, machine: Machine) -> Code:
    """Called with the region function first, then the operands."""
    axis = op.integer("axis")
    shape = shape_of(op.operand_types[0])
    ufunc = _ORDER_FREE.get(_single(op))
    if ufunc is not None and op.operand_types[0].element != "i1":
        dtype = dtype_of(op.operand_types[0])
        if dtype.kind == "i":
            return lambda combine, x: ufunc.reduce(full(x, shape), axis=axis, dtype=dtype)
        return lambda combine, x: ufunc.reduce(full(x, shape), axis=axis)
    front = (axis, *(i for i in range(len(shape)) if i != axis))
    turned = axis != 0

    def reduce(combine: Callable[..., Any], *operands: Any) -> Any:
        values = [full(x, shape) for x in operands]
        if turned:
            values = [x.transpose(front) for x in values]
        count = shape[axis]
        single = len(values) == 1
        while count > 1:
            count //= 2
            if machine.variant:
                left, right = [x[1::2] for x in values], [x[0::2] for x in values]
            else:
                left, right = [x[:count] for x in values], [x[count:] for x in values]
            result = combine(*left, *right)
            values = [full(x, left[0].shape) for x in ([result] if single else result)]
        return values[0][0] if single else tuple(x[0] for x in values)

    return reduce


@operation("tt.scan")
def _scan(op: Op, machine: Machine) -> Code:
    """Inclusive scan along an axis, by doubling distances; order is kept, so only associativity is needed."""
    axis = op.integer("axis")
    shape = shape_of(op.operand_types[0])
    reverse = op.flag("reverse")
    front = (axis, *(i for i in range(len(shape)) if i != axis))
    back = tuple(int(i) for i in np.argsort(front))
    turned = axis != 0

    def scan(combine: Callable[..., Any], *operands: Any) -> Any:
        values = [full(x, shape) for x in operands]
        if turned:
            values = [x.transpose(front) for x in values]
        if reverse:
            values = [x[::-1] for x in values]
        single = len(values) == 1
        distance = 1
        while distance < shape[axis]:
            result = combine(*(x[:-distance] for x in values), *(x[distance:] for x in values))
            results = [result] if single else list(result)
            values = [
                np.concatenate([x[:distance], full(r, x[distance:].shape)])
                for x, r in zip(values, results, strict=True)
            ]
            distance *= 2
        if reverse:
            values = [x[::-1] for x in values]
        if turned:
            values = [x.transpose(back) for x in values]
        return values[0] if single else tuple(values)

    return scan


@operation("tt.map_elementwise")
def _map(op: Op, machine: Machine) -> Code:
    pack = op.integer("pack", 1)
    shape = shape_of(op.operand_types[0])
    dtypes = [dtype_of(t) for t in op.result_types]
    if pack != 1:
        raise UnsupportedOperation("tl.map_elementwise with pack > 1 is not interpreted")

    def run(region: Callable[..., Any], *operands: Any) -> Any:
        flat = [full(x, shape).reshape(-1) for x in operands]
        results = [np.empty(flat[0].size, d) for d in dtypes]
        for i, lanes in enumerate(zip(*flat, strict=True)):
            value = region(*lanes)
            for result, part in zip(results, value if len(results) > 1 else (value,), strict=True):
                result[i] = part
        shaped = tuple(r.reshape(shape) for r in results)
        return shaped if len(shaped) > 1 else shaped[0]

    return run


@operation("tt.gather")
def _gather(op: Op, machine: Machine) -> Code:
    axis = op.integer("axis")
    source_shape, index_shape = shape_of(op.operand_types[0]), shape_of(op.operand_types[1])

    def gather(source: Any, index: Any) -> Any:
        index = full(index, index_shape)
        limit = source_shape[axis]
        if index.size and (np.minimum.reduce(index, axis=None) < 0 or np.maximum.reduce(index, axis=None) >= limit):
            wrong = index[(index < 0) | (index >= limit)].reshape(-1)[0]
            raise IndexError(f"tl.gather: index {wrong} is outside the axis of {limit}")
        return np.take_along_axis(full(source, source_shape), index.astype(np.int64), axis=axis)

    return gather


@operation("tt.histogram")
def _histogram(op: Op, machine: Machine) -> Code:
    shape = shape_of(op.operand_types[0])
    (bins,) = shape_of(one_type(op))
    dtype = dtype_of(one_type(op))

    def histogram(values: Any, mask: Any = None) -> Any:
        values = full(values, shape).reshape(-1)
        inside = (values >= 0) & (values < bins)
        if mask is not None:
            chosen = full(mask, shape).reshape(-1)
            outside = bool((chosen & ~inside).any())
            inside = inside & chosen
        else:
            outside = not inside.all()
        if outside:
            machine.note("tl.histogram got values outside its bins; they are dropped here, on the GPU it is undefined")
        return np.bincount(values[inside].astype(np.int64), minlength=bins).astype(dtype)

    return histogram


def to_tf32(x: Any) -> Any:
    """fp32 without the lowest 13 bits: sm_90's tensor cores ignore them, and Triton's code does not round before."""
    return (np.ascontiguousarray(x, np.float32).view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)


_PRECISIONS = {0: "tf32", 1: "tf32x3", 2: "ieee", 3: "bf16x3", 4: "bf16x6"}


@operation("tt.dot")
def _dot(op: Op, machine: Machine) -> Code:
    """d = a b + c: products of the rounded inputs, summed in c's type (fp32 for half types).

    tf32 keeps 10 bits of each fp32 input; the split forms (tf32x3, bf16x6) keep at least 21 of 24 and are computed in
    fp32; bf16x3 keeps 16, which is simulated as a rounding to that many.
    """
    shapes = [shape_of(t) for t in op.operand_types]
    out = dtype_of(one_type(op))
    inputs = dtype_of(op.operand_types[0])
    precision = _PRECISIONS.get(op.integer("inputPrecision", 2), "ieee")
    if inputs != np.float32:
        precision = "ieee"
    if precision == "tf32":
        machine.note("tl.dot of fp32 cuts its inputs to TF32 (10 bits) by default; input_precision='ieee' keeps them")
    elif precision != "ieee":
        machine.note(f"tl.dot with input_precision='{precision}' is computed in fp32; the GPU splits its inputs")
    work = out if out.kind == "i" or out == np.float64 else np.dtype(np.float32)

    def dot(a: Any, b: Any, c: Any) -> Any:
        a, b = full(a, shapes[0]), full(b, shapes[1])
        if precision == "tf32":
            a, b = to_tf32(a), to_tf32(b)
        elif precision == "bf16x3":
            a, b = _keep(a, 16), _keep(b, 16)
        product = np.matmul(a.astype(work), b.astype(work))
        return (product + c.astype(work)).astype(out)

    return dot


def _keep(x: Any, bits: int) -> Any:
    mantissa, exponent = np.frexp(x.astype(np.float64))
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits).astype(x.dtype)


@operation("tt.dot_scaled")
def _dot_scaled(op: Op, machine: Machine) -> Code:
    raise UnsupportedOperation("tl.dot_scaled is not interpreted")
