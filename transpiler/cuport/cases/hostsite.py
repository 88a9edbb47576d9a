"""One launch in the host's code: what its words say in terms of the kernel's parameters.

Names are followed to what they were set to, out of a function that only passes its own parameters on into its callers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tree_sitter import Node

from cuport.cases.cexpressions import read_c
from cuport.cases.expressions import Bin, Expr, Num, Var, names_in, simplify
from cuport.cuda.launches import strip_casts
from cuport.cuda.unit import split_arguments
from cuport.kernel import Kernel, LaunchSite

if TYPE_CHECKING:
    from cuport.cases.hosttext import HostText

_DEPTH = 8
_MOST_CALLERS = 6


@dataclass(frozen=True, eq=False)
class _Scope:
    """A function and what its words stand for. `calls`: the arguments that lead from here into the inner scope."""

    function: Node | None
    given: Mapping[str, str]  # an argument's words -> the parameter's name
    extents: Mapping[str, Mapping[str, str]]
    passed: Mapping[str, str]  # the inner function's parameter -> the argument's words


class Site:
    """One launch: its arguments' words and what they stand for."""

    def __init__(self, host: HostText, kernel: Kernel, site: LaunchSite) -> None:
        self._host = host
        self._function = host.function_of(site)
        self._given: dict[str, str] = {}  # an argument's words -> the parameter's name
        self._arguments: dict[str, Expr] = {}
        for param, text in zip(kernel.params, site.args, strict=False):
            if param.is_pointer:
                continue
            text = _bare(text)
            self._given.setdefault(text, param.name)
            expr = read_c(text)
            if expr is not None:
                self._arguments[param.name] = expr
        for index, text in enumerate(site.template_args):
            if index < len(kernel.template_params) and kernel.template_params[index].kind == "value":
                self._given.setdefault(_bare(text), kernel.template_params[index].name)
        # `threads.x` after `dim3 threads(...)`, `threads` after `int threads = ...`, as the launch names its extents
        self._members(kernel, site)
        self._extents: dict[str, dict[str, str]] = {
            word: {f"{text}.{a}": f"{word}.{a}" for a in "xyz"} | {text: f"{word}.x"}
            for word, text in (("block", site.block), ("grid", site.grid))
            if re.fullmatch(r"[A-Za-z_]\w*", text) and text not in self._given
        }
        own = _Scope(self._function, self._given, self._extents, {})
        self._scopes = [own, *self._callers(own, 2)]
        for axis, part in zip("xyz", self._dim3(site.block, 0) or [] if site.block else [], strict=False):
            number = all(isinstance(e, Num) for e in self.scalar(part))
            if _bare(part) not in self._given and not number:  # `ceil(n / (threads / 16))` beside a block's y
                self._extents.setdefault("block", {}).setdefault(_bare(part), f"block.{axis}")

    def _members(self, kernel: Kernel, site: LaunchSite) -> None:
        """What the members of a struct that is given by value were set to: `p.rows = m;`, `Params p = {m, n};`."""
        bound = self._host.bindings(self._function)
        for param, text in zip(kernel.params, site.args, strict=False):
            if param.is_pointer or not param.ctype.struct or not re.fullmatch(r"\w+", text):
                continue
            members = {n[len(text) + 1 :]: v for n, v in bound.items() if n.startswith(f"{text}.")}
            whole = bound.get(text, [])
            if len(whole) == 1 and whole[0][:1] == "{":
                listed = split_arguments(whole[0][1:-1])
                members |= {f: [w] for f, w in zip(self._host.fields(param.ctype.struct), listed, strict=False)}
            for member, values in members.items():
                expr = read_c(values[0]) if len(set(values)) == 1 else None
                if expr is None:
                    continue
                self._arguments[f"{param.name}.{member}"] = expr
                if not isinstance(expr, Num):
                    self._given.setdefault(str(expr), f"{param.name}.{member}")

    def _callers(self, inner: _Scope, depth: int) -> list[_Scope]:
        """The scopes that call this one, with the words that the kernel's arguments have there."""
        names = self._host.parameters(inner.function) if depth else []
        found: list[_Scope] = []
        for arguments, caller in self._host.calls_of(inner.function)[:_MOST_CALLERS] if names else ():
            passed = {n: a for n, a in zip(names, arguments, strict=False) if n}
            exprs = {n: e for n, a in passed.items() if (e := read_c(a)) is not None}
            given: dict[str, str] = {}
            for text, name in inner.given.items():
                expr = _put(read_c(text), exprs)
                if expr is not None and names_in(expr):
                    given.setdefault(str(expr), name)
            extents = {
                word: {
                    str(e): name for text, name in texts.items() if (e := exprs.get(text)) is not None and names_in(e)
                }
                for word, texts in inner.extents.items()
            }
            scope = _Scope(caller, given, extents, passed)
            found += [scope, *self._callers(scope, depth - 1)]
        return found

    def scalar(self, text: str, *extents: str) -> list[Expr]:
        """An expression's readings; names of the launch's own extents ("block", "grid") are known where asked for."""
        expr = self._host.read(text) if text else None
        return self._in_parameters(expr, extents=extents) if expr is not None else []

    def extent(self, text: str, *extents: str) -> list[list[Expr]]:
        """The three extents of a grid or block."""
        parts = self._dim3(text, 0) if text else None
        if parts is None:
            return [[], [], []]
        filled = [*parts, "1", "1", "1"][:3]
        return [self.scalar(part, *extents) for part in filled]

    def _dim3(self, text: str, depth: int) -> list[str] | None:
        text = text.strip()
        found = re.fullmatch(r"(?:dim3|uint3)?\s*[({](.*)[)}]", text, re.DOTALL)
        if found and (text[:1] in "({" or text.startswith(("dim3", "uint3"))):
            parts = split_arguments(found[1])
            if len(parts) > 1 or text[:1] != "(":
                return list(parts)
        if re.fullmatch(r"\w+", text) and not text.isdigit() and depth < _DEPTH:
            for scope in (self._function, None):
                bound = self._host.bindings(scope)
                values = bound.get(text)
                if any(f"{text}.{a}" in bound for a in "xyz"):  # `block.x = 32;`
                    first = list(split_arguments(values[-1].strip("(){}"))) if values else []
                    filled = [*first, "1", "1", "1"][:3]
                    return [bound.get(f"{text}.{a}", [v])[-1] for a, v in zip("xyz", filled, strict=True)]
                if values:
                    value = values[-1]
                    if value.startswith("(") and value.endswith(")") and len(split_arguments(value[1:-1])) == 1:
                        value = value[1:-1]
                    inner = self._dim3(value, depth + 1)
                    return [text] if inner is None or inner == [value] else inner
        return [text]

    def _component(self, name: str, axis: int, function: Node | None) -> Expr | None:
        """`dims.y` of `dim3 dims(64, 96);`"""
        for scope in (function, None):
            values = set(self._host.bindings(scope).get(name, []))
            if len(values) == 1:
                found = re.fullmatch(r"(?:dim3|uint3|make_\w+)?\s*[({](.*)[)}]", values.pop(), re.DOTALL)
                parts = split_arguments(found[1]) if found else ()
                return self._host.read([*parts, "1", "1", "1"][axis]) if parts else None
        return None

    def ties(self) -> dict[str, list[Expr]]:
        """Parameters whose argument is made of other parameters' arguments."""
        found: dict[str, list[Expr]] = {}
        for name, expr in self._arguments.items():
            options = [
                e
                for e in self._in_parameters(expr, without=name)
                if names_in(e) and name not in names_in(e) and self._all_parameters(e)
            ]
            if options:
                found[name] = options
        return found

    def words(self) -> dict[str, str]:
        """Parameters that are given a plain variable, followed through variables that only copy another."""
        found = {}
        for name, expr in self._arguments.items():
            for _ in range(_DEPTH):
                if not isinstance(expr, Var):
                    break
                values = set(self._host.bindings(self._function).get(expr.name, []))
                copied = self._host.read(next(iter(values))) if len(values) == 1 else None
                if not isinstance(copied, Var):
                    found[name] = expr.name
                    break
                expr = copied
        return found

    def same(self) -> list[frozenset[str]]:
        """Groups of parameters given the same words, numbers left out."""
        by_text: dict[str, set[str]] = defaultdict(set)
        for name, expr in self._arguments.items():
            if names_in(expr):
                by_text[str(expr)].add(name)
        return [frozenset(g) for g in by_text.values() if len(g) > 1]

    def allocation(self, argument: str) -> list[tuple[bool, Expr]]:
        """(counts bytes, size) for the allocations behind a pointer argument, here and in the callers."""
        found: list[tuple[bool, Expr]] = []
        name = _pointer_name(argument)
        names = {id(self._scopes[0]): name}
        previous = [self._scopes[0]]
        for scope in self._scopes:
            if scope is not self._scopes[0]:
                inner = next((names[id(p)] for p in reversed(previous) if names[id(p)] in scope.passed), "")
                names[id(scope)] = _pointer_name(scope.passed[inner]) if inner else ""
                previous.append(scope)
            if not names[id(scope)]:
                continue
            for counts_bytes, size, function in self._host.allocation(names[id(scope)], scope.function):
                expr = self._host.read(size)
                if expr is not None:
                    here = next((s for s in self._scopes if function is not None and s.function == function), scope)
                    found += [(counts_bytes, e) for e in self._in_parameters(expr, function=function, scope=here)]
        return list(dict.fromkeys(found))

    def _all_parameters(self, expr: Expr) -> bool:
        known = set(self._given.values())
        return all(n in known or n.split(".")[0].split("[")[0] in known for n in names_in(expr))

    def _in_parameters(
        self,
        expr: Expr,
        *,
        without: str = "",
        function: Node | None = None,
        extents: tuple[str, ...] = (),
        scope: _Scope | None = None,
    ) -> list[Expr]:
        """The expression over parameter names, the shallowest reading first: names are followed only as far as needed,
        then all the way down; numbers that an argument repeats are read as that argument as well."""
        where = scope or self._scopes[0]
        given: dict[str, str] = {}
        if scope is not None and (function is None or function == scope.function):
            extents = ("block", "grid")
        for word in extents:
            given |= where.extents.get(word, {})
        given |= {text: name for text, name in where.given.items() if name != without}
        found: list[Expr] = []
        expanded = self._expand(expr, given, function or where.function, 0)
        for candidate in (simplify(expanded), simplify(_numbers_as_parameters(expanded, given))):
            if candidate not in found:
                found.append(candidate)
        return found

    def _expand(self, expr: Expr, given: dict[str, str], function: Node | None, depth: int) -> Expr:
        text = str(expr)
        if text in given and not isinstance(expr, Num):
            return Var(given[text])
        match expr:
            case Var(name):
                head, dot, rest = name.partition(".")
                if dot and head in given:
                    return Var(f"{given[head]}.{rest}")
                if rest in ("x", "y", "z") and depth < _DEPTH:
                    part = self._component(head, "xyz".index(rest), function)
                    if part is not None:
                        return self._expand(part, given, function, depth + 1)
                if depth < _DEPTH:
                    for scope in (function, None):
                        values = self._host.bindings(scope).get(name, [])
                        if len(set(values)) == 1:
                            value = values[0]
                            inner = self._host.read(f"({value[1:-1]})" if value[:1] == "{" else value)
                            if inner is not None and name not in names_in(inner):
                                return self._expand(inner, given, function, depth + 1)
                return expr
            case Bin(op, left, right):
                whole, factors = _as_given(expr, given) if op == "*" else (None, [])
                if whole is not None:
                    for factor in factors:
                        whole = Bin(op, whole, self._expand(factor, given, function, depth))
                    return whole
                return Bin(op, self._expand(left, given, function, depth), self._expand(right, given, function, depth))
            case _:
                return expr


def _numbers_as_parameters(expr: Expr, given: dict[str, str]) -> Expr:
    """Macros are expanded, so an argument `N` reads `1000`: a 1000 elsewhere in the expression is that argument."""
    if isinstance(expr, Num) and expr.value > 4 and str(expr.value) in given:
        return Var(given[str(expr.value)])
    if isinstance(expr, Bin):
        return Bin(expr.op, _numbers_as_parameters(expr.left, given), _numbers_as_parameters(expr.right, given))
    return expr


def _put(expr: Expr | None, values: Mapping[str, Expr]) -> Expr | None:
    """The expression with names replaced; None where there is none."""
    match expr:
        case Var(name):
            return values.get(name, expr)
        case Bin(op, left, right):
            a, b = _put(left, values), _put(right, values)
            return Bin(op, a, b) if a is not None and b is not None else None
    return expr


def _as_given(product: Expr, given: Mapping[str, str]) -> tuple[Expr | None, list[Expr]]:
    """`b * h * t * t` where an argument reads `h * t * b`: that parameter, and the factors that are left."""
    factors = _factors(product)
    for text, name in given.items():
        wanted = _factors(read_c(text)) if "*" in text else []
        if not 1 < len(wanted) < len(factors):
            continue
        left = list(factors)
        for factor in wanted:
            if factor in left:
                left.remove(factor)
        if len(left) + len(wanted) == len(factors):
            return Var(name), left
    return None, []


def _factors(expr: Expr | None) -> list[Expr]:
    if isinstance(expr, Bin) and expr.op == "*":
        return [*_factors(expr.left), *_factors(expr.right)]
    return [expr] if expr is not None else []


def _bare(text: str) -> str:
    expr = read_c(text)
    return str(expr) if expr is not None else " ".join(text.split())


def _pointer_name(argument: str) -> str:
    """The variable that a pointer argument comes from: `d_x + n`, `(float4 *)d_x`, `buffer.get()`, `&d_x[3]`."""
    text = strip_casts(argument)
    text = re.sub(r"\.\s*(get|data|begin|ptr|device\w*)\s*\(\s*\)", "", text)
    text = re.sub(r"thrust::raw_pointer_cast\s*\(|&", "", text)
    found = re.match(r"[\s(*]*([A-Za-z_]\w*(?:(?:\.|->)\w+)*)", text)
    return found[1] if found else text
