"""Which of several functions a call means, and with what template arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from cuport.translators.rules import build, ir, types
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Opaque, Pointer, Record, Scalar, Void
from cuport.translators.rules.lowering.declare import CONVERSION, FunctionDecl, named, text_of
from cuport.translators.rules.lowering.expressions import Expressions
from cuport.translators.rules.lowering.typenames import TemplateArg, same_argument
from cuport.translators.rules.lowering.values import (
    Binding,
    Closure,
    FunctionName,
    Group,
    Items,
    Pack,
    Place,
    TypeName,
    ValuePlace,
)


@dataclass(frozen=True)
class Argument:
    place: Place
    ctype: CType


class Overloads(Expressions):
    """Overload resolution ([over.match]) and template argument deduction ([temp.deduct]), as far as kernels go."""

    # ------------------------------------------------------------ choosing one

    def choose_function(
        self, decls: Sequence[FunctionDecl], arguments: Sequence[Argument], explicit: Sequence[TemplateArg], exact: bool
    ) -> tuple[FunctionDecl, dict[str, Binding]] | None:
        """The best viable overload and its template bindings; `exact`: only one that needs no conversion."""
        ranked: list[tuple[float, FunctionDecl, dict[str, Binding]]] = []
        for decl in decls:
            found = self._viable(decl, arguments, explicit)
            if found is not None and not (exact and found[0] >= 1):
                ranked.append((found[0], decl, found[1]))
        if not ranked:
            return None
        cost, decl, bindings = min(ranked, key=lambda r: r[0])
        special = [r for r in ranked if r[1].specialized is not None and r[0] <= cost + 0.5]
        return (special[0][1], special[0][2]) if special else (decl, bindings)

    def _viable(
        self, decl: FunctionDecl, arguments: Sequence[Argument], explicit: Sequence[TemplateArg]
    ) -> tuple[float, dict[str, Binding]] | None:
        parameters = decl.parameters
        pack = bool(parameters) and parameters[-1].type == "variadic_parameter_declaration"
        needed = [p for p in parameters if p.type == "parameter_declaration"]
        if len(arguments) < len(needed) or (len(arguments) > len(parameters) and not pack):
            return None
        if explicit and not decl.templates and decl.specialized is None:
            return None
        try:
            bindings = self.deduce(decl, arguments, explicit)
        except Unsupported:
            return None
        if bindings is None:
            return None
        cost = (0.25 if decl.templates else 0.0) + (0.25 - 0.01 * len(parameters) if pack else 0.0)
        frame = self.frame
        frame.scopes.append(bindings)
        try:
            for p, argument in zip(parameters, arguments, strict=False):
                if p.type == "variadic_parameter_declaration":
                    break
                _, t, _ = self.parameter(p)
                step = conversion_cost(argument, t)
                if step is None:
                    return None
                cost += step
        except Unsupported:
            return None
        finally:
            frame.scopes.pop()
        return cost, bindings

    # ---------------------------------------------------------------- deduction

    def deduce(
        self, decl: FunctionDecl, arguments: Sequence[Argument], explicit: Sequence[TemplateArg]
    ) -> dict[str, Binding] | None:
        """Template bindings for these arguments, or None where deduction fails."""
        if decl.specialized is not None:
            given = [self.template_argument(n) for n in decl.specialized]
            same = all(same_argument(a, b) for a, b in zip(explicit, given, strict=False))
            return {} if same and (explicit or decl.specialized) else None
        if not decl.templates:
            return {}
        names = {p.name for p in decl.templates}
        bound: dict[str, Binding] = {}
        for p, a in zip(decl.templates, explicit, strict=False):
            if p.pack:
                break
            bound[p.name] = self._value_argument(p, a) if isinstance(a, ir.Const) else TypeName(a)
        parameters = decl.parameters
        for i, parameter in enumerate(parameters):
            kind = parameter.child_by_field_name("type")
            if kind is None:
                continue
            if parameter.type == "variadic_parameter_declaration":
                rest = arguments[i:]
                if text_of(kind) in names:
                    bound[text_of(kind)] = Pack(tuple(TypeName(a.ctype) for a in rest))
                break
            if i < len(arguments):
                self._unify(kind, parameter.child_by_field_name("declarator"), arguments[i].ctype, names, bound)
        missing = [p for p in decl.templates if p.name not in bound]
        if missing:
            self.frame.scopes.append(bound)
            try:
                filled = self.template_scope([p for p in missing if p.default is not None], ())
            finally:
                self.frame.scopes.pop()
            bound.update(filled)
            for p in missing:
                if p.pack:
                    bound.setdefault(p.name, Pack(()))
        return bound if all(p.name in bound for p in decl.templates) else None

    def _unify(self, kind: Node, declarator: Node | None, t: CType, names: set[str], bound: dict[str, Binding]) -> None:
        """Match a parameter's declared type against an argument's; what matches nothing is left to conversion."""
        while declarator is not None:
            if "reference" in declarator.type or "parenthesized" in declarator.type:
                inner = declarator.child_by_field_name("declarator")
                declarator = inner or next((c for c in named(declarator) if "declarator" in c.type), None)
            elif "pointer" in declarator.type:
                if not isinstance(t, Pointer | ArrayType):
                    return
                t = t.pointee if isinstance(t, Pointer) else t.element
                declarator = declarator.child_by_field_name("declarator")
            elif "array" in declarator.type:
                if not isinstance(t, Pointer | ArrayType):
                    return
                size = declarator.child_by_field_name("size")
                if isinstance(t, ArrayType) and size is not None and text_of(size) in names and t.extent is not None:
                    bound.setdefault(text_of(size), ValuePlace(build.const(t.extent)))
                t = t.pointee if isinstance(t, Pointer) else t.element
                declarator = declarator.child_by_field_name("declarator")
            else:
                break
        self._unify_base(kind, t, names, bound)

    def _unify_base(self, kind: Node, t: CType, names: set[str], bound: dict[str, Binding]) -> None:
        if kind.type == "type_descriptor":
            inner = kind.child_by_field_name("type")
            if inner is not None:
                self._unify(inner, kind.child_by_field_name("declarator"), t, names, bound)
        elif kind.type == "qualified_identifier" and kind.child_by_field_name("name") is not None:
            self._unify_base(kind.child_by_field_name("name") or kind, t, names, bound)
        elif kind.type in ("type_identifier", "identifier") and text_of(kind) in names:
            if isinstance(t, ArrayType):
                t = Pointer(t.element)
            bound.setdefault(text_of(kind), TypeName(t))
        elif kind.type == "template_type" and isinstance(t, Record | Opaque):
            listing = kind.child_by_field_name("arguments")
            values = [v for _, v in t.template_args] if isinstance(t, Record) else list(t.args)
            for node, value in zip(named(listing) if listing is not None else [], values, strict=False):
                if isinstance(value, int):
                    if text_of(node) in names:
                        bound.setdefault(text_of(node), ValuePlace(build.const(value)))
                else:
                    self._unify_base(node, value, names, bound)


def conversion_cost(argument: Argument, t: CType) -> float | None:
    """How far an argument is from a parameter type: 0 same, below 1 qualification, 1 promotion, 2 conversion."""
    have = argument.ctype
    value = argument.place.value if isinstance(argument.place, ValuePlace) else None
    if isinstance(t, Auto | Opaque) or isinstance(have, Opaque):
        return 0.5
    if isinstance(value, Closure | FunctionName | Group):
        return 0.5 if not isinstance(t, Scalar | Pointer) else None
    if isinstance(t, Pointer):
        if isinstance(have, ArrayType):
            have = Pointer(have.element)
        if isinstance(have, Pointer):
            if have.pointee == t.pointee:
                return 0.0
            return 2.0 if isinstance(t.pointee, Void) else None
        return 2.0 if isinstance(value, ir.Const) and value.value == 0 else None
    if isinstance(t, ArrayType):
        return 0.0 if isinstance(have, ArrayType) and have.element == t.element else None
    if isinstance(t, Record):
        if isinstance(have, Record):
            return 0.0 if have.name == t.name else None
        return 2.0 if isinstance(value, Items) or (t.decl is not None and t.decl.methods.get(t.decl.name)) else None
    if isinstance(t, Scalar):
        if isinstance(have, Record):
            return 3.0 if have.decl is not None and CONVERSION in have.decl.methods else None
        if isinstance(have, Pointer):
            return 3.0 if t.dtype == "bool" else None
        if not isinstance(have, Scalar):
            return None if not isinstance(value, Items) else 2.0
        if have.dtype == t.dtype:
            return 0.0
        promoted = types.promote(have.dtype) == t.dtype or (have.dtype, t.dtype) == ("float32", "float64")
        return 1.0 if promoted else 2.0
    return None
