"""What the targets' screens have in common: a policy and a walk over the port's syntax tree.

A screen gives good errors early. It is advisory for trust: the wall is the sandbox, and no verdict rests on a screen.
So it forbids what no honest port needs (files, processes, reflection, patched libraries, fallbacks, hidden state), and
it does not try to prove anything.

A target builds one `ScreenPolicy`, calls `screen(code, kernels, policy)`, and adds its own checks on `Names`, which
resolves `jnp.dot` to `jax.numpy.dot` through the file's imports.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cuport.diagnostic import Diagnostic, Span
from cuport.kernel import Kernel
from cuport.sandbox.call import ContractViolation
from cuport.sandbox.contract import contract_of

COMMON_IMPORTS = frozenset({"__future__", "typing", "math", "functools"})

# Reflection, input and output, and code made at run time. Never, whatever they were bound to.
FORBIDDEN_NAMES = frozenset(
    {"open", "eval", "exec", "compile", "globals", "locals", "getattr", "setattr", "delattr", "hasattr", "breakpoint"}
)
# The same, but they are also good names for a kernel's parameters (`input`, `id`), so a port may bind and use them.
# `id` and `hash` serve caches keyed by pointer or fingerprint.
FORBIDDEN_BUILTINS = frozenset(
    {"input", "id", "hash", "dir", "vars", "print", "help", "exit", "quit", "memoryview", "super", "property"}
)
# A frame, a code object or a garbage-collector handle leads out of the port.
FORBIDDEN_ATTRIBUTES = frozenset(
    {"f_back", "f_builtins", "f_code", "f_globals", "f_locals", "gi_frame", "gi_code", "cr_frame", "cr_code"}
    | {"ag_frame", "ag_code", "tb_frame", "tb_next", "func_globals", "func_code", "co_code", "co_consts"}
    | {"ctypes", "ctypeslib", "tofile", "fromfile", "memmap"}
)
ALLOWED_DUNDERS = frozenset({"__name__", "__doc__", "__all__"})
MAX_CODE = 1_000_000  # characters


@dataclass(frozen=True)
class ScreenPolicy:
    """What one target's ports may do.

    `imports`: modules a port may import, each with its submodules. `only`: for a module (dotted, as imported) the
    names that may be used of it. `forbidden`: dotted names, each with everything below it. `attributes`: attribute
    names forbidden on anything, for names that an alias could carry past `forbidden`. `module_calls`: dotted names that
    may be called as a bare statement at module level.
    """

    imports: frozenset[str]
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    forbidden: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    module_calls: frozenset[str] = frozenset()


class Names:
    """Local names bound to modules and their members, so that a chain resolves to one dotted name."""

    def __init__(self, module: ast.Module) -> None:
        self.bound: dict[str, str] = {}
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self.bound[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self.bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for node in ast.walk(module):  # `jnp = jax.numpy` is an import in other words
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute | ast.Name):
                dotted = self.dotted(node.value)
                for target in node.targets:
                    if dotted and isinstance(target, ast.Name):
                        self.bound.setdefault(target.id, dotted)

    def dotted(self, node: ast.AST) -> str | None:
        """`jnp.linalg.norm` -> "jax.numpy.linalg.norm"; None where the chain does not start at an import."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.bound:
            return None
        return ".".join([self.bound[node.id], *reversed(parts)])


def under(name: str, prefixes: frozenset[str]) -> bool:
    """Whether a dotted name is one of these or lies below one."""
    parts = name.split(".")
    return any(".".join(parts[:i]) in prefixes for i in range(1, len(parts) + 1))


def parse_port(code: str) -> ast.Module | Diagnostic:
    """The port's syntax tree, or the one diagnostic that says why there is none."""
    if len(code) > MAX_CODE:
        return Diagnostic("screen.size", f"the port has {len(code)} characters; the limit is {MAX_CODE}")
    try:
        return ast.parse(code)
    except SyntaxError as error:
        span = Span("", error.lineno or 1, error.offset or 1)
        return Diagnostic("screen.syntax", f"the port is not valid Python: {error.msg}", span)
    except (ValueError, RecursionError, MemoryError) as error:
        return Diagnostic("screen.syntax", f"the port cannot be parsed as Python: {type(error).__name__}")


def screen(
    code: str, kernels: Sequence[Kernel], policy: ScreenPolicy, *, path: str = ""
) -> tuple[ast.Module | None, Names | None, list[Diagnostic]]:
    """Parse a port and check policy and contract; the tree and names are for the target's own checks.

    Diagnostics come in the order of their lines. `path` only labels the spans.
    """
    module = parse_port(code)
    if isinstance(module, Diagnostic):
        return None, None, [module]
    names = Names(module)
    found = [*_policy(module, names, policy), *contract(module, kernels)]
    if path:
        found = [
            Diagnostic(
                d.code, d.message, Span(path, d.span.line, d.span.column) if d.span else None, d.hint, d.severity
            )
            for d in found
        ]
    return module, names, sorted(found, key=lambda d: d.span or Span("", 0))


def problem(node: ast.AST, code: str, message: str, hint: str = "") -> Diagnostic:
    """A diagnostic that stands at a node."""
    return Diagnostic(code, message, Span("", getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1), hint)


# ---------------------------------------------------------------------------------------------------------- policy


def _policy(module: ast.Module, names: Names, policy: ScreenPolicy) -> Iterator[Diagnostic]:
    bound = {n.id for n in ast.walk(module) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in ast.walk(module) if isinstance(n, ast.arg)}
    unfit = FORBIDDEN_NAMES | policy.names | (FORBIDDEN_BUILTINS - bound)
    for node in ast.walk(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _import(node, policy)
        elif isinstance(node, ast.Name):
            yield from _name(node, unfit)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node, names, policy)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.arg):
            yield from _dunder(node, node.arg if isinstance(node, ast.arg) else node.name)
            if isinstance(node, ast.ClassDef):
                yield from _class(node, names)
        elif isinstance(node, ast.Try | ast.TryStar):
            yield problem(
                node, "screen.fallback", "a port may not catch exceptions", "remove the try; compute one way only"
            )
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield problem(node, "screen.state", "a port may not keep state between calls", "return values instead")
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield problem(node, "screen.forbidden", "a port may not be asynchronous")
        if isinstance(node, ast.Name | ast.Attribute):
            yield from _member(node, names, policy)
    for statement in module.body:
        yield from _top_level(statement, names, policy)


def _import(node: ast.Import | ast.ImportFrom, policy: ScreenPolicy) -> Iterator[Diagnostic]:
    allowed = policy.imports | COMMON_IMPORTS
    hint = "a port may import " + ", ".join(sorted(allowed - {"__future__"}))
    if isinstance(node, ast.Import):
        wanted = [alias.name for alias in node.names]
    else:
        if node.level or not node.module:
            yield problem(node, "screen.import", "a port is one file: no relative import", hint)
            return
        wanted = [node.module]
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            if alias.name == "*":
                yield problem(node, "screen.import", f"`from {node.module} import *` hides what is used", hint)
            elif alias.name.startswith("_") and node.module != "__future__":
                yield problem(node, "screen.import", f"`{full}` is private", hint)
            elif under(full, policy.forbidden) or alias.name in policy.attributes:
                yield problem(node, "screen.forbidden", f"`{full}` is not for ports")
    for name in wanted:
        private = any(part.startswith("_") for part in name.split(".")) and name != "__future__"
        if private or not under(name, allowed):
            yield problem(node, "screen.import", f"`{name}` may not be imported", hint)
        elif under(name, policy.forbidden):
            yield problem(node, "screen.forbidden", f"`{name}` is not for ports")


def _name(node: ast.Name, unfit: frozenset[str]) -> Iterator[Diagnostic]:
    if isinstance(node.ctx, ast.Load) and node.id in unfit:
        yield problem(node, "screen.forbidden", f"`{node.id}` is not for ports")
    yield from _dunder(node, node.id)


def _dunder(node: ast.AST, name: str) -> Iterator[Diagnostic]:
    if name.startswith("__") and name.endswith("__") and len(name) > 4 and name not in ALLOWED_DUNDERS:
        yield problem(node, "screen.forbidden", f"`{name}` is not for ports")


def _attribute(node: ast.Attribute, names: Names, policy: ScreenPolicy) -> Iterator[Diagnostic]:
    name = node.attr
    if name.startswith("_") and name not in ALLOWED_DUNDERS:
        yield problem(node, "screen.forbidden", f"the private attribute `.{name}` is not for ports")
    elif name in FORBIDDEN_ATTRIBUTES | policy.attributes:
        yield problem(node, "screen.forbidden", f"the attribute `.{name}` is not for ports")
    if isinstance(node.ctx, ast.Store | ast.Del) and names.dotted(node.value) is not None:
        where = names.dotted(node.value)
        yield problem(node, "screen.patch", f"a port may not change `{where}.{name}`")


def _member(node: ast.Name | ast.Attribute, names: Names, policy: ScreenPolicy) -> Iterator[Diagnostic]:
    dotted = names.dotted(node)
    if dotted is None:
        return
    if under(dotted, policy.forbidden) and not (
        isinstance(node, ast.Attribute) and _inner_is_forbidden(node, names, policy)
    ):
        yield problem(node, "screen.forbidden", f"`{dotted}` is not for ports")
    for prefix, allowed in policy.only.items():
        if dotted.startswith(prefix + "."):
            first = dotted[len(prefix) + 1 :].partition(".")[0]
            # Report once, at the node that names the member itself.
            if dotted == f"{prefix}.{first}" and first not in allowed:
                some = ", ".join(sorted(allowed)[:12])
                yield problem(node, "screen.forbidden", f"`{dotted}` is not for ports", f"allowed of {prefix}: {some}")


def _inner_is_forbidden(node: ast.Attribute, names: Names, policy: ScreenPolicy) -> bool:
    inner = names.dotted(node.value)
    return inner is not None and under(inner, policy.forbidden)


def _class(node: ast.ClassDef, names: Names) -> Iterator[Diagnostic]:
    plain = {"typing.NamedTuple"}
    if node.keywords or any(names.dotted(base) not in plain for base in node.bases):
        yield problem(node, "screen.class", f"class `{node.name}` may derive from typing.NamedTuple only")


def _top_level(node: ast.stmt, names: Names, policy: ScreenPolicy) -> Iterator[Diagnostic]:
    """A module defines things; work done at import is work outside the contract."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Pass):
        return
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return
    if isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Constant):
            return
        if isinstance(node.value, ast.Call) and names.dotted(node.value.func) in policy.module_calls:
            return
    if isinstance(node, ast.If) and _is_main_guard(node.test):
        return
    yield problem(
        node, "screen.module-level", "only imports, constants, functions and classes may stand at module level"
    )


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


# -------------------------------------------------------------------------------------------------------- contract


def contract(module: ast.Module, kernels: Sequence[Kernel]) -> Iterator[Diagnostic]:
    """Whether each kernel's function is there and can be called as the translation-file contract says."""
    defined = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    for kernel in kernels:
        wanted = contract_of(kernel)
        function = defined.get(wanted.function)
        if function is None:
            yield Diagnostic(
                "screen.missing-function",
                f"the port does not define `{wanted.function}` at module level",
                Span("", 1),
                f"write `{wanted.def_line}`; `cuport inspect` prints the exact line",
            )
            continue
        try:
            wanted.check(_parameters(function))
        except ContractViolation as violation:
            yield problem(function, "screen.signature", str(violation))


def _parameters(function: ast.FunctionDef) -> list[inspect.Parameter]:
    """What `inspect.signature` would say, without running the port."""
    kinds, a = inspect.Parameter, function.args
    plain = [*a.posonlyargs, *a.args]
    first_default = len(plain) - len(a.defaults)
    found = []
    for i, arg in enumerate(plain):
        kind = kinds.POSITIONAL_ONLY if i < len(a.posonlyargs) else kinds.POSITIONAL_OR_KEYWORD
        found.append(kinds(arg.arg, kind, default=None if i >= first_default else kinds.empty))
    if a.vararg:
        found.append(kinds(a.vararg.arg, kinds.VAR_POSITIONAL))
    for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        found.append(kinds(arg.arg, kinds.KEYWORD_ONLY, default=kinds.empty if default is None else None))
    if a.kwarg:
        found.append(kinds(a.kwarg.arg, kinds.VAR_KEYWORD))
    return found
