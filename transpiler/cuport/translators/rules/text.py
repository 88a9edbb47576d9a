"""The IR as text: what golden tests and `--verbose` show, one statement a line, every operator with its type."""

from __future__ import annotations

from cuport.translators.rules import ir

_BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "rem": "%",
    "and": "&",
    "or": "|",
    "xor": "^",
    "shl": "<<",
    "shr": ">>",
}
_COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_SHORT = {"float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "bool": "bool"}


def short(dtype: str) -> str:
    """`i32` for int32, `bf16` for bfloat16."""
    return _SHORT.get(dtype) or dtype.replace("uint", "u").replace("int", "i")


def expr(e: ir.Expr) -> str:
    """One expression. Operators carry their dtype as a suffix unless it is int32 or bool."""
    match e:
        case ir.Const():
            if e.dtype == "bool":
                return "true" if e.value else "false"
            return f"{e.value}" if e.dtype == "int32" else f"{e.value}:{short(e.dtype)}"
        case ir.Var() | ir.Param():
            return e.name
        case ir.Index():
            return f"{e.kind}.{e.axis}"
        case ir.Unary():
            sign = "-" if e.op == "neg" else ("!" if e.dtype == "bool" else "~")
            return f"{sign}{expr(e.a)}"
        case ir.Binary():
            return f"({expr(e.a)} {_BINARY[e.op]}{_suffix(e.dtype)} {expr(e.b)})"
        case ir.Compare():
            return f"({expr(e.a)} {_COMPARE[e.op]}{_suffix(e.a.dtype)} {expr(e.b)})"
        case ir.Select():
            return f"select({expr(e.cond)}, {expr(e.a)}, {expr(e.b)})"
        case ir.Cast():
            return f"{short(e.dtype)}({expr(e.a)})"
        case ir.Bitcast():
            return f"bits_{short(e.dtype)}({expr(e.a)})"
        case ir.Call():
            return f"{e.fn}({', '.join(map(expr, e.args))})"
        case ir.Load():
            mask = f" if {expr(e.mask)}" if e.mask is not None else ""
            return f"{e.memory}[{expr(e.index)}{mask}]"
        case ir.IsNull():
            return f"is_null({e.memory})"


def _suffix(dtype: str) -> str:
    return "" if dtype in ("int32", "bool") else f".{short(dtype)}"


def block(statements: ir.Block, indent: int = 0) -> list[str]:
    """The lines of a block."""
    pad = "  " * indent
    lines: list[str] = []
    for s in statements:
        match s:
            case ir.Assign():
                lines.append(f"{pad}{s.var} = {expr(s.value)}")
            case ir.Store():
                lines.append(f"{pad}{s.memory}[{expr(s.index)}] = {expr(s.value)}")
            case ir.Atomic():
                target = f"{s.result} = " if s.result else ""
                compare = f"{expr(s.compare)}, " if s.compare is not None else ""
                lines.append(f"{pad}{target}atomic_{s.op} {s.memory}[{expr(s.index)}], {compare}{expr(s.value)}")
            case ir.If():
                lines.append(f"{pad}if {expr(s.cond)}:")
                lines += block(s.then, indent + 1) or [f"{pad}  pass"]
                if s.orelse:
                    lines.append(f"{pad}else:")
                    lines += block(s.orelse, indent + 1)
            case ir.For():
                arrow = "downto" if s.down else "to"
                lines.append(f"{pad}for {s.var} = {expr(s.start)} {arrow} {expr(s.stop)} step {expr(s.step)}:")
                lines += block(s.body, indent + 1) or [f"{pad}  pass"]
            case ir.While():
                lines.append(f"{pad}do:" if s.test_after else f"{pad}while {expr(s.cond)}:")
                lines += block(s.body, indent + 1) or [f"{pad}  pass"]
                if s.step:
                    lines.append(f"{pad}step:")
                    lines += block(s.step, indent + 1)
                if s.test_after:
                    lines.append(f"{pad}while {expr(s.cond)}")
            case ir.Barrier():
                lines.append(f"{pad}barrier {s.scope}")
            case ir.Shuffle():
                members = f", members {expr(s.members)}" if s.members is not None else ""
                args = f"{expr(s.value)}, {expr(s.lane)}, width {expr(s.width)}{members}"
                lines.append(f"{pad}{s.result} = shuffle_{s.mode} {args}")
            case ir.Collective():
                members = f", members {expr(s.members)}" if s.members is not None else ""
                lines.append(f"{pad}{s.result} = {s.scope}_{s.op} {expr(s.value)}{members}")
            case ir.Scope():
                lines.append(f"{pad}scope {s.label}:")
                lines += block(s.body, indent + 1) or [f"{pad}  pass"]
            case ir.Leave():
                lines.append(f"{pad}leave {s.label}")
    return lines


def function(f: ir.Function) -> str:
    """A whole function: declarations, then the body."""
    lines = [f"function {f.instance}"]
    for name, value in f.template_args:
        lines.append(f"  template {name} = {value}")
    for scalar in f.scalars:
        lines.append(f"  scalar {scalar.name}: {short(scalar.dtype)} = {scalar.access}")
    for m in f.memories:
        extent = "" if m.extent is None else str(m.extent)
        flags = (f" lanes {m.lanes}" if m.lanes > 1 else "") + (" written" if m.written else "")
        flags += f" = {m.access}" if m.access else ""
        lines.append(f"  {m.space} {m.name}: {short(m.dtype)}[{extent}]{flags}")
    for name, dtype in f.variables.items():
        lines.append(f"  var {name}: {short(dtype)}")
    return "\n".join([*lines, "body", *block(f.body, 1)]) + "\n"
