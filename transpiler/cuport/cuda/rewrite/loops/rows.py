"""Kernels without barriers as plain loops over their threads.

The body of such a kernel becomes a function of its own, `cuport_body_<i>`, that gets its place in the grid as
arguments: local values, unlike `threadIdx` as a variable of the whole program, can live in registers. The kernel itself
calls it with its own place; the runtime (cuport/threads/rows.h) calls it from a loop, and where the kernel is canonical
(canonical.py) from a loop over the running index that ends with the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from cuport.cuda.declarations import Definition
from cuport.cuda.parse import matches, walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.loops.canonical import Canonical, canonical
from cuport.cuda.rewrite.program import KernelHead, Program
from cuport.cuda.rewrite.signature import Signature, read_signature
from cuport.cuda.unit import plain_name

_LARGEST = 12_000  # characters: a body is compiled twice
_PLACE = "const uint3 threadIdx, const uint3 blockIdx, const dim3 blockDim, const dim3 gridDim"
_BUILTINS = ("threadIdx", "blockIdx", "blockDim", "gridDim")
_LOOKS_AROUND = re.compile(
    r"\b(?:threadIdx|blockIdx|blockDim|gridDim|printf|assert|__assert\w*|__trap|__brkpt|clock\w*|curand\w*|tex\w*|surf\w*)\b"
)
# Functions of CUDA that do not ask which thread calls them.
PLAIN = re.compile(
    r"(?:std::)?(?:f?(?:min|max)f?|abs|l?labs|fabsf?|r?sqrtf?|exp(?:2|10|m1)?f?|log(?:2|10|1p)?f?|powf?|a?(?:sin|cos|tan)h?f?|atan2f?"
    r"|sin(?:cos|pi)f?|cospif?|erfc?f?|floorf?|ceilf?|l?l?roundf?|l?l?rintf?|nearbyintf?|truncf?|fmaf?|fmodf?|remainderf?|cbrtf?"
    r"|hypotf?|copysignf?|isnan|isinf|isfinite|signbit|fdimf?|fdividef|rhypotf?|normcdff?|tgammaf?|lgammaf?|ldexpf?|saturate"
    r"|u?(?:min|max)|make_\w+|atomic\w+|__ldg|__ldcs|__f\w+|__d\w+|__i\w+|__u\w+|__h\w+|__l\w+|__popc\w*|__clz\w*|__ffs\w*"
    r"|__brev\w*|__mul\w*|__sad|__byte_perm|__expf|__logf|__powf|__sinf|__cosf|__tanf|__saturatef|__rhadd|__hadd"
    r"|__syncthreads|static_cast|reinterpret_cast|const_cast|int|float|double|unsigned|size_t|bool|long|char|short|u?int\d+_t|sizeof)"
)


@dataclass(frozen=True)
class RowKernel:
    head: KernelHead
    definition: Definition
    pure: bool  # nobody asks the runtime which thread runs
    shape: Canonical | None


@lru_cache(maxsize=8)
def row_kernels(program: Program) -> dict[int, RowKernel]:
    """The kernels that become rows, by the index of their head."""
    found: dict[int, RowKernel] = {}
    if not program.loops:
        return found
    specialised = {d.qualified for d in (*program.definitions, *program.prototypes) if "<" in d.spelled}
    specialised |= {k.qualified for k in program.source.kernels if k.name in program.befriended}
    by_value = frozenset(
        f.qualified
        for f in program.source.functions
        if not any("&" in str(p.ctype) for g in program.source.functions if g.name == f.name for p in g.params)
    )
    for head in program.heads:
        kernel = head.kernel
        if program.waits(kernel) or kernel.qualified in specialised or len(kernel.text) > _LARGEST:
            continue
        definition = definition_of(program, head)
        if definition is None or any(n.type == "preproc_if" for n in walk(definition.node)):
            continue
        shape = canonical(program.unit, definition, by_value)
        found[head.index] = RowKernel(head, definition, is_pure(program, definition, kernel.calls), shape)
    return found


def definition_of(program: Program, head: KernelHead) -> Definition | None:
    """The kernel's definition, if it stands where its first declaration does, under its plain name."""
    first = head.definition
    types = [str(p.ctype) for p in first.params]
    for d in program.definitions:
        if not d.is_kernel or d.qualified != head.kernel.qualified or d.scope != first.scope:
            continue
        if [str(p.ctype) for p in d.params] != types or len(d.template_params) != len(first.template_params):
            continue
        body = d.node.child_by_field_name("body")
        declarator = d.node.child_by_field_name("declarator")
        if body is None or body.type != "compound_statement" or declarator is None or d.node.has_error:
            return None
        if declarator.type != "function_declarator":
            return None
        if any(p.type == "declaration_list" for p in _linkages(d.node)):
            return None  # inside `extern "C" { }`: the body has to be C++
        name = declarator.child_by_field_name("declarator")
        return d if name is not None and name.type == "identifier" else None
    return None


def _linkages(node: Node) -> Iterator[Node]:
    """What the linkage specifications around a node hold."""
    current: Node | None = node
    while current is not None and current.parent is not None:
        if current.parent.type == "linkage_specification":
            yield current
        current = current.parent


def is_pure(program: Program, definition: Definition, calls: tuple[str, ...]) -> bool:
    """Whether no function that a kernel reaches needs the runtime's own `threadIdx`."""
    functions = {f.qualified: f for f in program.source.functions}
    if any(n.type == "lambda_expression" for n in walk(definition.node)):
        return False
    reached = [functions[c] for c in calls if c in functions]
    if len(reached) != len(calls) or any(_LOOKS_AROUND.search(f.text) for f in reached):
        return False
    known = {f.name for f in reached}
    text = program.unit.text_of(definition.node)
    if re.search(r"\b(?:printf|assert|__assert\w*|__trap|__brkpt)\b", text):
        return False
    called = {plain_name(program.unit.flat(m["callee"][0])) for m in matches("calls", definition.node)}
    for f in reached:
        called |= set(f.calls)
    return all(c.split("::")[-1] in known or PLAIN.fullmatch(c) for c in called)


def takes_place(program: Program, body_start: int) -> bool:
    """Whether the body that begins here gets the built-in variables as arguments."""
    return body_start in _bodies(program)


@lru_cache(maxsize=8)
def _bodies(program: Program) -> frozenset[int]:
    bodies = (r.definition.node.child_by_field_name("body") for r in row_kernels(program).values())
    return frozenset(b.start_byte for b in bodies if b is not None)


def rewrite_rows(program: Program, edits: Edits) -> None:
    """Splits the kernels' definitions; not those that are left out of the text."""
    for row in row_kernels(program).values():
        if not edits.covers(row.definition.node.start_byte):
            _split(program, row, edits)


def _split(program: Program, row: RowKernel, edits: Edits) -> None:
    unit, d, index = program.unit, row.definition, row.head.index
    body = d.node.child_by_field_name("body")
    declarator = d.node.child_by_field_name("declarator")
    parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
    assert body is not None and parameters is not None
    s = _signature(program, row)
    comma = ", " if s.params else ""
    head = f"{s.bare_template} CUPORT_BODY void cuport_body_{index}({_PLACE}, {_index(row)}{comma}{s.given}) "
    linkage = d.whole.parent
    outside = linkage if linkage is not None and linkage.type == "linkage_specification" else d.whole
    edits.replace(outside.start_byte, body.start_byte, head)
    language = 'extern "C" ' if outside is linkage else ""
    before = _words(unit.bytes[d.node.start_byte : parameters.start_byte].decode())
    after = _words(unit.bytes[parameters.end_byte : body.start_byte].decode())
    places = "".join(f" const auto {n} = cuport::current_{n}();" for n in _BUILTINS)
    if row.shape is not None:
        _shape(row.shape, edits)
    edits.insert_after(
        body.end_byte,
        f" {language}{s.template} {before}({s.params}) {after} {{{places} cuport_body_{index}{s.template_args}"
        f"({', '.join(_BUILTINS)}, 0, false{comma}{s.args}); }}",
    )


def _shape(shape: Canonical, edits: Edits) -> None:
    """Around what is there, which other edits may change too."""
    edits.wrap(shape.initial, f"(cuport_inside ? cuport_i : static_cast<{shape.index}>(", "))")
    if shape.loop is None:
        assert shape.guard is not None
        edits.wrap(shape.guard, "(!cuport_inside && (" if shape.negated else "(cuport_inside || (", "))")
        return
    condition, update = shape.loop.child_by_field_name("condition"), shape.loop.child_by_field_name("update")
    assert condition is not None and update is not None
    edits.insert(shape.loop.start_byte, "bool cuport_once = true; ")
    edits.wrap(condition, "(cuport_inside ? cuport_once : (", "))")
    edits.wrap(update, "(cuport_inside ? (void)(cuport_once = false) : (void)(", "))")


def _signature(program: Program, row: RowKernel) -> Signature:
    return read_signature(program.unit, KernelHead(row.head.index, row.head.kernel, row.definition))


def _words(text: str) -> str:
    """Part of a kernel's head on one line, in the runtime's words."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
    text = re.sub(r"\b__(?:forceinline|inline_hint)__\b", "inline", text)
    return " ".join(re.sub(r"\b__noinline__\b", "CUPORT_NOINLINE", text).split())


def _index(row: RowKernel) -> str:
    kind = row.shape.index if row.shape is not None else "int"
    return f"const {kind} cuport_i, const bool cuport_inside"


def rows_type(program: Program, index: int) -> str:
    """The text of `cuport_rows_<index>`, by which the runtime knows the body; "" where the kernel has no rows."""
    row = row_kernels(program).get(index)
    if row is None:
        return ""
    s = _signature(program, row)
    comma = ", " if s.params else ""
    shape = row.shape
    facts = f"static constexpr bool pure = {str(row.pure).lower()}, canonical = {str(shape is not None).lower()}"
    facts += f", strided = {str(shape is not None and shape.strided).lower()}; "
    facts += f"using CuportIndex = {shape.index if shape is not None else 'int'}; "
    if shape is not None:
        facts += (
            f"static long long limit(const dim3 blockDim, const dim3 gridDim{comma}{s.given}) "
            f"{{ return cuport::limit<CuportIndex>({shape.bound}); }} "
        )
    return (
        f"{s.bare_template} CUPORT_BODY void cuport_body_{index}({_PLACE}, {_index(row)}{comma}{s.given}); "
        f"{s.bare_template} struct cuport_rows_{index} {{ {facts}"
        "template <class... CuportA> CUPORT_BODY void run(const cuport::Place& cuport_p, const CuportIndex cuport_n, "
        "const bool cuport_in, CuportA&... cuport_a) "
        f"{{ cuport_body_{index}{s.template_args}(cuport_p.thread, cuport_p.block, cuport_p.block_dim, "
        "cuport_p.grid_dim, cuport_n, cuport_in, cuport_a...); } }; "
    )
