"""Integer and float arithmetic, comparisons, selection and shapes. Meaning: MLIR's `arith` dialect and Triton's.

Where C and LLVM leave a result undefined, PTX decides: shifts by the width or more give 0 or the sign (`shl`, `shr`
clamp), integer division by zero gives all ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cuport.targets.triton.interpreter.registry import (
    BITS,
    UNSIGNED,
    Code,
    Machine,
    UnsupportedOperation,
    constant,
    dtype_of,
    full,
    one_type,
    operation,
    poison,
    shape_of,
)
from cuport.targets.triton.interpreter.syntax import Op


def _templates(table: dict[str, str]) -> None:
    for name, template in table.items():
        operation(name)(lambda op, machine, template=template: template)  # type: ignore[misc]


_templates(
    {
        "arith.addf": "{0} + {1}",
        "arith.subf": "{0} - {1}",
        "arith.mulf": "{0} * {1}",
        "arith.andi": "{0} & {1}",
        "arith.ori": "{0} | {1}",
        "arith.xori": "{0} ^ {1}",
        "arith.negf": "-{0}",
        "tt.splat": "{0}",
        "tt.broadcast": "{0}",
        "tt.ptr_to_int": "{0}",
        "tt.int_to_ptr": "{0}",
    }
)


@operation("arith.constant")
def _constant(op: Op, machine: Machine) -> Code:
    value = constant(op.attributes["value"], one_type(op))
    return lambda: value


@operation("ub.poison")
def _poison(op: Op, machine: Machine) -> Code:
    dtype = dtype_of(one_type(op))
    return lambda: poison(dtype, machine.variant)


# Integers -------------------------------------------------------------------------------------------------------------


@operation("arith.addi", "arith.subi")
def _add(op: Op, machine: Machine) -> Code:
    if one_type(op).element == "i1":
        return "{0} ^ {1}"
    return "{0} + {1}" if op.name == "arith.addi" else "{0} - {1}"


@operation("arith.muli")
def _mul(op: Op, machine: Machine) -> Code:
    return "{0} & {1}" if one_type(op).element == "i1" else "{0} * {1}"


@operation("arith.shli")
def _shl(op: Op, machine: Machine) -> Code:
    return "{0} << {1}"


@operation("arith.shrsi")
def _shr_signed(op: Op, machine: Machine) -> Code:
    return "{0} >> {1}"


def unsigned(op: Op, compute: Callable[..., Any], *, returns_int: bool = True) -> Code:
    """`compute` on the operands' bits taken as unsigned."""
    element = op.operand_types[0].element
    if element == "i1":
        return compute
    plain, wide = dtype_of(op.operand_types[0]), UNSIGNED[element]
    if returns_int:
        return lambda *args: compute(*(a.view(wide) for a in args)).view(plain)
    return lambda *args: compute(*(a.view(wide) for a in args))


@operation("arith.shrui")
def _shr_unsigned(op: Op, machine: Machine) -> Code:
    return unsigned(op, lambda a, b: a >> b)


def divide(a: Any, b: Any) -> Any:
    """Quotient rounded toward zero; all ones where b is 0."""
    quotient = np.floor_divide(a, b)
    if a.dtype.kind == "i":
        inexact = np.fmod(a, b) != 0
        quotient = quotient + (inexact & ((a < 0) != (b < 0))).astype(quotient.dtype)
    zero = b == 0
    if zero.ndim == 0:
        return quotient if not zero else np.full(np.shape(quotient), -1).astype(quotient.dtype)[()]
    return np.where(zero, np.array(-1).astype(quotient.dtype), quotient) if zero.any() else quotient


def remainder(a: Any, b: Any) -> Any:
    """The rest of that division, with a's sign; a where b is 0."""
    rest = np.fmod(a, b)
    zero = b == 0
    if zero.ndim == 0:
        return rest if not zero else a + rest
    return np.where(zero, a, rest) if zero.any() else rest


@operation("arith.divsi")
def _divsi(op: Op, machine: Machine) -> Code:
    return divide


@operation("arith.remsi")
def _remsi(op: Op, machine: Machine) -> Code:
    return remainder


@operation("arith.divui")
def _divui(op: Op, machine: Machine) -> Code:
    return unsigned(op, divide)


@operation("arith.remui")
def _remui(op: Op, machine: Machine) -> Code:
    return unsigned(op, remainder)


@operation("arith.maxsi", "arith.minsi", "arith.maxui", "arith.minui")
def _extreme(op: Op, machine: Machine) -> Code:
    compute = np.maximum if "max" in op.name else np.minimum
    return unsigned(op, compute) if op.name.endswith("ui") else compute


@operation("math.absi")
def _absi(op: Op, machine: Machine) -> Code:
    return np.abs


@operation("math.ctpop", "math.ctlz", "math.cttz")
def _count(op: Op, machine: Machine) -> Code:
    element = op.operand_types[0].element
    width = BITS[element]

    def leading(x: Any) -> Any:
        for shift in (1, 2, 4, 8, 16, 32):
            if shift < width:
                x = x | (x >> np.array(shift, x.dtype))
        return (width - np.bitwise_count(x)).astype(x.dtype)

    def trailing(x: Any) -> Any:
        low = x & (~x + np.array(1, x.dtype))
        return np.bitwise_count(low - np.array(1, x.dtype)).astype(x.dtype)

    def ones(x: Any) -> Any:
        return np.bitwise_count(x).astype(x.dtype)

    return unsigned(op, {"math.ctpop": ones, "math.ctlz": leading, "math.cttz": trailing}[op.name])


def high_product(a: Any, b: Any) -> Any:
    """The upper half of the product of two unsigned integers of one width."""
    width = a.dtype.itemsize * 8
    if width < 64:
        wide = np.uint64 if width == 32 else np.uint32
        return ((a.astype(wide) * b.astype(wide)) >> np.array(width, wide)).astype(a.dtype)
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    a0, a1, b0, b1 = a & low, a >> shift, b & low, b >> shift
    middle = ((a0 * b0) >> shift) + ((a1 * b0) & low) + ((a0 * b1) & low)
    return a1 * b1 + ((a1 * b0) >> shift) + ((a0 * b1) >> shift) + (middle >> shift)


@operation("tt.mulhiui")
def _mulhi(op: Op, machine: Machine) -> Code:
    return unsigned(op, high_product)


@operation("arith.mulsi_extended", "arith.mului_extended")
def _extended(op: Op, machine: Machine) -> Code:
    high = unsigned(op, high_product)
    assert callable(high)
    if op.name == "arith.mului_extended":
        return lambda a, b: (a * b, high(a, b))
    return lambda a, b: (a * b, high(a, b) - np.where(a < 0, b, 0 * b) - np.where(b < 0, a, 0 * a))


_SIGNED = {2: "{0} < {1}", 3: "{0} <= {1}", 4: "{0} > {1}", 5: "{0} >= {1}"}
_UNSIGNED: dict[int, Callable[..., Any]] = {6: np.less, 7: np.less_equal, 8: np.greater, 9: np.greater_equal}


@operation("arith.cmpi")
def _cmpi(op: Op, machine: Machine) -> Code:
    predicate = op.integer("predicate")
    if predicate < 2:
        return "{0} == {1}" if predicate == 0 else "{0} != {1}"
    if predicate > 5:
        return unsigned(op, _UNSIGNED[predicate], returns_int=False)
    template = _SIGNED[predicate]
    if op.operand_types[0].element == "i1":  # true is -1
        return template.replace("{0}", "{x}").replace("{1}", "{0}").replace("{x}", "{1}")
    return template


# Floats ---------------------------------------------------------------------------------------------------------------

_ORDERED = [
    "{0} == {1}",
    "{0} > {1}",
    "{0} >= {1}",
    "{0} < {1}",
    "{0} <= {1}",
    "({0} < {1}) | ({0} > {1})",
    "({0} == {0}) & ({1} == {1})",
]
_UNORDERED = [
    "~(({0} < {1}) | ({0} > {1}))",
    "~({0} <= {1})",
    "~({0} < {1})",
    "~({0} >= {1})",
    "~({0} > {1})",
    "{0} != {1}",
    "({0} != {0}) | ({1} != {1})",
]


@operation("arith.cmpf")
def _cmpf(op: Op, machine: Machine) -> Code:
    predicate = op.integer("predicate")
    if predicate in (0, 15):
        return lambda a, b: np.bool_(predicate == 15)
    return [*_ORDERED, *_UNORDERED][predicate - 1]


@operation("arith.divf", "tt.precise_divf", "tt.approx_divf")
def _divf(op: Op, machine: Machine) -> Code:
    if op.name != "tt.precise_divf" and one_type(op).element == "f32":
        machine.approximates("division")
    return "{0} / {1}"


@operation("arith.remf")
def _remf(op: Op, machine: Machine) -> Code:
    return np.fmod


@operation("arith.maxnumf", "arith.minnumf", "arith.maximumf", "arith.minimumf")
def _extremef(op: Op, machine: Machine) -> Code:
    return {
        "arith.maxnumf": np.fmax,
        "arith.minnumf": np.fmin,
        "arith.maximumf": np.maximum,
        "arith.minimumf": np.minimum,
    }[op.name]


@operation("tt.clampf")
def _clampf(op: Op, machine: Machine) -> Code:
    if op.integer("propagateNan", 0) == 0:
        return lambda x, low, high: np.fmin(np.fmax(x, low), high)

    def clamp(x: Any, low: Any, high: Any) -> Any:
        return np.asarray(np.where(x != x, x, np.fmin(np.fmax(x, low), high)))[()]

    return clamp


# Selection and shapes -------------------------------------------------------------------------------------------------


def select(condition: Any, yes: Any, no: Any) -> Any:
    if condition.ndim == 0:
        return yes if condition else no
    return np.where(condition, yes, no)


@operation("arith.select")
def _select(op: Op, machine: Machine) -> Code:
    return "({1} if {0} else {2})" if op.operand_types[0].scalar and not op.on_arrays else select


@operation("tt.make_range")
def _range(op: Op, machine: Machine) -> Code:
    values = np.arange(op.integer("start"), op.integer("end"), dtype=np.int32)
    values.flags.writeable = False
    return lambda: values


@operation("tt.expand_dims")
def _expand(op: Op, machine: Machine) -> Code:
    index = tuple(None if i == op.integer("axis") else slice(None) for i in range(len(shape_of(one_type(op)))))
    return lambda x: x if x.ndim == 0 else x[index]


@operation("tt.reshape")
def _reshape(op: Op, machine: Machine) -> Code:
    before, after = shape_of(op.operand_types[0]), shape_of(one_type(op))
    if not op.flag("allow_reorder"):
        return lambda x: x if x.ndim == 0 else full(x, before).reshape(after)

    # The compiler may put the elements in any order: another order in the second pass shows who relies on one.
    def any_order(x: Any) -> Any:
        if x.ndim == 0:
            return x
        flat = full(x, before).reshape(-1)
        return (flat[::-1] if machine.variant else flat).reshape(after)

    return any_order


@operation("tt.trans")
def _trans(op: Op, machine: Machine) -> Code:
    order = op.integers("order")
    return lambda x: x if x.ndim == 0 else x.transpose(order)


@operation("tt.join")
def _join(op: Op, machine: Machine) -> Code:
    shape = shape_of(op.operand_types[0])
    return lambda a, b: np.stack([full(a, shape), full(b, shape)], axis=-1)


@operation("tt.split")
def _split(op: Op, machine: Machine) -> Code:
    shape = shape_of(op.operand_types[0])

    def split(x: Any) -> Any:
        if x.ndim == 0:
            return x, x
        x = full(x, shape)
        return x[..., 0], x[..., 1]

    return split


@operation("tt.cat")
def _cat(op: Op, machine: Machine) -> Code:
    shapes = [shape_of(t) for t in op.operand_types]
    machine.note("`tl.cat` keeps the order of elements here; the compiler may reorder them")
    return lambda a, b: np.concatenate([full(a, shapes[0]), full(b, shapes[1])])


@operation("tt.unsplat")
def _unsplat(op: Op, machine: Machine) -> Code:
    return lambda x: x if x.ndim == 0 else x.reshape(-1)[0]


@operation("tt.addptr")
def _addptr(op: Op, machine: Machine) -> Code:
    from cuport.targets.triton.interpreter.registry import pointee_dtype

    # int64 times the offset's own width is computed in int64: offsets are signed and do not wrap at their width.
    size = pointee_dtype(op.operand_types[0]).itemsize
    scale = np.int64(size)
    return lambda pointer, offset: pointer + offset * scale


# The launch, and operations without a meaning for values --------------------------------------------------------------


@operation("tt.get_program_id", pure=False)
def _program_id(op: Op, machine: Machine) -> Code:
    axis = op.integer("axis")
    return lambda: np.int32(machine.program[axis])


@operation("tt.get_num_programs")
def _num_programs(op: Op, machine: Machine) -> Code:
    axis = op.integer("axis")
    return lambda: np.int32(machine.grid[axis])


@operation("gpu.barrier", "ttg.barrier", "nvvm.barrier0", pure=False)
def _barrier(op: Op, machine: Machine) -> Code:
    def barrier(*args: Any) -> None:
        if machine.watch is not None:
            machine.watch.epoch += 1

    return barrier


@operation("tt.grid_dependency_wait", "tt.grid_dependency_launch_dependents", pure=False)
def _dependency(op: Op, machine: Machine) -> Code:
    return lambda *args: None


@operation("tt.print", pure=False)
def _print(op: Op, machine: Machine) -> Code:
    return lambda *args: None


@operation("tt.assert", "llvm.intr.assume", "cf.assert", pure=False)
def _assert(op: Op, machine: Machine) -> Code:
    said = op.attributes.get("message", '"tl.assume"').strip('"')

    def check(condition: Any, *rest: Any) -> None:
        if not np.all(condition):
            raise AssertionError(f"{said} does not hold")

    return check


@operation("tt.elementwise_inline_asm", pure=False)
def _assembly(op: Op, machine: Machine) -> Code:
    raise UnsupportedOperation("inline assembly is not interpreted")
