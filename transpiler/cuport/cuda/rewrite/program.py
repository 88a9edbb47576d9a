"""What the rewriter knows of a program: its tree, functions, kernels, and which of them threads may wait in."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from tree_sitter import Node

from cuport.cuda.declarations import Definition, read_definitions, read_prototypes, read_types
from cuport.cuda.lexer import names
from cuport.cuda.parse import ancestor, walk
from cuport.cuda.rewrite.loops.spinning import spinning_loops, watching_loops
from cuport.cuda.rewrite.loops.stepping import stepping_reads, stepping_statements
from cuport.cuda.unit import Unit, meanings, plain_name
from cuport.kernel import CType, Kernel, Source

# Operations in which a thread waits for others: a kernel that may reach one needs fibers.
WAITS = re.compile(
    r"\b(?:__sync\w*|__shfl\w*|__ballot\w*|__any\w*|__all\w*|__uni_sync|__activemask|__match_\w+|__reduce_\w+_sync"
    r"|__barrier\w*|__pipeline_\w+|__mbarrier_\w+|__nanosleep"
    r"|cooperative_groups|this_thread_block|this_thread|this_grid|this_cluster|tiled_partition"
    r"|coalesced_threads|binary_partition|labeled_partition|thread_group|thread_block|sync|arrive\w*|wait|cub|wmma|nvcuda"
    r"|mma_sync|asm|__asm|__asm__|acquire|try_acquire|try_wait\w*|producer_\w+|consumer_\w+|memcpy_async)\b"
    # flags and locks that are C++ atomics
    r"|(?:\.|->)\s*(?:load|exchange|compare_exchange_\w+|test_and_set)\s*\("
)
# What a block-wide operation of cub needs, whatever the program calls its type.
_CUB = re.compile(r"\b(?:__shared__|TempStorage|(?:Block|Warp)[A-Z]\w*)\b")


@dataclass(frozen=True)
class KernelHead:
    """A kernel's first declaration (definition or prototype) with the `Kernel` it belongs to."""

    index: int  # in Source.kernels
    kernel: Kernel
    definition: Definition

    @property
    def name(self) -> str:
        """Its name for captures: qualified, or cuport's own for overloads after the first."""
        return self.kernel.python_name if self.overload else self.kernel.qualified

    @property
    def overload(self) -> bool:
        return re.search(r"__\d+$", self.kernel.python_name) is not None and not self.kernel.qualified.endswith(
            self.kernel.python_name[-3:]
        )


class Program:
    def __init__(self, source: Source, *, loops: bool = True) -> None:
        """`loops`: kernels may become loops over their threads (rows, fission); else threads are what they are."""
        self.source = source
        self.loops = loops
        self.unit = Unit(source.path, source.text, source.line_map, {source.path: source.raw})
        types = read_types(self.unit)
        self.definitions = read_definitions(self.unit, types)
        self.prototypes = read_prototypes(self.unit, types)
        self._by_start = {d.node.start_byte: d for d in self.definitions}

    @cached_property
    def kernel_names(self) -> frozenset[str]:
        """Last parts of the names of all kernels, those of other units included."""
        return frozenset(k.name for k in self.source.kernels) | {h.kernel.name for h in self.foreign}

    @cached_property
    def heads(self) -> tuple[KernelHead, ...]:
        """One for each kernel, at its first declaration."""
        every = (*self.definitions, *self.prototypes)
        declared = [d for d in every if d.is_kernel and "<" not in d.spelled and not _is_member(d.node)]
        declared.sort(key=lambda d: d.node.start_byte)
        heads: list[KernelHead] = []
        taken: set[int] = set()
        for index, kernel in enumerate(self.source.kernels):
            for d in declared:
                if d.qualified == kernel.qualified and d.node.start_byte not in taken and _same_shape(d, kernel):
                    taken.update(
                        o.node.start_byte for o in declared if o.qualified == d.qualified and _same_shape(o, kernel)
                    )
                    heads.append(KernelHead(index, kernel, d))
                    break
        return tuple(heads)

    @cached_property
    def foreign(self) -> tuple[KernelHead, ...]:
        """Kernels that are only declared here: another unit of the program defines them."""
        defined = {k.qualified for k in self.source.kernels}
        found: dict[tuple[str, str], KernelHead] = {}
        for d in self.prototypes:
            key = (d.qualified, ", ".join(str(p.ctype) for p in d.params))
            here = d.is_kernel and "<" not in d.spelled and not _is_member(d.node)
            if here and d.qualified not in defined and key not in found:
                index = len(self.source.kernels) + len(found)
                found[key] = KernelHead(index, _declared_kernel(self.unit, d), d)
        return tuple(found.values())

    @cached_property
    def befriended(self) -> frozenset[str]:
        """Names of kernels that are some class's friends: no other function can do what they do."""
        heads = re.findall(r"\bfriend\b([^;{}]*)", self.unit.text)
        return frozenset(n for n in self.kernel_names if any(re.search(rf"\b{n}\s*\(", h) for h in heads))

    @cached_property
    def missing_functions(self) -> frozenset[str]:
        """Qualified names of device functions that are declared here and defined elsewhere."""
        defined = {d.qualified for d in self.definitions}
        return frozenset(p.qualified for p in self.prototypes if "__device__" in p.words) - defined

    def is_device(self, definition: Definition) -> bool:
        """Runs on the device, as its own head or a prototype of it says."""
        return bool(definition.words & {"__device__", "__global__"}) or definition.qualified in self._device_names

    @cached_property
    def _device_names(self) -> frozenset[str]:
        return frozenset(p.qualified for p in self.prototypes if p.words & {"__device__", "__global__"})

    def function_around(self, node: Node) -> Definition | None:
        """The innermost function definition around a node."""
        current = node.parent
        while current is not None:
            if current.start_byte in self._by_start and current.type == "function_definition":
                return self._by_start[current.start_byte]
            current = current.parent
        return None

    def in_device_code(self, node: Node) -> bool:
        """Inside a device function, or inside a lambda marked `__device__`."""
        current: Node | None = node
        while current is not None:
            if current.type == "lambda_expression":
                body = current.child_by_field_name("body")
                head = self.unit.bytes[current.start_byte : body.start_byte if body else current.end_byte]
                if b"__device__" in head:
                    return True
            elif current.type == "function_definition":
                found = self._by_start.get(current.start_byte)
                if found is not None and self.is_device(found):
                    return True
            current = current.parent
        return False

    def waits(self, kernel: Kernel) -> bool:
        """Whether a thread of this kernel may wait for others. Says yes in doubt."""
        if WAITS.search(kernel.text):
            return True
        if self._may_use_cub and _CUB.search(kernel.text + self._device_functions):
            return True
        if self.waits_for_memory(kernel):
            return True
        by_name = {f.qualified: f for f in self.source.functions}
        elsewhere = {name.split("::")[-1] for name in self.missing_functions}
        reached = (kernel.text, *(by_name[c].text for c in kernel.calls if c in by_name))
        if elsewhere and any(names(text) & elsewhere for text in reached):
            return True  # nothing is known of what it does
        open_ended = any(p.kind == "type" for p in kernel.template_params) or "(*" in kernel.text
        for f in self.source.functions:
            if f.device and (open_ended or f.qualified in kernel.calls) and WAITS.search(f.text):
                return True
        if open_ended and any(WAITS.search(t) for t in self._device_lambdas):
            return True
        return any(name not in by_name for name in kernel.calls)

    def waits_for_memory(self, kernel: Kernel) -> bool:
        """Whether a thread may wait for what another one writes."""
        return bool(self._spinning) and not self._spinning.isdisjoint((kernel.qualified, *kernel.calls))

    @cached_property
    def spinning(self) -> list[Node]:
        """Loops of device code in which a thread waits for another."""
        return [n for n in spinning_loops(self.unit) if self.in_device_code(n)]

    @cached_property
    def watching(self) -> list[Node]:
        """Longer loops of device code that may do so."""
        return [n for n in watching_loops(self.unit) if self.in_device_code(n)]

    @cached_property
    def stepping(self) -> list[Node]:
        """Statements in which the lanes of a warp have to keep in step."""
        return [n for n in stepping_statements(self.unit) if self.in_device_code(n)]

    @cached_property
    def stepping_together(self) -> list[Node]:
        """Statements that lanes of a warp have to begin together."""
        return [n for n in stepping_reads(self.unit) if self.in_device_code(n)]

    @cached_property
    def _spinning(self) -> frozenset[str]:
        nodes = (*self.spinning, *self.watching, *self.stepping, *self.stepping_together)
        functions = (self.function_around(n) for n in nodes)
        return frozenset(f.qualified for f in functions if f is not None)

    @cached_property
    def _may_use_cub(self) -> bool:
        return any(header.startswith("cub/") for header in self.source.includes)

    @cached_property
    def _device_functions(self) -> str:
        return "\n".join(f.text for f in self.source.functions if f.device)

    def grid_waits(self, kernel: Kernel) -> bool:
        """Whether a thread of this kernel may wait for other blocks."""
        texts = [kernel.text, *(f.text for f in self.source.functions if f.qualified in kernel.calls)]
        return any(re.search(r"\b(this_grid|grid_group|this_multi_grid)\b", t) for t in texts)

    @cached_property
    def _device_lambdas(self) -> list[str]:
        return [self.unit.text_of(n) for n in walk(self.unit.root) if n.type == "lambda_expression"]

    def resolve_kernel(self, name: str, node: Node) -> KernelHead | None:
        """The kernel a name means at this place, if it means one; of overloads the first."""
        plain = plain_name(name)
        if plain.split("::")[-1] not in self.kernel_names:
            return None
        scope = self.unit.scope(node)
        function = self.function_around(node)
        scope = function.scope if function is not None else scope
        for qualified in meanings(plain, scope):
            for head in (*self.heads, *self.foreign):
                if head.kernel.qualified == qualified:
                    return head
        return next((h for h in (*self.heads, *self.foreign) if h.kernel.name == plain.split("::")[-1]), None)


_MOST_KEPT = 8
_kept: dict[tuple[str, str, str, bool], Program] = {}
_guard = threading.Lock()


def program_of(source: Source, *, loops: bool = True) -> Program:
    """The program of a source; the last few are kept."""
    key = (source.path, source.digest, source.text, loops)
    with _guard:
        if (found := _kept.get(key)) is None:
            found = Program(source, loops=loops)
            while len(_kept) >= _MOST_KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[key] = found
    return found


def _is_member(node: Node) -> bool:
    """Inside a class: a friend's declaration."""
    return ancestor(node, "field_declaration_list") is not None


def _declared_kernel(unit: Unit, d: Definition) -> Kernel:
    """What a prototype alone tells of a kernel."""
    return Kernel(
        name=d.name,
        qualified=d.qualified,
        python_name=d.qualified.replace("::", "__"),
        params=d.params,
        param_names=tuple(p.name for p in d.params),
        template_params=d.template_params,
        launches=(),
        globals=(),
        calls=(),
        reads_grid_dim=False,
        span=unit.span(d.whole),
        text="",
        digest="",
    )


def _same_shape(definition: Definition, kernel: Kernel) -> bool:
    """Whether a declaration is one of this kernel: `const` of what is passed by value makes no difference."""
    mine, its = ([_plain(p.ctype) for p in params] for params in (definition.params, kernel.params))
    return mine == its and len(definition.template_params) == len(kernel.template_params)


def _plain(ctype: CType) -> str:
    return str(replace(ctype, const=ctype.const and ctype.pointer > 0))


def children_of_type(node: Node, *types: str) -> Iterator[Node]:
    return (c for c in node.children if c.type in types)
