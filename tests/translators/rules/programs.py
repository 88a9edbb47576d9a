"""IR programs written by hand: examples of the form, used by the tests of the interpreter and of the emitters."""

from __future__ import annotations

from cuport.translators.rules import ir


def i32(value: int) -> ir.Const:
    return ir.Const("int32", value)


def index(kind: ir.IndexKind, axis: ir.Axis = "x") -> ir.Expr:
    return ir.Cast(ir.Index(kind, axis), "int32")


def binary(op: ir.BinaryOp, a: ir.Expr, b: ir.Expr) -> ir.Expr:
    return ir.Binary(op, a, b, a.dtype)


def var(name: str, dtype: str = "int32") -> ir.Var:
    return ir.Var(name, dtype)


N = ir.Param("n", "int32")
GLOBAL_I = binary("add", binary("mul", index("bid"), index("bdim")), index("tid"))


def buffer(name: str, dtype: str = "float32", written: bool = False) -> ir.Memory:
    return ir.Memory(name, "global", dtype, access=name, written=written)


def program(name: str, parameters: tuple[str, ...], function: ir.Function) -> ir.Program:
    return ir.Program(f"{name}.cu", (ir.KernelPort(name, name, parameters, (), (function,)),))


def saxpy() -> ir.Program:
    """y[i] = a * x[i] + y[i] for i < n."""
    i = var("i")
    value = ir.Binary(
        "add",
        ir.Binary("mul", ir.Param("a", "float32"), ir.Load("x", i, "float32"), "float32"),
        ir.Load("y", i, "float32"),
        "float32",
    )
    body: ir.Block = (
        ir.Assign("i", GLOBAL_I),
        ir.If(ir.Compare("lt", i, N), (ir.Store("y", i, value),)),
    )
    scalars = (ir.ScalarParam("n", "int32", "n"), ir.ScalarParam("a", "float32", "a"))
    memories = (buffer("x"), buffer("y", written=True))
    return program("saxpy", ("n", "a", "x", "y"), ir.Function("saxpy", (), scalars, memories, {"i": "int32"}, body))


def block_sum() -> ir.Program:
    """out[block] = sum over the block of x[i], by a tree in shared memory of 256 floats."""
    i, t, half = var("i"), var("t"), var("half")
    tree = (
        ir.If(
            ir.Compare("lt", t, half),
            (
                ir.Store(
                    "part",
                    t,
                    ir.Binary(
                        "add",
                        ir.Load("part", t, "float32"),
                        ir.Load("part", binary("add", t, half), "float32"),
                        "float32",
                    ),
                ),
            ),
        ),
        ir.Barrier(),
        ir.Assign("half", binary("shr", half, i32(1))),
    )
    inside = ir.Compare("lt", i, N)
    body: ir.Block = (
        ir.Assign("t", index("tid")),
        ir.Assign("i", GLOBAL_I),
        ir.Store("part", t, ir.Select(inside, ir.Load("x", i, "float32", inside), ir.Const("float32", 0.0), "float32")),
        ir.Barrier(),
        ir.Assign("half", binary("div", index("bdim"), i32(2))),
        ir.While(ir.Compare("gt", half, i32(0)), tree),
        ir.If(ir.Compare("eq", t, i32(0)), (ir.Store("out", index("bid"), ir.Load("part", i32(0), "float32")),)),
    )
    memories = (buffer("x"), buffer("out", written=True), ir.Memory("part", "shared", "float32", 256, written=True))
    variables = {"i": "int32", "t": "int32", "half": "int32"}
    function = ir.Function("block_sum", (), (ir.ScalarParam("n", "int32", "n"),), memories, variables, body)
    return program("block_sum", ("x", "out", "n"), function)


def collatz() -> ir.Program:
    """steps[i] = how many Collatz steps x[i] needs to reach 1, at most 200: a loop that ends at another time a lane."""
    i, v, k = var("i"), var("v", "uint32"), var("k")
    one, three, two = (ir.Const("uint32", c) for c in (1, 3, 2))
    odd = ir.Compare("ne", ir.Binary("and", v, one, "uint32"), ir.Const("uint32", 0))
    up = ir.Binary("add", ir.Binary("mul", v, three, "uint32"), one, "uint32")
    loop = ir.While(
        ir.Binary("and", ir.Compare("ne", v, one), ir.Compare("lt", k, i32(200)), "bool"),
        (
            ir.Assign("v", ir.Select(odd, up, ir.Binary("div", v, two, "uint32"), "uint32")),
            ir.Assign("k", binary("add", k, i32(1))),
        ),
    )
    inside: ir.Block = (
        ir.Assign("v", ir.Load("x", i, "uint32")),
        ir.Assign("k", i32(0)),
        loop,
        ir.Store("steps", i, k),
    )
    body: ir.Block = (ir.Assign("i", GLOBAL_I), ir.If(ir.Compare("lt", i, N), inside))
    memories = (buffer("x", "uint32"), buffer("steps", "int32", written=True))
    variables = {"i": "int32", "v": "uint32", "k": "int32"}
    function = ir.Function("collatz", (), (ir.ScalarParam("n", "int32", "n"),), memories, variables, body)
    return program("collatz", ("x", "steps", "n"), function)


def warp_row_max() -> ir.Program:
    """One warp a row: out[row] = max of x[row, 0..n), lanes stride over the row, then a butterfly of shuffles."""
    row, lane, m, other, c = var("row"), var("lane"), var("m", "float32"), var("other", "float32"), var("c")
    element = ir.Load("x", binary("add", binary("mul", row, N), c), "float32")
    body: ir.Block = (
        ir.Assign("row", index("bid")),
        ir.Assign("lane", index("tid")),
        ir.Assign("m", ir.Const("float32", float("-inf"))),
        ir.For("c", lane, N, i32(32), (ir.Assign("m", ir.Call("fmax", (m, element), "float32")),)),
        *(
            s
            for step in (16, 8, 4, 2, 1)
            for s in (
                ir.Shuffle("other", "xor", m, i32(step), i32(32)),
                ir.Assign("m", ir.Call("fmax", (m, other), "float32")),
            )
        ),
        ir.If(ir.Compare("eq", lane, i32(0)), (ir.Store("out", row, m),)),
    )
    memories = (buffer("x"), buffer("out", written=True))
    variables = {"row": "int32", "lane": "int32", "m": "float32", "other": "float32", "c": "int32"}
    function = ir.Function("warp_row_max", (), (ir.ScalarParam("n", "int32", "n"),), memories, variables, body)
    return program("warp_row_max", ("x", "out", "n"), function)


def histogram() -> ir.Program:
    """bins[x[i]] += 1 with an atomic, over a grid-stride loop."""
    i = var("i")
    stride = binary("mul", index("bdim"), index("gdim"))
    bin_ = ir.Cast(ir.Load("x", i, "uint8"), "int32")
    loop = ir.For("i", GLOBAL_I, N, stride, (ir.Atomic("add", "bins", bin_, ir.Const("uint32", 1)),))
    memories = (buffer("x", "uint8"), buffer("bins", "uint32", written=True))
    function = ir.Function("histogram", (), (ir.ScalarParam("n", "int32", "n"),), memories, {"i": "int32"}, (loop,))
    return program("histogram", ("x", "bins", "n"), function)


ALL = (saxpy, block_sum, collatz, warp_row_max, histogram)
