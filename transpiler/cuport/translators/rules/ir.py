"""The SIMT IR: a kernel as one typed, structured program that every thread runs.

This docstring is the definition; `interpret.py` is its executable form, and the emitters must agree with it.

**Program.** A `Program` holds the kernels of one .cu file; a `KernelPort` holds one `Function` for every template
instance that occurs in the cases. Device functions are inlined, templates instantiated, structs and vectors split into
scalars, references and pointers resolved to (memory, index), short-circuit and `?:` made explicit.

**Control.** What an emitter gets is *structured*: `If`, `For`, `While`, and no `Scope` and `Leave` (the lowering makes
those for return, break, continue and switch; `passes/structure.py` turns them into flags and nested ifs, and moves
`While.step` to the end of the body). A thread is *active* at a
statement when the conditions of all enclosing statements hold for it. Expressions and statements mean something for
active threads only: for the others values are undefined and must not reach memory or a variable.

**Execution.** Threads of a block run independently between two barriers; any order is legal, and lockstep, where all
active threads of a block execute one statement together (first every read, then every write), is one of them, and the
one warp-synchronous code relies on. Blocks are independent except through atomics. `Barrier` orders all memory of a
block. It may stand inside an `If` or a loop: threads that are not active there are then either finished or (undefined
in CUDA) missing, so it is always right to let the whole block take part.

**Variables.** `Function.variables` maps names to dtypes: mutable, one value a thread, undefined until assigned. Names
are unique in a function and start as the CUDA's names; temporaries of the lowering start with `t_`. Python keywords
never occur; names of parameters, variables and memories are disjoint.

**Memory.** A `Memory` is a flat array of scalars. An index counts scalar elements, has an integer type, and is read as
its mathematical value. A `float4` buffer has `lanes` 4: the array arrives with shape `(n, 4)`, element `i` lane `k`
has index `4*i + k`. Spaces:
    global    a pointer parameter (or the part of a struct buffer that holds one field); extent None, known at run time
    symbol    a `__device__` or `__constant__` variable; like global, extent known
    shared    one array a block; extent None means `shared_bytes / size of the element` (extern shared)
    local     one array a thread, static extent
    table     a constant array whose elements are `data`
Shared and local memory is undefined at the start. `access` is the Python expression by which the translation file
reaches a global or symbol memory (`x`, `p["mass"]`, `cfg.weights`).

**Numbers.** Operands of `Binary` and `Compare` have the same dtype (shifts excepted), conversions are explicit.
Integers wrap modulo 2^bits, also signed ones. `div` truncates toward zero and `rem` has the sign of the dividend;
division by zero is undefined but must not trap. `shr` is arithmetic for signed types, logical for unsigned ones; the
right operand of a shift may have another integer type, and a count outside 0..bits-1 (as unsigned) gives 0, or the sign
for `shr` of signed. Float operations are IEEE in their own type; contraction to FMA is allowed. `and or xor` on bool
are logical, and both sides may be evaluated (the lowering has made sure that this is harmless).
    Cast        integer to integer: modulo 2^bits. To bool: `x != 0`. Float to integer: toward zero, out of range
                saturates, NaN gives 0. Integer to float and float to float: round to nearest even.
    Bitcast     same size, same bits.
    Call        a function of `ops.FUNCTIONS`; result dtype as there.
    Load        an element. With `mask`: only where it is true; elsewhere the value is undefined and nothing is read.
    IsNull      whether a pointer argument is nullptr (its Python value is None): static, bool.

**Cross-lane.** A thread's linear index is `tid.x + bdim.x * (tid.y + bdim.y * tid.z)`; its warp is that index / 32,
its lane the remainder. `Shuffle` and `Collective` read the values of all active threads of the warp (or block) at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cuport.diagnostic import Diagnostic

# ---------------------------------------------------------------- expressions

Axis = Literal["x", "y", "z"]
IndexKind = Literal["tid", "bid", "bdim", "gdim"]
UnaryOp = Literal["neg", "not"]  # `not` is bitwise on integers, logical on bool
BinaryOp = Literal["add", "sub", "mul", "div", "rem", "and", "or", "xor", "shl", "shr"]
CompareOp = Literal["lt", "le", "gt", "ge", "eq", "ne"]


@dataclass(frozen=True)
class Const:
    """A literal. `value` is a bool for bool, an int in range for integers, a float (NaN and inf too) for floats."""

    dtype: str
    value: int | float | bool


@dataclass(frozen=True)
class Var:
    """The present value of a variable."""

    name: str
    dtype: str


@dataclass(frozen=True)
class Param:
    """A scalar parameter: the same in all threads. `name` is a `ScalarParam.name`."""

    name: str
    dtype: str


@dataclass(frozen=True)
class Index:
    """threadIdx, blockIdx, blockDim, gridDim. uint32, never above 2^31-1."""

    kind: IndexKind
    axis: Axis
    dtype: str = "uint32"


@dataclass(frozen=True)
class Unary:
    op: UnaryOp
    a: Expr
    dtype: str


@dataclass(frozen=True)
class Binary:
    op: BinaryOp
    a: Expr
    b: Expr
    dtype: str


@dataclass(frozen=True)
class Compare:
    """An ordered comparison as in C: everything but `ne` is false with a NaN."""

    op: CompareOp
    a: Expr
    b: Expr
    dtype: str = "bool"


@dataclass(frozen=True)
class Select:
    """`cond ? a : b`; both sides may be evaluated."""

    cond: Expr
    a: Expr
    b: Expr
    dtype: str


@dataclass(frozen=True)
class Cast:
    a: Expr
    dtype: str


@dataclass(frozen=True)
class Bitcast:
    a: Expr
    dtype: str


@dataclass(frozen=True)
class Call:
    """A function of `ops.FUNCTIONS`."""

    fn: str
    args: tuple[Expr, ...]
    dtype: str


@dataclass(frozen=True)
class Load:
    memory: str
    index: Expr
    dtype: str
    mask: Expr | None = None


@dataclass(frozen=True)
class IsNull:
    memory: str
    dtype: str = "bool"


Expr: TypeAlias = (
    Const | Var | Param | Index | Unary | Binary | Compare | Select | Cast | Bitcast | Call | Load | IsNull
)

# ----------------------------------------------------------------- statements
# `line` is the line in Source.text that the statement comes from (Source.original gives file and line of the user).


@dataclass(frozen=True)
class Assign:
    var: str
    value: Expr
    line: int = 0


@dataclass(frozen=True)
class Store:
    """Of several active threads that store to one element one wins, undefined which."""

    memory: str
    index: Expr
    value: Expr
    line: int = 0


AtomicOp = Literal["add", "sub", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"]


@dataclass(frozen=True)
class Atomic:
    """An atomic read-modify-write, relaxed. `result` gets the old value; None where it is not used.

    It works in the dtype of `value`: where that is not the memory's (of the same size), the element's bits are read and
    written as that dtype (`atomicMax((int *)&x[i], ...)` on floats).

    `cas`: the element becomes `value` where it equals `compare` (by bits). `inc`: old >= value ? 0 : old + 1.
    `dec`: old == 0 or old > value ? value : old - 1. Threads that hit one element are served one after another, in any
    order.
    """

    op: AtomicOp
    memory: str
    index: Expr
    value: Expr
    compare: Expr | None = None
    result: str | None = None
    line: int = 0


@dataclass(frozen=True)
class If:
    cond: Expr
    then: Block
    orelse: Block = ()
    line: int = 0


@dataclass(frozen=True)
class For:
    """`for (var = start; var < stop; var += step)`; with a negative step `>`.

    `start`, `stop`, `step` are evaluated once, have the variable's dtype, and `step` is a constant or a uniform
    expression known positive (`down` False) or negative (`down` True). The body does not assign `var`, and `var` does
    not overflow; its value after the loop is not used.
    """

    var: str
    start: Expr
    stop: Expr
    step: Expr
    body: Block
    down: bool = False
    line: int = 0


@dataclass(frozen=True)
class While:
    """`while (cond) body`; `test_after`: `do body while (cond)`. `step` runs after the body.

    Empty `step` in structured form.
    """

    cond: Expr
    body: Block
    step: Block = ()
    test_after: bool = False
    line: int = 0


@dataclass(frozen=True)
class Barrier:
    """`scope` block: __syncthreads; warp: __syncwarp; fence: a memory fence without waiting.

    grid: all threads of the launch meet (cooperative groups' grid.sync()).
    """

    scope: Literal["block", "grid", "warp", "fence"] = "block"
    line: int = 0


@dataclass(frozen=True)
class Shuffle:
    """`result = __shfl*_sync(members, value, lane, width)`.

    Within segments of `width` (power of two) lanes, with `me` the lane within the segment: `idx` reads lane
    `lane mod width`; `up` reads `me - lane`, `down` `me + lane`, `xor` `me ^ lane`; a source before the segment (`up`)
    or behind it (`down`, `xor`) gives the thread's own value. A source that is not active gives an undefined value.
    """

    result: str
    mode: Literal["idx", "up", "down", "xor"]
    value: Expr
    lane: Expr
    width: Expr
    members: Expr | None = None  # None: a full mask
    line: int = 0


@dataclass(frozen=True)
class Collective:
    """A value computed from all active threads of a warp (or block) that `members` names.

    any, all: bool; ballot: uint32 with one bit a lane whose `value` is true; count: int32, how many are true;
    add min max and or xor: of an integer value, in its dtype; match: uint32, the lanes whose value has the same bits.
    """

    result: str
    op: Literal["any", "all", "ballot", "count", "add", "min", "max", "and", "or", "xor", "match"]
    scope: Literal["warp", "block"]
    value: Expr
    members: Expr | None = None
    line: int = 0


@dataclass(frozen=True)
class Scope:
    """Runs `body`; a `Leave` with this label inside jumps behind it. Not in structured form."""

    label: str
    body: Block
    line: int = 0


@dataclass(frozen=True)
class Leave:
    """Jumps behind the enclosing `Scope` with this label: return, break, continue. Not in structured form."""

    label: str
    line: int = 0


Stmt: TypeAlias = Assign | Store | Atomic | If | For | While | Barrier | Shuffle | Collective | Scope | Leave
Block: TypeAlias = tuple[Stmt, ...]

# -------------------------------------------------------------- declarations


@dataclass(frozen=True)
class ScalarParam:
    """A scalar that the launch passes. `access`: the Python expression that reads it (`n`, `cfg.alpha`)."""

    name: str
    dtype: str
    access: str


@dataclass(frozen=True)
class Memory:
    """See the module's docstring. `lanes` > 1 only for global and symbol memory that arrives with shape (n, lanes)."""

    name: str
    space: Literal["global", "symbol", "shared", "local", "table"]
    dtype: str
    extent: int | None = None
    lanes: int = 1
    access: str = ""
    written: bool = False  # some statement stores to it
    volatile: bool = False
    data: tuple[int | float | bool, ...] = ()


@dataclass(frozen=True)
class Function:
    """One instance of a kernel.

    `template_args`: as in `Case.template_args`. `nullable`: memories whose pointer may be nullptr.
    """

    instance: str
    template_args: tuple[tuple[str, int | bool | str], ...]
    scalars: tuple[ScalarParam, ...]
    memories: tuple[Memory, ...]
    variables: Mapping[str, str]
    body: Block
    nullable: tuple[str, ...] = ()
    notes: tuple[Diagnostic, ...] = ()  # what was dropped (printf, assert, cache hints)

    def memory(self, name: str) -> Memory:
        return next(m for m in self.memories if m.name == name)

    def scalar(self, name: str) -> ScalarParam:
        return next(s for s in self.scalars if s.name == name)


@dataclass(frozen=True)
class KernelPort:
    """A kernel and its instances. `parameters`: Python names of the def line, in order.

    `extras`: the keyword extras the port's `def` must declare beside grid, block and shared_bytes: template parameters
    and globals. `example`: a call taken from a real launch, one line, for the docstring.
    """

    name: str
    cuda_name: str
    parameters: tuple[str, ...]
    extras: tuple[str, ...]
    functions: tuple[Function, ...]
    line: int = 0
    example: str = ""


@dataclass(frozen=True)
class Program:
    """What `Target.emit` gets. `path`: the .cu file's name without directories. `lines`: line -> original line."""

    path: str
    kernels: tuple[KernelPort, ...]
    lines: Mapping[int, int] = field(default_factory=dict)

    def original(self, line: int) -> int:
        return self.lines.get(line, line)
