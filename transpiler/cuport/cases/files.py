"""Case files: NAME.cases.toml beside NAME.cu says how a kernel may be launched. The format: docs/cases.md.

Reading is strict: an unknown key, a name that is no parameter or an expression that is none is a diagnostic with its
line, so that a typing error never quietly changes what is judged.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias

from cuport.case import Dim3
from cuport.cases.expressions import Bin, Expr, NotAnExpression, Num, Var, names_in, parse_expression
from cuport.cases.facts import AXES
from cuport.cases.parameters import Parameters
from cuport.diagnostic import CuportError, Diagnostic, Span
from cuport.kernel import Kernel, Source

Kind = Literal["normal", "uniform", "integers", "index", "sorted", "permutation", "constant", "output", "bool"]
KINDS: tuple[Kind, ...] = (
    "normal",
    "uniform",
    "integers",
    "index",
    "sorted",
    "permutation",
    "constant",
    "output",
    "bool",
)
KEYS = ("sizes", "lengths", "grid", "grids", "block", "blocks", "shared", "require", "templates", "values")
_RULE_KEYS = ("kind", "min", "max", "mean", "scale", "below", "value")
_RANGE = re.compile(r"(\d+)\s*\.\.\s*(\d+)")
Template: TypeAlias = Mapping[str, str | int | bool]


@dataclass(frozen=True)
class Rule:
    """What a buffer or scalar holds. `choices`: for a scalar, one of these."""

    kind: Kind = "normal"
    low: float | None = None
    high: float | None = None
    mean: float = 0.0
    scale: float = 1.0
    below: str = ""
    value: float = 0.0
    choices: tuple[float | int | bool, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One kernel's part of a case file. Free axes of grid and block are None; `blocks` and `grids` are what to try."""

    kernel: str
    path: str
    line: int
    sizes: Mapping[str, tuple[int, ...]]
    lengths: Mapping[str, Expr]
    absent: frozenset[str]  # pointers that are nullptr
    grid: tuple[Expr, ...]
    block: tuple[Expr, ...]
    shared: Expr
    require: tuple[Expr, ...]
    templates: tuple[Template, ...] = ({},)
    values: Mapping[str, Rule] = field(default_factory=dict)
    blocks: tuple[Dim3, ...] = ()
    grids: tuple[Dim3, ...] = ()


def case_file(source: Source) -> Path:
    return Path(source.path).with_suffix(".cases.toml")


def entry_for(source: Source, kernel: Kernel) -> Entry | None:
    """The kernel's part of the source's case file; None if there is none. Raises CuportError (`cases.*`).

    A kernel is named by its Python name or its qualified name.
    """
    path = case_file(source)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CuportError(
            Diagnostic("cases.unreadable", f"cannot read the case file: {error}", Span(str(path), 1))
        ) from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        span = Span(str(path), int(found[1]) if found else 1)
        raise CuportError(Diagnostic("cases.syntax", f"no valid TOML: {error}", span)) from None
    known = {k.python_name for k in source.kernels} | {k.qualified for k in source.kernels}
    for name in content:
        if name not in known:
            line = _line(text, name)
            raise CuportError(
                Diagnostic(
                    "cases.unknown-kernel",
                    f"`{name}` is no kernel of {Path(source.path).name}",
                    Span(str(path), line),
                    f"its kernels: {', '.join(sorted(k.python_name for k in source.kernels))}",
                )
            )
    for name in (kernel.python_name, kernel.qualified):
        if isinstance(content.get(name), dict):
            return _Reader(source, kernel, str(path), text, name, content[name]).entry()
    return None


def _line(text: str, key: str, after: int = 0) -> int:
    """The line that a key or table header stands on."""
    pattern = re.compile(rf"""(?<![\w-])["']?{re.escape(key)}["']?\s*(?:=|\]|\.)""")
    for number, line in enumerate(text.splitlines(), 1):
        if number > after and pattern.search(line.split("#")[0]):
            return number
    return max(after, 1)


class _Reader:
    def __init__(
        self, source: Source, kernel: Kernel, path: str, text: str, name: str, table: Mapping[str, Any]
    ) -> None:
        self.source, self.kernel, self.path, self.text, self.table = source, kernel, path, text, table
        self.start = self.after = _line(text, name)
        self.parameters = Parameters(source, kernel)

    def wrong(self, key: str, message: str, hint: str = "", code: str = "cases.invalid") -> NoReturn:
        span = Span(self.path, _line(self.text, key, self.after - 1))
        raise CuportError(Diagnostic(code, message, span, hint))

    def entry(self) -> Entry:
        for key in self.table:
            if key not in KEYS:
                self.wrong(key, f"unknown key `{key}`", f"known keys: {', '.join(KEYS)}", "cases.unknown-key")
        sizes, limits = self._sizes()
        templates = self._templates()
        lengths, absent = self._lengths()
        values = self._values()
        known = {*sizes, *(n for t in templates for n, v in t.items() if not isinstance(v, str))}
        known |= {n for n in values if n in self.parameters.integers}
        launch = {f"{w}.{a}" for w in ("block", "grid") for a in AXES} | {"block", "grid"}
        self._named("lengths", lengths.values(), known | launch)
        block = self._extents("block", 256)
        self._named("block", block, known)
        grid = self._extents("grid", 1)
        self._named("grid", grid, known | {n for n in launch if n.startswith("block")})
        shared = self._expression("shared", self.table.get("shared", 0))
        self._named("shared", [shared], known | launch)
        require = self._conditions(known | launch | {f"len({n})" for n in lengths})
        for name in self.parameters.integers:
            if name not in sizes and name not in values:
                self.wrong(
                    "sizes",
                    f"integer parameter `{name}` has no value",
                    f"give sizes = {{ {name} = [...] }}, or a value under values",
                )
        return Entry(
            self.kernel.python_name,
            self.path,
            self.start,
            sizes,
            lengths,
            absent,
            grid,
            block,
            shared,
            (*limits, *require),
            templates,
            values,
            self._choices("blocks"),
            self._choices("grids"),
        )

    def _sub(self, key: str) -> Mapping[str, Any]:
        table = self.table.get(key, {})
        if not isinstance(table, dict):
            self.wrong(key, f"`{key}` must be a table: {key} = {{ name = ... }}")
        return table

    def _sizes(self) -> tuple[dict[str, tuple[int, ...]], list[Expr]]:
        sizes: dict[str, tuple[int, ...]] = {}
        limits: list[Expr] = []
        for name, given in self._sub("sizes").items():
            if name not in self.parameters.integers:
                names = ", ".join(self.parameters.integers) or "none"
                self.wrong(name, f"`{name}` is no integer parameter of {self.kernel.qualified}", f"it has: {names}")
            found = _RANGE.fullmatch(given.strip()) if isinstance(given, str) else None
            if found:
                low, high = int(found[1]), int(found[2])
                if low > high:
                    self.wrong(name, f"the range of `{name}` is empty")
                limits += [Bin(">=", Var(name), Num(low)), Bin("<=", Var(name), Num(high))]
                sizes[name] = tuple(dict.fromkeys((min(high, max(low, 1000)), low, high if high <= 4096 else low)))
                continue
            listed = given if isinstance(given, list) else [given]
            if not listed or not all(isinstance(v, int) and not isinstance(v, bool) for v in listed):
                self.wrong(
                    name, f"sizes of `{name}` must be integers", f'write {name} = [1, 33, 1000] or {name} = "1..4096"'
                )
            sizes[name] = tuple(listed)
        return sizes, limits

    def _templates(self) -> tuple[Template, ...]:
        given = self.table.get("templates", {})
        listed = given if isinstance(given, list) else [given]
        wanted = [t.name for t in self.kernel.template_params]
        for table in listed:
            if not isinstance(table, dict):
                self.wrong("templates", "`templates` must be a table or a list of tables")
            for name, value in table.items():
                if name not in wanted:
                    self.wrong(name, f"`{name}` is no template parameter of {self.kernel.qualified}")
                if not isinstance(value, str | int | bool):
                    self.wrong(
                        name, f"template argument `{name}` must be a number, true, false or a C++ type in quotes"
                    )
            missing = [t.name for t in self.kernel.template_params if t.name not in table and t.default is None]
            if missing:
                hint = f'write templates = [{{ {missing[0]} = "float" }}]'
                self.wrong("templates", f"template parameter `{missing[0]}` has no value", hint)
        return tuple(listed)

    def _lengths(self) -> tuple[dict[str, Expr], frozenset[str]]:
        lengths: dict[str, Expr] = {}
        absent: set[str] = set()
        for name, given in self._sub("lengths").items():
            if name not in self.parameters.pointers:
                names = ", ".join(self.parameters.pointers) or "none"
                self.wrong(name, f"`{name}` is no pointer parameter of {self.kernel.qualified}", f"it has: {names}")
            if given == "null":
                absent.add(name)
            else:
                lengths[name] = self._expression(name, given)
        for name in self.parameters.pointers:
            if name not in lengths and name not in absent:
                hint = f'give lengths = {{ {name} = "n" }}, in elements, or "null" for nullptr'
                self.wrong("lengths", f"pointer `{name}` has no length", hint)
        return lengths, frozenset(absent)

    def _values(self) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        given_rules = self._sub("values")
        if given_rules:  # the same names stand under sizes and lengths, further up
            self.after = _line(self.text, "values", self.start - 1)
        for name, given in given_rules.items():
            if name not in self.parameters.all_names:
                self.wrong(name, f"`{name}` is neither a parameter nor a global of {self.kernel.qualified}")
            rules[name] = self._rule(name, given)
        self.after = self.start
        return rules

    def _rule(self, name: str, given: Any) -> Rule:
        if isinstance(given, bool | int | float):
            return Rule("constant", value=float(given), choices=(given,))
        if isinstance(given, list) and given and all(isinstance(v, bool | int | float) for v in given):
            return Rule("constant", value=float(given[0]), choices=tuple(given))
        if not isinstance(given, dict):
            self.wrong(name, f'`{name}` must be a number, a list of numbers or a table such as {{ kind = "normal" }}')
        for key in given:
            if key not in _RULE_KEYS:
                self.wrong(key, f"unknown key `{key}`", f"known keys: {', '.join(_RULE_KEYS)}", "cases.unknown-key")
        kind = given.get("kind", "uniform" if "min" in given or "max" in given else "normal")
        if kind not in KINDS:
            self.wrong(name, f"unknown kind `{kind}`", f"known kinds: {', '.join(KINDS)}")
        numbers = {k: given[k] for k in ("min", "max", "mean", "scale", "value") if k in given}
        if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers.values()):
            self.wrong(name, f"min, max, mean, scale and value of `{name}` must be numbers")
        below = given.get("below", "")
        if below != "":
            below = str(self._expression(name, below))
        if kind == "index" and not below:
            self.wrong(name, f'an index needs `below`: {name} = {{ kind = "index", below = "n" }}')
        low, high = numbers.get("min"), numbers.get("max")
        if kind in ("uniform", "integers", "sorted") and not below:
            low, high = (0 if low is None else low), (1 if high is None and kind == "uniform" else high)
            high = low + 8 if high is None else high
        if low is not None and high is not None and low > high:
            self.wrong(name, f"min of `{name}` is above its max")
        return Rule(
            kind,
            low,
            high,
            float(numbers.get("mean", 0)),
            float(numbers.get("scale", 1)),
            below,
            float(numbers.get("value", 0)),
        )

    def _expression(self, key: str, given: Any) -> Expr:
        if isinstance(given, int) and not isinstance(given, bool):
            return Num(given)
        if not isinstance(given, str):
            self.wrong(key, f"`{key}` must be a number or an expression in quotes")
        try:
            return parse_expression(given)
        except NotAnExpression as error:
            self.wrong(key, f"`{key}`: {error}", "operators: + - * / % and ceil(a / b), min, max")

    def _extents(self, key: str, default: int) -> tuple[Expr, ...]:
        given = self.table.get(key, default)
        listed = given if isinstance(given, list) else [given]
        if not 1 <= len(listed) <= 3:
            self.wrong(key, f"`{key}` has one to three extents")
        exprs = [self._expression(key, e) for e in listed]
        return tuple([*exprs, Num(1), Num(1)][:3])

    def _choices(self, key: str) -> tuple[Dim3, ...]:
        given = self.table.get(key, [])
        if not isinstance(given, list):
            self.wrong(key, f"`{key}` must be a list, such as {key} = [64, 128] or {key} = [[16, 16], [32, 8]]")
        found: list[Dim3] = []
        for item in given:
            extents = item if isinstance(item, list) else [item]
            sound = 1 <= len(extents) <= 3 and all(
                isinstance(e, int) and not isinstance(e, bool) and e > 0 for e in extents
            )
            if not sound:
                self.wrong(key, f"`{key}` must hold positive numbers or lists of up to three")
            x, y, z = [*extents, 1, 1][:3]
            found.append((x, y, z))
        return tuple(found)

    def _conditions(self, known: set[str]) -> list[Expr]:
        given = self.table.get("require", [])
        listed = given if isinstance(given, list) else [given]
        conditions = [self._expression("require", c) for c in listed]
        self._named("require", conditions, known)
        return conditions

    def _named(self, key: str, exprs: Any, known: set[str]) -> None:
        for expr in exprs:
            for name in sorted(names_in(expr)):
                if name not in known:
                    self.wrong(key, f"`{key}`: `{name}` is not known here", f"known: {', '.join(sorted(known))}")
