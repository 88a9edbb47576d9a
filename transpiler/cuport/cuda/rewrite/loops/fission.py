"""Kernels cut at their barriers: the text of `cuport_cut_<i>`, which runs a block as loops over its threads.

The kernel itself stays as it is: fibers run it in every other schedule and build. Variables that live across a barrier
become arrays with an element for each thread; a stretch that uses one begins with a reference to its thread's element.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tree_sitter import Node

from cuport.cuda.lexer import pieces
from cuport.cuda.parse import walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.loops.fission_plan import (
    Control,
    Doubt,
    FissionPlan,
    Once,
    Region,
    Segment,
    compile_time_constants,
    plan,
)
from cuport.cuda.rewrite.loops.rows import PLAIN, definition_of, is_pure
from cuport.cuda.rewrite.program import WAITS, KernelHead, Program
from cuport.cuda.rewrite.signature import read_signature
from cuport.cuda.unit import Unit, plain_name

_LARGEST = 12_000  # characters
_SIMPLE = re.compile(
    r"(?:unsigned|signed|int|char|short|long|float|double|bool|\s)+|u?int\d*_t|s?size_t|ptrdiff_t|u(?:int|char|short|long)"
    r"|(?:float|double|u?int|u?char|u?short|u?long|u?longlong)[1-4]|__half2?|half2?|__nv_bfloat162?|dim3"
)
_PLACE = re.compile(r"const \w+ (?:threadIdx|blockIdx|blockDim|gridDim) = cuport::current_\w+\(\);")
_BLOCK_ONLY = re.compile(r"__syncthreads")


@lru_cache(maxsize=8)
def cut_kernels(program: Program) -> dict[int, FissionPlan]:
    """The kernels that can be cut, by the index of their head."""
    found: dict[int, FissionPlan] = {}
    if not program.loops:
        return found
    specialised = {d.qualified for d in (*program.definitions, *program.prototypes) if "<" in d.spelled}
    specialised |= {k.qualified for k in program.source.kernels if k.name in program.befriended}
    constants: frozenset[str] | None = None
    for head in program.heads:
        kernel = head.kernel
        if "__syncthreads" not in kernel.text or len(kernel.text) > _LARGEST or kernel.qualified in specialised:
            continue
        if _waits_otherwise(program, head):
            continue
        definition = definition_of(program, head)
        if definition is None:
            continue
        if constants is None:
            constants = compile_time_constants(program.unit)
        try:
            made = plan(program.unit, definition, constants, lambda name: _takes_values(program, name))
            types = {p.name for p in definition.template_params if p.kind == "type"}
            for name, statement in made.crossing.items():
                _storage(program.unit, name, statement, made.declarators[name], types | _plain_structs(program))
        except Doubt:
            continue
        found[head.index] = made
    return found


def _waits_otherwise(program: Program, head: KernelHead) -> bool:
    """Whether threads may wait anywhere but at `__syncthreads();` in the kernel itself."""
    kernel = head.kernel
    text = _BLOCK_ONLY.sub("", kernel.text)
    functions = {f.qualified: f for f in program.source.functions}
    if WAITS.search(text) or re.search(r"\bvolatile\b|\(\*", text) or any(c not in functions for c in kernel.calls):
        return True
    if program.waits_for_memory(kernel):
        return True
    # a functor that comes in through the template may hold a barrier
    if any(p.kind == "type" for p in kernel.template_params):
        return any(f.device and WAITS.search(f.text) for f in program.source.functions)
    return any(WAITS.search(functions[c].text) for c in kernel.calls)


def _takes_values(program: Program, name: str) -> bool:
    plain = plain_name(name).split("::")[-1]
    if PLAIN.fullmatch(plain):
        return True
    options = [f for f in program.source.functions if f.name == plain]
    return bool(options) and not any("&" in str(p.ctype) for f in options for p in f.params)


@lru_cache(maxsize=8)
def _plain_structs(program: Program) -> frozenset[str]:
    """Structs without constructors."""
    text = program.source.text
    return frozenset(
        s.name for s in program.source.structs if not re.search(rf"\b{re.escape(s.name)}\s*\([^;{{}}]*\)\s*[:{{]", text)
    )


def _storage(unit: Unit, name: str, statement: Node, declarator: Node, types: set[str] | frozenset[str]) -> str:
    """The declaration of a crossing variable's array. Raises Doubt for types that may have constructors."""
    declarators = statement.children_by_field_name("declarator")
    ctype = unit.flat(statement.child_by_field_name("type"))
    inner = declarator.child_by_field_name("declarator") if declarator.type == "init_declarator" else declarator
    if inner is None or any(n.type in ("reference_declarator", "function_declarator") for n in walk(inner)):
        raise Doubt
    if not _SIMPLE.fullmatch(ctype) and plain_name(ctype) not in types and inner.type != "pointer_declarator":
        raise Doubt
    if "auto" in ctype.split() or any(unit.text_of(c) in ("constexpr", "volatile") for c in statement.children):
        raise Doubt
    value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
    if value is not None and value.type == "argument_list":
        raise Doubt
    if value is not None and value.type == "initializer_list" and not re.fullmatch(r"\{[\s0.fF,]*\}", unit.flat(value)):
        raise Doubt
    if value is not None and inner.type == "array_declarator" and value.type != "initializer_list":
        raise Doubt
    words = unit.bytes[statement.start_byte : declarators[0].start_byte].decode()
    if inner.type != "pointer_declarator":
        words = re.sub(r"\bconst\b", "", words)
    shape = re.sub(r"\b(?:const|__restrict__|__restrict|restrict)\b", "", unit.flat(inner))
    shape = re.sub(rf"\b{re.escape(name)}\b", f"cuport_v_{name}[1024]", shape, count=1)
    return f"{' '.join(words.split())} {shape};"


def cut_type(program: Program, edits: Edits, index: int) -> str:
    """The text of `cuport_cut_<index>`; "" where the kernel is not cut. All other edits have been asked for."""
    made = cut_kernels(program).get(index)
    if made is None:
        return ""
    head = program.heads[[h.index for h in program.heads].index(index)]
    definition = definition_of(program, head)
    assert definition is not None
    s = read_signature(program.unit, KernelHead(index, head.kernel, definition))
    pure = is_pure(program, definition, head.kernel.calls)
    writer = _Writer(program.unit, edits, made, pure)
    arrays = [
        _storage(program.unit, name, statement, made.declarators[name], _anything(program, name, statement))
        for name, statement in made.crossing.items()
        if name not in made.remade
    ]
    comma = ", " if s.params else ""
    place = "const uint3 blockIdx, const dim3 blockDim, const dim3 gridDim"
    return (
        f"CUPORT_CUT({s.bare_template} struct cuport_cut_{index} {{ static constexpr bool pure = {str(pure).lower()}; "
        f"CUPORT_HOT static CUPORT_NOINLINE void run({place}{comma}{s.given}) "
        f"{{ CUPORT_EACH_BEGIN {writer.injected()} {' '.join(arrays)} {writer.region(made.region)} }} }};) "
    )


def cut_declaration(program: Program, index: int) -> str:
    """What a prototype needs to know of `cuport_cut_<index>`, whose text comes with the kernel's definition."""
    if index not in cut_kernels(program):
        return ""
    head = program.heads[[h.index for h in program.heads].index(index)]
    return f"CUPORT_CUT({read_signature(program.unit, head).bare_template} struct cuport_cut_{index};) "


def cut_place(program: Program, index: int) -> Node | None:
    """The definition of a kernel that is cut, if its first declaration is a prototype."""
    head = program.heads[[h.index for h in program.heads].index(index)]
    definition = definition_of(program, head) if index in cut_kernels(program) else None
    if definition is None or definition.node.start_byte == head.definition.node.start_byte:
        return None
    return definition.whole


def _anything(program: Program, name: str, statement: Node) -> set[str]:
    return {plain_name(program.unit.flat(statement.child_by_field_name("type")))}


class _Writer:
    def __init__(self, unit: Unit, edits: Edits, made: FissionPlan, pure: bool) -> None:
        self.unit, self.edits, self.made, self.pure = unit, edits, made, pure

    def injected(self) -> str:
        """What other edits put at the beginning of the body, but for the built-in variables."""
        start = self.made.region.node.start_byte
        return _PLACE.sub("", self._text(start, start + 1)[1:])

    def region(self, region: Region) -> str:
        return " ".join(self._item(item) for item in region.items)

    def _item(self, item: Segment | Once | Control) -> str:
        if isinstance(item, Once):
            return self._text(item.statement.start_byte, item.statement.end_byte)
        if isinstance(item, Segment):
            return self._segment(item)
        first = item.regions[0]
        text = self._text(item.statement.start_byte, first.node.start_byte) + f" {{ {self.region(first)} }} "
        if len(item.regions) > 1:
            return text + f"else {{ {self.region(item.regions[1])} }}"
        if item.statement.type == "do_statement":
            text += self._text(first.node.end_byte, item.statement.end_byte)
        return text

    def _segment(self, segment: Segment) -> str:
        if not segment.statements:
            return ""
        used = {self.unit.text_of(n) for s in segment.statements for n in walk(s) if n.type == "identifier"}
        given = {n for s in segment.statements for n in self._declared(s)}
        needed, more = set[str](), (used - given) & set(self.made.remade)
        while more:
            needed |= more
            more = {d for n in more for d in self.made.remade[n]} - needed - given
        references = "".join(
            self._again(n) if n in needed else f"auto& {n} = cuport_v_{n}[cuport_t]; "
            for n in sorted(self.made.crossing, key=lambda n: self.made.declarators[n].start_byte)
            if n in needed or (n in used and n not in self.made.remade)
        )
        text = " ".join(self._statement(s) for s in segment.statements)
        if any(n.type == "return_statement" for s in segment.statements for n in walk(s)):
            text = f"[&] {{ {text} }}();"
        known = "" if self.pure else "::threadIdx = threadIdx; "
        return f"CUPORT_EACH {{ CUPORT_EACH_THREAD {known}{references}{text} }}"

    def _declared(self, statement: Node) -> list[str]:
        declarators = statement.children_by_field_name("declarator") if statement.type == "declaration" else []
        return [n for n, d in self.made.declarators.items() if n in self.made.remade and d in declarators]

    def _again(self, name: str) -> str:
        """The declaration of a variable that is computed anew."""
        statement, declarator = self.made.crossing[name], self.made.declarators[name]
        first = statement.children_by_field_name("declarator")[0]
        words = self._text(statement.start_byte, first.start_byte)
        return f"{words} {self._text(declarator.start_byte, declarator.end_byte)}; "

    def _statement(self, statement: Node) -> str:
        if statement.type != "declaration":
            return self._text(statement.start_byte, statement.end_byte)
        out: list[str] = []
        declarators = statement.children_by_field_name("declarator")
        if not declarators:
            return self._text(statement.start_byte, statement.end_byte)
        stored = {n: d for n, d in self.made.declarators.items() if n not in self.made.remade}
        if not any(d == known for d in declarators for known in stored.values()):
            return self._text(statement.start_byte, statement.end_byte)
        words = self._text(statement.start_byte, declarators[0].start_byte)
        for declarator in declarators:
            name = next((n for n, d in stored.items() if d == declarator), None)
            if name is None:
                out.append(f"{words} {self._text(declarator.start_byte, declarator.end_byte)};")
                continue
            value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
            if value is None:
                continue
            if value.type == "initializer_list":
                out.append(f"memset(static_cast<void*>(&{name}), 0, sizeof {name});")
            else:
                out.append(f"{name} = {self._text(value.start_byte, value.end_byte)};")
        return " ".join(out)

    def _text(self, start: int, end: int) -> str:
        """The changed text on one line, without comments and directives."""
        kept = [
            " " if p.kind in ("comment", "directive", "newline") else p.text
            for p in pieces(self.edits.part(start, end))
        ]
        return " ".join("".join(kept).split()) if not any('"' in k for k in kept) else "".join(kept).strip()
