"""What is being built while a kernel is lowered: statements, variables, memories, scopes; and how lowering gives up."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Source
from cuport.translators.rules import build, ir, walk
from cuport.translators.rules.lowering.declare import Unit
from cuport.translators.rules.lowering.values import (
    Agg,
    Binding,
    ChoiceRoot,
    Frame,
    Items,
    Ptr,
    Root,
    Value,
    dtype_of,
)


class Unsupported(Exception):
    """A construct that has no lowering. `code` is the part behind `unsupported.`."""

    def __init__(self, code: str, message: str, node: Node | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.node = node
        self.hint = hint

    def diagnostic(self, source: Source, fallback: Node | None = None) -> Diagnostic:
        """With the span in the user's own file."""
        node = self.node or fallback
        span = None
        if node is not None:
            path, line = source.original(node.start_point.row + 1)
            same = node.end_point.row == node.start_point.row
            column = node.start_point.column + 1
            span = Span(path, line, column, line, node.end_point.column + 1 if same else column)
        return Diagnostic(f"unsupported.{self.code}", self.message, span, self.hint)


@dataclass(frozen=True)
class Overrides:
    """What an earlier lowering of the same kernel has learned.

    dtypes: for memories that are used through casts. roots: for pointer variables (by the byte where their declarator
    starts) that are given different arrays.
    """

    dtypes: dict[str, str] = field(default_factory=dict)
    roots: dict[int, tuple[Root, ...]] = field(default_factory=dict)


class Relower(Exception):
    """Something was learned that earlier statements depend on; `Overrides` has it."""


class Context:
    """State and the smallest operations on it."""

    def __init__(self, source: Source, unit: Unit, overrides: Overrides) -> None:
        self.source = source
        self.unit = unit
        self.overrides = overrides
        self.out: list[ir.Stmt] = []
        self.frames: list[Frame] = []
        self.variables: dict[str, str] = {}
        self.memories: dict[str, ir.Memory] = {}
        self.scalars: dict[str, ir.ScalarParam] = {}
        self.taken: set[str] = set()
        self.notes: list[Diagnostic] = []
        self.views: dict[str, set[str]] = {}  # memory -> dtypes it was accessed as
        self.line = 0
        self.lines = source.text.count("\n") + 1  # what stands behind them is header text
        self.labels = 0

    # ------------------------------------------------------------- diagnostics

    def note(self, code: str, message: str, node: Node) -> None:
        """Say once that something was left out."""
        found = Unsupported(code, message, node).diagnostic(self.source)
        found = replace(found, code=f"rules.{code}", severity="note")
        if all((n.code, n.span) != (found.code, found.span) for n in self.notes):
            self.notes.append(found)

    def in_source(self, node: Node) -> bool:
        """Whether a node stands in the user's text, not in that of a header."""
        return node.start_point.row < self.lines

    # ------------------------------------------------------------------- names

    def unique(self, name: str) -> str:
        """A name that nothing else has, starting from the CUDA's; Python keywords get a trailing underscore."""
        base = "".join(c if c.isalnum() or c == "_" else "_" for c in name) or "v"
        if not (base[0].isalpha() or base[0] == "_"):
            base = f"v{base}"
        if keyword.iskeyword(base):
            base += "_"
        candidate, k = base, 1
        while candidate in self.taken:
            candidate, k = f"{base}_{k}", k + 1
        self.taken.add(candidate)
        return candidate

    def variable(self, name: str, dtype: str) -> ir.Var:
        """A new variable."""
        unique = self.unique(name)
        self.variables[unique] = dtype
        return ir.Var(unique, dtype)

    def memory(self, memory: ir.Memory) -> ir.Memory:
        self.memories[memory.name] = memory
        return memory

    def label(self, kind: str) -> str:
        self.labels += 1
        return f"{kind}{self.labels}"

    # ------------------------------------------------------------------ scopes

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @contextmanager
    def scope(self) -> Iterator[None]:
        """A block scope."""
        self.frame.scopes.append({})
        try:
            yield
        finally:
            self.frame.scopes.pop()

    def bind(self, name: str, binding: Binding) -> None:
        self.frame.scopes[-1][name] = binding

    def lookup(self, name: str) -> Binding | None:
        """A local name: innermost scope first."""
        for scope in reversed(self.frame.scopes):
            if name in scope:
                return scope[name]
        return None

    # -------------------------------------------------------------- statements

    def emit(self, statement: ir.Stmt) -> None:
        self.out.append(statement)

    def assign(self, name: str, value: ir.Expr) -> None:
        if not (isinstance(value, ir.Var) and value.name == name):
            self.emit(ir.Assign(name, value, self.line))

    def temp(self, value: ir.Expr, name: str = "t_") -> ir.Expr:
        """The value in a new variable; a literal, parameter or thread index is its own."""
        if isinstance(value, ir.Const | ir.Param | ir.Index | ir.IsNull):
            return value
        var = self.variable(name, value.dtype)
        self.assign(var.name, value)
        return var

    @contextmanager
    def capture(self) -> Iterator[list[ir.Stmt]]:
        """Collect the statements that are emitted inside."""
        outer = self.out
        inner: list[ir.Stmt] = []
        self.out = inner
        try:
            yield inner
        finally:
            self.out = outer

    def operands(self, thunks: Sequence[Callable[[], Value]]) -> list[Value]:
        """Lower operands left to right; one whose value a later operand's side effects disturb is kept in a temporary.

        (Where C++ leaves the order open, left to right is one legal choice.)
        """
        found: list[Value] = []
        marks: list[int] = []
        for thunk in thunks:
            found.append(thunk())
            marks.append(len(self.out))
        for i in reversed(range(len(found) - 1)):
            later = tuple(self.out[marks[i] :])
            if later:
                tail = self.out[marks[i] :]
                del self.out[marks[i] :]
                found[i] = self._keep(found[i], later)
                self.out += tail
        return found

    def _keep(self, value: Value, later: ir.Block) -> Value:
        if isinstance(value, Agg):
            return Agg(value.record, tuple(self._keep(p, later) for p in value.parts))
        if isinstance(value, Items):
            return Items(value.element, tuple(self._keep(p, later) for p in value.values))
        if isinstance(value, Ptr):
            root, offset = value.root, value.offset
            if isinstance(root, ChoiceRoot):
                selector = self.temp(ir.Var(root.selector, "int32"))
                assert isinstance(selector, ir.Var)
                root = ChoiceRoot(selector.name, root.options)
            return replace(value, root=root, offset=self.temp(offset) if walk.disturbs(later, offset) else offset)
        if dtype_of(value) is None:
            return value
        scalar: ir.Expr = value  # type: ignore[assignment]
        return self.temp(scalar) if walk.disturbs(later, scalar) else scalar

    def guarded(self, cond: ir.Expr, value: ir.Expr) -> ir.Expr:
        """`value` where its loads happen only if `cond` holds."""

        def mask(e: ir.Expr) -> ir.Expr:
            if isinstance(e, ir.Load):
                return replace(e, mask=cond if e.mask is None else build.both(cond, e.mask))
            return e

        return walk.map_expr(value, mask)
