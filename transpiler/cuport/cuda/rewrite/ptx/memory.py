"""PTX instructions that touch memory, and those that threads meet in; control flow.

Semantics are those of the PTX ISA manual; the C++ functions stand in runtime/cuport/ptx_memory.h, ptx_thread.h and
ptx_matrix.h.
"""

from __future__ import annotations

from cuport.cuda.rewrite.ptx.barriers import bulk_copy
from cuport.cuda.rewrite.ptx.syntax import Instruction, Operand, Refused, Register, Vector
from cuport.cuda.rewrite.ptx.writer import (
    FLOATS,
    INTEGERS,
    SCOPES,
    Modifiers,
    P,
    Writer,
    expect,
    instruction,
)

_SPACES = ("global", "shared", "shared::cta", "const", "local", "param", "param::entry", "shared::cluster")
_CACHE = ("ca", "cg", "cs", "lu", "cv", "nc", "wb", "wt", "weak", "mmio")
_DATA = INTEGERS | FLOATS - {"f16x2", "bf16x2"} | {"f16", "bf16"}


def _drop_hints(m: Modifiers) -> bool:
    """Caches and eviction; True if a cache policy follows as an operand."""
    policy = "L2::cache_hint" in m.left
    m.left = [p for p in m.left if p not in _CACHE and not p.startswith(("L1::", "L2::", "level::"))]
    return policy


@instruction("ld", "ldu")
def _ld(w: Writer, i: Instruction) -> str:
    w.need("ptx_memory")
    m = Modifiers(i)
    policy = _drop_hints(m)
    way = m.take("volatile", "relaxed", "acquire")
    m.drop((*SCOPES, "unified"))
    space = m.take(*_SPACES)
    lanes = int((m.take("v2", "v4", "v8") or "v1")[1:])
    ctype = m.type(_DATA)
    m.done()
    expect(i, 3 if policy else 2)
    suffix = {"volatile": "_volatile", "": ""}.get(way, "_strong")
    name = w.temporary()
    value = f"{P}load{suffix}<{P}{ctype}, {lanes}>({w.address(i.operands[1], space)})"
    targets = i.operands[0].items if isinstance(i.operands[0], Vector) else (i.operands[0],)
    if len(targets) != lanes:
        raise Refused(i.text)
    puts = " ".join(w.assign(t, f"{name}.v[{k}]") for k, t in enumerate(targets))
    return f"{{ const auto {name} = {value}; {puts} }}"


def _lanes(w: Writer, i: Instruction, operand: Operand, ctype: str, lanes: int) -> str:
    items = operand.items if isinstance(operand, Vector) and lanes > 1 else (operand,)
    if len(items) != lanes:
        raise Refused(i.text)
    return f"{P}Lanes<{P}{ctype}, {lanes}>{{{{{', '.join(w.value(o, ctype) for o in items)}}}}}"


@instruction("st")
def _st(w: Writer, i: Instruction) -> str:
    w.need("ptx_memory")
    m = Modifiers(i)
    if m.take("async", "bulk"):
        raise Refused(i.text)
    policy = _drop_hints(m)
    way = m.take("volatile", "relaxed", "release")
    m.drop(SCOPES)
    space = m.take(*_SPACES)
    lanes = int((m.take("v2", "v4", "v8") or "v1")[1:])
    ctype = m.type(_DATA)
    m.done()
    expect(i, 3 if policy else 2)
    suffix = {"volatile": "_volatile", "release": "_strong", "relaxed": "_volatile"}.get(way, "")
    return f"{P}store{suffix}({w.address(i.operands[0], space)}, {_lanes(w, i, i.operands[1], ctype, lanes)});"


@instruction("prefetch", "prefetchu", "applypriority", "discard", "griddepcontrol", "setmaxnreg", "pmevent")
def _nothing(w: Writer, i: Instruction) -> str:
    return ";"


@instruction("createpolicy")
def _policy(w: Writer, i: Instruction) -> str:
    return w.assign(i.operands[0], f"{P}b64{{0}}")


_UPDATES = {
    "add": "Add",
    "min": "Min",
    "max": "Max",
    "and": "And",
    "or": "Or",
    "xor": "Xor",
    "exch": "Exchange",
    "inc": "Inc",
    "dec": "Dec",
}


@instruction("atom", "red")
def _atom(w: Writer, i: Instruction) -> str:
    w.need("ptx_memory")
    m = Modifiers(i)
    if m.take("async"):
        raise Refused(i.text)
    policy = _drop_hints(m)
    m.drop((*SCOPES, "relaxed", "acquire", "release", "acq_rel", "noftz"))
    space = m.take(*_SPACES)
    operation = m.take(*_UPDATES, "cas")
    lanes = int((m.take("v2", "v4", "v8") or "v1")[1:])
    ctype = m.type(INTEGERS | FLOATS)
    m.done()
    operands = list(i.operands[:-1] if policy else i.operands)
    result: Operand = operands.pop(0) if i.parts[0] == "atom" else Register("_")
    at = w.address(operands[0], space)
    if operation == "cas":
        if len(operands) != 3:
            raise Refused(i.text)
        values = ", ".join(w.value(o, ctype) for o in operands[1:])
        return w.assign(result, f"{P}compare_and_swap<{P}{ctype}>({at}, {values})")
    if not operation or len(operands) != 2:
        raise Refused(i.text)
    function = f"{P}atomic<{P}{_UPDATES[operation]}, {P}{ctype}>"
    if lanes == 1:
        return w.assign(result, f"{function}({at}, {w.value(operands[1], ctype)})")
    values_, targets = operands[1], result
    if not isinstance(values_, Vector) or len(values_.items) != lanes:
        raise Refused(i.text)
    name = w.temporary()
    each = []
    for k, item in enumerate(values_.items):
        target = targets.items[k] if isinstance(targets, Vector) else Register("_")
        call = f"{function}({name} + {k} * sizeof({P}{ctype}), {w.value(item, ctype)})"
        each.append(w.assign(target, call))
    return f"{{ char* const {name} = {at}; {' '.join(each)} }}"


@instruction("membar", "fence")
def _fence(w: Writer, i: Instruction) -> str:
    m = Modifiers(i)
    if i.parts[0] == "fence" and any(p.startswith(("proxy", "mbarrier")) for p in m.left):
        if any("tensormap" in p for p in m.left):
            raise Refused(i.text)
        return "__threadfence_block();"
    m.drop(("sc", "acq_rel", "acquire", "release"))
    scope = m.take("cta", "gl", "sys", "gpu", "cluster")
    m.done()
    return {"cta": "__threadfence_block();", "sys": "__threadfence_system();"}.get(scope, "__threadfence();")


@instruction("bar", "barrier")
def _bar(w: Writer, i: Instruction) -> str:
    w.need("ptx_thread")
    m = Modifiers(i)
    if m.take("cluster"):
        # a cluster is one block here: arriving is nothing, waiting is the block's own barrier
        if m.take("arrive"):
            return ";"
        return f"{P}bar_sync(0, 0);"
    m.drop(("cta", "aligned"))
    if m.take("warp"):
        m.take("sync")
        m.done()
        expect(i, 1)
        return f"{P}warp_sync({w.value(i.operands[0], 'b32')});"
    what = m.take("sync", "arrive", "red")
    if what == "red":
        operation = m.take("popc", "and", "or")
        ctype = m.type(("u32", "pred"))
        m.done()
        expect(i, 3, 4)
        d, number, *rest = i.operands
        threads = w.value(rest[0], "u32") if len(rest) == 2 else "0"
        call = f"{P}bar_{operation}({w.value(number, 'u32')}, {threads}, {w.value(rest[-1], 'pred')})"
        return w.assign(d, f"static_cast<{P}{ctype}>({call})")
    m.done()
    expect(i, 1, 2)
    values = [w.value(o, "u32") for o in i.operands] + ["0"]
    return f"{P}bar_{what}({values[0]}, {values[1]});"


@instruction("shfl")
def _shfl(w: Writer, i: Instruction) -> str:
    w.need("ptx_thread")
    m = Modifiers(i)
    synchronous = bool(m.take("sync"))
    mode = m.take("up", "down", "bfly", "idx")
    m.type(("b32", "u32", "s32", "f32"))
    m.done()
    expect(i, 5 if synchronous else 4)
    d, a, *rest = i.operands
    values = [w.value(a, "b32"), *(w.value(o, "b32") for o in rest)] + ([] if synchronous else ["0u"])
    return w.assign_both(d, f"{P}shfl<{P}Shuffle::{mode}>({', '.join(values)})", "value", "inside")


@instruction("vote")
def _vote(w: Writer, i: Instruction) -> str:
    w.need("ptx_thread")
    m = Modifiers(i)
    synchronous = bool(m.take("sync"))
    mode = m.take("all", "any", "uni", "ballot")
    m.types()
    m.done()
    expect(i, 3 if synchronous else 2)
    lanes = w.value(i.operands[2], "b32") if synchronous else "0u"
    return w.assign(i.operands[0], f"{P}vote_{mode}({w.value(i.operands[1], 'pred')}, {lanes})")


@instruction("match")
def _match(w: Writer, i: Instruction) -> str:
    w.need("ptx_thread")
    m = Modifiers(i)
    m.take("sync")
    mode = m.take("any", "all")
    ctype = m.type(("b32", "b64"))
    m.done()
    expect(i, 3)
    d, a, lanes = i.operands
    call = f"{P}match_{mode}({w.value(a, ctype)}, {w.value(lanes, 'b32')})"
    return w.assign(d, call) if mode == "any" else w.assign_both(d, call, "value", "inside")


@instruction("activemask")
def _activemask(w: Writer, i: Instruction) -> str:
    w.need("ptx_thread")
    expect(i, 1)
    return w.assign(i.operands[0], f"{P}active_mask()")


@instruction("elect")
def _elect(w: Writer, i: Instruction) -> str:
    w.need("ptx_thread")
    expect(i, 2)
    return w.assign_both(i.operands[0], f"{P}elect({w.value(i.operands[1], 'b32')})", "value", "inside")


@instruction("redux")
def _redux(w: Writer, i: Instruction) -> str:
    w.need("ptx_thread")
    m = Modifiers(i)
    m.take("sync")
    operation = m.take("add", "min", "max", "and", "or", "xor")
    ctype = m.type(("s32", "u32", "b32"))
    m.done()
    expect(i, 3)
    d, a, lanes = i.operands
    kind = {"add": "u32"}.get(operation, ctype)
    value = f"{P}redux<cuport::warps::{operation.capitalize()}>({w.value(a, kind)}, {w.value(lanes, 'b32')})"
    return w.assign(d, value)


@instruction("cvta")
def _cvta(w: Writer, i: Instruction) -> str:
    w.need("ptx_memory")
    m = Modifiers(i)
    to = bool(m.take("to"))
    space = m.take(*_SPACES)
    ctype = m.type(("u32", "u64"))
    m.done()
    expect(i, 2)
    d, a = i.operands
    value = w.value(a, "u64")
    if space.startswith("shared"):
        value = f"{P}to_shared({value})" if to else f"{P}to_generic({w.value(a, ctype)})"
    return w.assign(d, f"static_cast<{P}{ctype}>({value})")


@instruction("isspacep")
def _isspacep(w: Writer, i: Instruction) -> str:
    w.need("ptx_memory")
    m = Modifiers(i)
    space = m.take(*_SPACES).split("::")[0]
    m.done()
    expect(i, 2)
    if space == "param":
        raise Refused(i.text)
    return w.assign(i.operands[0], f"{P}in_{space}({w.value(i.operands[1], 'u64')})")


@instruction("mapa", "getctarank")
def _cluster(w: Writer, i: Instruction) -> str:
    """A cluster is one block: the address of another block of it is the own one."""
    expect(i, 2, 3)
    if i.parts[0] == "getctarank":
        return w.assign(i.operands[0], f"{P}b32{{0}}")
    m = Modifiers(i)
    return w.assign(i.operands[0], w.value(i.operands[1], m.types()[-1]))


@instruction("cp")
def _cp(w: Writer, i: Instruction) -> str:
    """cp.async: copies at once, so there is nothing to wait for."""
    w.need("ptx_memory")
    m = Modifiers(i)
    if not m.take("async") or any(p in m.left for p in ("mbarrier", "reduce")):
        raise Refused(i.text)
    if m.take("bulk"):
        return bulk_copy(w, i, m)
    if m.take("commit_group", "wait_group", "wait_all"):
        m.done()
        return ";"
    policy = _drop_hints(m)
    to = m.take("shared", "shared::cta")
    source = m.take("global")
    m.done()
    operands = i.operands[:-1] if policy else i.operands
    if not to or not source or len(operands) not in (3, 4):
        raise Refused(i.text)
    size = w.value(operands[2], "u32")
    given = size
    if len(operands) == 4:
        given = w.value(operands[3], "u32")
        if isinstance(operands[3], Register) and w.find(operands[3].name) in w.predicates:
            given = f"({w.value(operands[3], 'pred')} ? 0u : {size})"  # ignore-src
    return f"{P}copy_async({w.address(operands[0], to)}, {w.address(operands[1], source)}, {size}, {given});"


@instruction("nanosleep")
def _sleep(w: Writer, i: Instruction) -> str:
    w.need("ptx_memory")
    return "cuport::lost_race();"


@instruction("trap")
def _trap(w: Writer, i: Instruction) -> str:
    return "__trap();"


@instruction("brkpt")
def _brkpt(w: Writer, i: Instruction) -> str:
    return ";"


@instruction("exit", "ret")
def _exit(w: Writer, i: Instruction) -> str:
    if not w.in_kernel:
        raise Refused(f"{i.text} outside a kernel's own body")
    return "return;"


@instruction("bra")
def _bra(w: Writer, i: Instruction) -> str:
    expect(i, 1)
    target = i.operands[0]
    if not isinstance(target, Register):
        raise Refused(i.text)
    return f"goto {w.label(target.name)};"


# Matrices.

_ELEMENT_BITS = {"f16": 16, "bf16": 16, "tf32": 32, "f64": 64, "s8": 8, "u8": 8, "s4": 4, "u4": 4, "b1": 1}
_ELEMENT_BITS |= {"e4m3": 8, "e5m2": 8}


def _matrices(i: Instruction, registers: Operand) -> tuple[str, str, tuple[Operand, ...]]:
    """The template arguments of ldmatrix or stmatrix, the state space, and the registers one by one."""
    m = Modifiers(i)
    transposed = bool(m.take("trans"))
    count = int((m.take("x1", "x2", "x4") or "x0")[1:])
    space = m.take("shared", "shared::cta") or "generic"
    m.drop(("sync", "aligned", "m8n8"))
    m.type(("b16",))
    m.done()
    items = registers.items if isinstance(registers, Vector) else (registers,)
    if not count or len(items) != count:
        raise Refused(i.text)
    return f"{count}, {str(transposed).lower()}", space, items


@instruction("ldmatrix")
def _ldmatrix(w: Writer, i: Instruction) -> str:
    w.need("ptx_matrix")
    expect(i, 2)
    shape, space, targets = _matrices(i, i.operands[0])
    name = w.temporary()
    puts = " ".join(w.assign(t, f"{name}.v[{k}]") for k, t in enumerate(targets))
    return f"{{ const auto {name} = {P}ldmatrix<{shape}>({w.address(i.operands[1], space)}); {puts} }}"


@instruction("stmatrix")
def _stmatrix(w: Writer, i: Instruction) -> str:
    w.need("ptx_matrix")
    expect(i, 2)
    shape, space, values = _matrices(i, i.operands[1])
    registers = f"{P}Registers<{len(values)}>{{{{{', '.join(w.value(v, 'b32') for v in values)}}}}}"
    return f"{P}stmatrix<{shape}>({w.address(i.operands[0], space)}, {registers});"


@instruction("movmatrix")
def _movmatrix(w: Writer, i: Instruction) -> str:
    w.need("ptx_matrix")
    expect(i, 2)
    return w.assign(i.operands[0], f"{P}movmatrix({w.value(i.operands[1], 'b32')})")


@instruction("mma")
def _mma(w: Writer, i: Instruction) -> str:
    w.need("ptx_matrix")
    m = Modifiers(i)
    m.drop(("sync", "aligned", "row", "col"))
    saturate = bool(m.take("satfinite"))
    joined = m.take("xor", "and")
    m.take("popc")
    shapes = [p for p in m.left if p.startswith("m") and p[1:2].isdigit()]
    types = m.types()
    m.drop(shapes)
    m.done()
    if len(shapes) != 1 or len(types) != 4 or any(t not in _ELEMENT_BITS for t in types[1:3]):
        raise Refused(i.text)
    rows, columns, depth = (int(n) for n in shapes[0][1:].replace("n", " ").replace("k", " ").split())
    to, a, b, c = types
    if (rows, columns) not in ((16, 8), (8, 8)) or (rows == 8 and a in ("f16", "bf16", "tf32")):
        raise Refused(i.text)
    expect(i, 4)
    groups = [o.items if isinstance(o, Vector) else (o,) for o in i.operands]
    word = "b64" if a == "f64" else "b32"

    def registers(items: tuple[Operand, ...], ctype: str) -> str:
        return f"{P}Fragment<{P}{ctype}, {len(items)}>{{{{{', '.join(w.value(o, ctype) for o in items)}}}}}"

    bits = _ELEMENT_BITS[a]
    size = 64 if a == "f64" else 32
    wanted = [rows * depth * bits // 32 // size, depth * columns * _ELEMENT_BITS[b] // 32 // size]
    if [len(g) for g in groups[1:3]] != wanted:
        raise Refused(f"{i.text} with fragments of another size")
    held = ["b32" if t == "f16" else t for t in (to, c)]
    name = w.temporary()
    options = f"{str(saturate).lower()}, {str(joined == 'and').lower()}"
    call = (
        f"{P}mma<{rows}, {columns}, {depth}, {P}{a}, {P}{b}, {P}{c}, {P}{to}, {options}>"
        f"({registers(groups[1], word)}, {registers(groups[2], word)}, {registers(groups[3], held[1])})"
    )
    if len(groups[0]) != rows * columns // 32 // (2 if to == "f16" else 1):
        raise Refused(f"{i.text} with fragments of another size")
    puts = " ".join(w.assign(t, f"{name}.v[{k}]") for k, t in enumerate(groups[0]))
    return f"{{ const auto {name} = {call}; {puts} }}"
