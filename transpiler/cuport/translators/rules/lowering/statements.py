"""Statements: declarations, control flow, return."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node, Tree

from cuport.cuda.parse import parse
from cuport.translators.rules import build, ir, types, walk
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, CType, Opaque, Pointer, Record, Scalar, Void
from cuport.translators.rules.lowering.declare import StructDecl, innermost, named, template_params, text_of, words
from cuport.translators.rules.lowering.dispatch import Dispatch
from cuport.translators.rules.lowering.mutation import mutated_names, reassigned_names
from cuport.translators.rules.lowering.pointers import ZERO
from cuport.translators.rules.lowering.typenames import OPAQUE
from cuport.translators.rules.lowering.values import (
    Closure,
    FunctionName,
    Group,
    Items,
    MemPlace,
    Place,
    Ptr,
    PtrPlace,
    TypeName,
    Value,
    ValuePlace,
    type_of,
)

_SILENT = ("preproc_call", "comment", "static_assert_declaration", ";", "using_declaration", "empty_statement")


class Statements(Dispatch):
    """Bodies."""

    mutated: list[tuple[set[str], set[str]]]  # a function's changed names; for pointers only the reassigned ones
    shared_seen: dict[tuple[int, str], Place]
    trees: list[Tree]  # kept alive for their nodes

    def function_body(self, body: Node) -> None:
        """The body of the function whose frame is on top."""
        self.mutated.append((mutated_names(body), reassigned_names(body)))
        try:
            if body.type == "compound_statement":
                self._initializers(body)
                self._sequence(named(body), tail=True)
            else:
                raise Unsupported("function", "this function body", body)
        finally:
            self.mutated.pop()

    def _initializers(self, body: Node) -> None:
        """A constructor's member initializers, and default member initializers."""
        frame = self.frame
        definition = body.parent
        if frame.record is None or frame.record.decl is None or definition is None or frame.this is None:
            return
        if frame.name != frame.record.decl.name:
            return
        listing = next((c for c in definition.children if c.type == "field_initializer_list"), None)
        given: dict[str, Node] = {}
        for item in named(listing) if listing is not None else []:
            parts = named(item)
            given[text_of(parts[0])] = parts[1]
        defaults = _default_members(frame.record.decl)
        for name, t in frame.record.fields:
            node = given.get(name)
            if node is not None:
                values = [self.value(c) for c in named(node)]
                value = values[0] if len(values) == 1 and not isinstance(t, Record) else Items(Auto(), tuple(values))
                if not values:
                    value = self.zero(t)
                self.store(self.member(frame.this, name, node), self.convert(value, t, node), node)
            elif name in defaults:
                value = self.convert(self.value(defaults[name]), t, defaults[name])
                self.store(self.member(frame.this, name, body), value, body)

    # ----------------------------------------------------------------- sequences

    def _sequence(self, nodes: Sequence[Node], tail: bool = False) -> None:
        nodes = [n for n in nodes if n.type not in _SILENT]
        for i, node in enumerate(nodes):
            self.statement(node, tail and i == len(nodes) - 1)
            if self.out and isinstance(self.out[-1], ir.Leave):
                return  # what follows is never reached

    def body_of(self, node: Node | None, tail: bool = False) -> ir.Block:
        """A branch or loop body in its own scope."""
        if node is None:
            return ()
        with self.capture() as block, self.scope():
            self._sequence(named(node) if node.type == "compound_statement" else [node], tail)
        return tuple(block)

    def statement(self, node: Node, tail: bool = False) -> None:
        """One statement. `tail`: nothing of the function comes after it."""
        self.line = node.start_point.row + 1
        if node.is_error or node.is_missing:
            raise Unsupported("syntax", "the parser does not understand this", node)
        match node.type:
            case "declaration":
                self._declaration(node)
            case "expression_statement" if _template_name(node) is not None and self._template_declaration(node):
                return
            case "expression_statement":
                for child in named(node)[:1]:
                    self.effect(child)
            case "compound_statement":
                with self.scope():
                    self._sequence(named(node), tail)
            case "if_statement":
                self._if(node, tail)
            case "for_statement":
                self._for(node)
            case "while_statement" | "do_statement":
                self._while(node)
            case "for_range_loop":
                self._range_for(node)
            case "switch_statement":
                self._switch(node)
            case "return_statement":
                self._return(node, tail)
            case "break_statement" | "continue_statement":
                kind = "breaks" if node.type == "break_statement" else "continues"
                labels: list[str] = getattr(self.frame, kind)
                if not labels:
                    raise Unsupported("syntax", f"`{text_of(node)}` outside of a loop", node)
                self.emit(ir.Leave(labels[-1], self.line))
            case "type_definition" | "alias_declaration":
                self._local_alias(node)
            case "struct_specifier" | "class_specifier" | "union_specifier" | "enum_specifier":
                self._local_type(node)
            case "labeled_statement":
                raise Unsupported("goto", "labels and goto", node)
            case "goto_statement":
                raise Unsupported("goto", "goto", node)
            case "gnu_asm_expression" | "asm_statement":
                raise Unsupported("inline-asm", "inline assembly", node, "replace it by the matching intrinsic")
            case "attributed_statement":
                self.statement(named(node)[-1], tail)
            case kind if kind in _SILENT:
                return
            case _:
                raise Unsupported("statement", f"a {node.type.replace('_', ' ')}", node)

    # -------------------------------------------------------------- declarations

    def _template_declaration(self, node: Node) -> bool:
        """`Tile<32> t = f(x);` may parse like the comparison `(Tile < 32) > (t = f(x))`: declare t; False if it is none."""
        comparison = named(node)[0]
        name = _template_name(node)
        operator = comparison.child_by_field_name("operator")
        right = comparison.child_by_field_name("right")
        if name is None or operator is None or right is None or self.lookup(name) is not None:
            return False
        if name not in self.unit.structs and name not in self.unit.aliases and name not in OPAQUE:
            return False
        whole = text_of(node)
        split = operator.end_byte - node.start_byte
        alias = self.parse_at(f"using argument = {whole.encode()[:split].decode()};", node, bare=True)
        declared = self.parse_at(f"auto {text_of(right)};", right)
        kind, declaration = _first(alias, "alias_declaration"), _first(declared, "declaration")
        kind = kind.child_by_field_name("type") if kind is not None else None
        if kind is None or declaration is None:
            return False
        self._declaration(declaration, self.type_of_node(kind))
        return True

    def parse_at(self, text: str, node: Node, bare: bool = False) -> Node:
        """A piece of a function's body parsed again, standing where `node` stands."""
        row, column = node.start_point
        pad = "\n" * row + " " * column
        tree = parse(pad + text if bare else f"int f() {{{pad}{text}}}")
        self.trees.append(tree)
        return tree.root_node

    def _declaration(self, node: Node, known: CType | None = None) -> None:
        """A declaration; `known` replaces its type specifier."""
        kind = node.child_by_field_name("type")
        if kind is None:
            raise Unsupported("declaration", "this declaration", node)
        if kind.type in ("struct_specifier", "class_specifier", "union_specifier", "enum_specifier"):
            self._local_type(kind)
        specifiers = words(node)
        base = known if known is not None else self.type_of_node(kind)
        const = bool(specifiers & {"const", "constexpr"})
        declarators = node.children_by_field_name("declarator")
        for d in declarators:
            value = d.child_by_field_name("value") if d.type == "init_declarator" else node.child_by_field_name("value")
            inner = d.child_by_field_name("declarator") if d.type == "init_declarator" else d
            if inner is not None and inner.type == "function_declarator":  # `T x(a, b)` parses like a prototype
                inner, value = self._constructor_call(inner)
            name_node, t, reference = self.declare(inner, base)
            name = text_of(name_node)
            if "__shared__" in specifiers:
                self.bind(name, self.shared_object(node, name, t, "extern" in specifiers))
            elif "static" in specifiers and not const:
                raise Unsupported("static-local", "a static local variable", node)
            elif reference:
                self.bind(name, self._local_reference(t, value, node))
            else:
                self._local(name, t, value, const, d, node)

    def _constructor_call(self, declarator: Node) -> tuple[Node, Node]:
        """Name and argument_list of `x(a, b)`, parsed again as a call at the same place of the text."""
        name, parameters = declarator.child_by_field_name("declarator"), declarator.child_by_field_name("parameters")
        if name is None or parameters is None:
            raise Unsupported("declaration", "this declaration", declarator)
        found = _first(self.parse_at(f"g{text_of(parameters)};", parameters), "argument_list")
        if found is None or found.has_error:
            raise Unsupported("declaration", "a local function declaration", declarator)
        return name, found

    def shared_object(self, node: Node, name: str, t: CType, extern: bool) -> Place:
        """A shared object: one for each declaration, also where its function is inlined twice."""
        key = (node.start_byte, f"{name} {ctype.show(t)}")
        if extern:
            key = (-1, "extern")  # all extern arrays are the same memory
        if key not in self.shared_seen:
            if extern and not isinstance(t, ArrayType):
                raise Unsupported("extern-shared", "extern shared memory that is no array", node)
            root = self.new_root(name, t, "shared", None if extern else 1)
            self.shared_seen[key] = MemPlace(Ptr(root, ZERO, self._unit(t), t))
        place = self.shared_seen[key]
        assert isinstance(place, MemPlace)
        if extern:
            return MemPlace(Ptr(place.pointer.root, ZERO, self._unit(t), t))
        return place

    def _local_reference(self, t: CType, value: Node | None, node: Node) -> Place:
        if value is None:
            raise Unsupported("declaration", "a reference without initializer", node)
        place = self.place(value)
        if isinstance(place, ValuePlace):
            kept = place.value if isinstance(t, Auto) else self.convert(place.value, t, node)
            return ValuePlace(self.keep(kept))
        return self.pinned(place)

    def _local(self, name: str, t: CType, value: Node | None, const: bool, declarator: Node, node: Node) -> None:
        initial = self._initial_value(t, value)
        if isinstance(t, Auto):
            if initial is None:
                raise Unsupported("declaration", "`auto` without initializer", node)
            t = type_of(initial) or Auto()
        if isinstance(initial, Closure | FunctionName | Group) or (isinstance(t, Opaque) and initial is not None):
            self.bind(name, ValuePlace(initial if initial is not None else build.const(0)))
            return
        if isinstance(t, Opaque):
            raise Unsupported("type", f"a variable of type `{t.name}`", node)
        if initial is not None:
            if isinstance(t, ArrayType) and t.extent is None and isinstance(initial, Items):
                t = ArrayType(t.element, len(initial.values))
            initial = self.convert(initial, t, node)
        unchanged = name not in self.mutated[-1][1 if isinstance(t, Pointer) else 0]
        constant = isinstance(initial, ir.Const) or _constant_items(initial)
        if initial is not None and constant and (const or unchanged):
            self.bind(name, ValuePlace(initial))
            return
        if isinstance(t, Pointer) and isinstance(initial, Ptr) and unchanged:
            self.bind(name, ValuePlace(self._named_keep(name, initial)))
            return
        if isinstance(t, ArrayType) and t.extent is None:
            raise Unsupported("array", "a local array without extent", node)
        place = self.declare_local(name, t, None, declarator.start_byte, node)
        if initial is not None:
            self.store(place, initial, node)
        elif isinstance(t, Record) and t.decl is not None:
            built = self.construct(t, [], node)
            if built is not None:
                self.store(place, built, node)
            else:
                self._default_initialize(place, t, node)
        self.bind(name, place)

    def _default_initialize(self, place: Place, t: Record, node: Node) -> None:
        assert t.decl is not None
        for name, default in _default_members(t.decl).items():
            self.store(self.member(place, name, node), self.value(default), node)

    def _initial_value(self, t: CType, value: Node | None) -> Value | None:
        if value is None:
            return None
        if value.type == "argument_list":  # T x(1, 2)
            nodes = named(value)
            if isinstance(t, Record):
                place = self._construct(t, nodes, value)
                return self.load(place, value)
            return self.value(nodes[0])
        if value.type == "initializer_list":
            return self.construct_from(t, self.value(value), value) if not isinstance(t, Auto) else self.value(value)
        return self.value(value)

    def _local_alias(self, node: Node) -> None:
        kind = node.child_by_field_name("type")
        if kind is None:
            return
        if node.type == "alias_declaration":
            self.bind(text_of(node.child_by_field_name("name")), TypeName(self.type_of_node(kind)))
            return
        for d in node.children_by_field_name("declarator"):
            self.bind(text_of(innermost(d)), TypeName(self.declare(d, self.type_of_node(kind))[1]))

    def _local_type(self, node: Node) -> None:
        if node.type == "enum_specifier":
            body = node.child_by_field_name("body")
            following = 0
            for child in named(body) if body is not None else []:
                if child.type == "enumerator":
                    value = child.child_by_field_name("value")
                    following = self.constant(value) if value is not None else following
                    self.bind(text_of(child.child_by_field_name("name")), ValuePlace(build.const(following)))
                    following += 1
            name = text_of(node.child_by_field_name("name"))
            if name:
                self.bind(name, TypeName(Scalar("int32")))
            return
        if node.child_by_field_name("body") is not None:
            from cuport.translators.rules.lowering import declare

            name = text_of(node.child_by_field_name("name"))
            local = declare.Unit()
            declare.add_struct(local, node, template_params(None))
            for decls in local.structs.values():
                for decl in decls:
                    self.unit.structs.setdefault(decl.name, [])
                    if all(d.node != decl.node for d in self.unit.structs[decl.name]):
                        self.unit.structs[decl.name].append(decl)
                    if decl.name == name:
                        self.bind(name, TypeName(self.record(decl, ())))

    # -------------------------------------------------------------- control flow

    def _if(self, node: Node, tail: bool) -> None:
        clause = node.child_by_field_name("condition")
        consequence, alternative = node.child_by_field_name("consequence"), node.child_by_field_name("alternative")
        if clause is None:
            raise Unsupported("statement", "this if", node)
        with self.scope():
            cond = self._condition_clause(clause)
            line = self.line
            other = named(alternative)[0] if alternative is not None and named(alternative) else None
            if isinstance(cond, ir.Const):
                chosen = consequence if cond.value else other
                if chosen is not None:
                    with self.scope():
                        self._sequence(named(chosen) if chosen.type == "compound_statement" else [chosen], tail)
                return
            then = self.body_of(consequence)
            orelse = self.body_of(other)
        if then or orelse:
            self.emit(ir.If(cond, then, orelse, line) if then else ir.If(build.negate(cond), orelse, (), line))

    def _condition_clause(self, clause: Node) -> ir.Expr:
        """`(init; cond)`, `(T x = v)`, or `(cond)`."""
        initializer = clause.child_by_field_name("initializer")
        if initializer is not None:
            self.statement(named(initializer)[0] if initializer.type == "init_statement" else initializer)
        value = clause.child_by_field_name("value") or named(clause)[-1]
        if value.type == "declaration":
            self._declaration(value)
            name = innermost(value.child_by_field_name("declarator"))
            assert name is not None
            return self.condition(name)
        return self.condition(value)

    def _for(self, node: Node) -> None:
        line = self.line
        initializer, condition = node.child_by_field_name("initializer"), node.child_by_field_name("condition")
        update, body = node.child_by_field_name("update"), node.child_by_field_name("body")
        with self.scope():
            if initializer is not None:
                if initializer.type == "declaration":
                    self._declaration(initializer)
                else:
                    self.effect(named(initializer)[0] if initializer.type == "expression_statement" else initializer)
            step: list[ir.Stmt] = []
            if update is not None:
                with self.capture() as step:
                    self.effect(update)
            self._loop(condition, body, tuple(step), line, False)

    def _while(self, node: Node) -> None:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        with self.scope():
            self._loop(condition, body, (), self.line, node.type == "do_statement")

    def _loop(self, condition: Node | None, body: Node | None, step: ir.Block, line: int, after: bool) -> None:
        """Any loop: a scope around it for break, one around the body for continue."""
        breaks, continues = self.label("break"), self.label("continue")
        with self.capture() as tests:
            cond: ir.Expr = build.TRUE
            if condition is not None:
                is_clause = condition.type == "condition_clause"
                cond = self._condition_clause(condition) if is_clause else self.condition(condition)
        if build.is_const(cond, False) and not tests and not after:
            return
        self.frame.breaks.append(breaks)
        self.frame.continues.append(continues)
        inner = self.body_of(body)
        self.frame.breaks.pop()
        self.frame.continues.pop()
        if any(isinstance(s, ir.Leave) and s.label == continues for s in walk.statements(inner)):
            inner = (ir.Scope(continues, inner, line),)
        if tests and after:
            last = self.variable("t_", "bool")
            step = (*step, *tests, ir.Assign(last.name, cond, line))
            cond = last
        elif tests:
            inner = (*tests, ir.If(build.negate(cond), (ir.Leave(breaks, line),), (), line), *inner)
            cond = build.TRUE
        loop: ir.Stmt = ir.While(cond, inner, step, after, line)
        if any(isinstance(s, ir.Leave) and s.label == breaks for s in walk.statements(inner)):
            loop = ir.Scope(breaks, (loop,), line)
        self.emit(loop)

    def _range_for(self, node: Node) -> None:
        """`for (auto &x : array)` over an array of known extent, unrolled."""
        right, body = node.child_by_field_name("right"), node.child_by_field_name("body")
        declarator, kind = node.child_by_field_name("declarator"), node.child_by_field_name("type")
        if right is None or body is None or kind is None:
            raise Unsupported("statement", "this loop", node)
        place = self.place(right)
        t = self.place_type(place)
        if not isinstance(t, ArrayType) or t.extent is None or t.extent > 64:
            raise Unsupported("range-for", "a range-based for over something that is no short array", node)
        for k in range(t.extent):
            if isinstance(place, ValuePlace) and isinstance(place.value, Items):
                element: Place = ValuePlace(place.value.values[k])
            else:
                base = self.load(place, node)
                assert isinstance(base, Ptr)
                element = MemPlace(self.advance(base, build.const(k)))
            name, declared, reference = self.declare(declarator, self.type_of_node(kind))
            with self.scope():
                if not reference:
                    value = self.load(element, node)
                    value = value if isinstance(declared, Auto) else self.convert(value, declared, node)
                    t_value = type_of(value)
                    if t_value is None:
                        raise Unsupported("range-for", "a range-based for over these elements", node)
                    element = self.declare_local(text_of(name), t_value, value, node.start_byte, node)
                self.bind(text_of(name), element)
                breaks = self.frame.breaks
                breaks.append("none")
                inner = self.body_of(body)
                breaks.pop()
                if any(isinstance(s, ir.Leave) and s.label == "none" for s in walk.statements(inner)):
                    raise Unsupported("range-for", "break in a range-based for", node)
                self.out += inner

    def _switch(self, node: Node) -> None:
        """A chain of ifs inside a scope that `break` leaves; falling through by a flag."""
        clause, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        if clause is None or body is None:
            raise Unsupported("statement", "this switch", node)
        line = self.line
        breaks = self.label("switch")
        inner_value = clause.child_by_field_name("value") or named(clause)[-1]
        subject = self.scalar_of(inner_value)
        subject = self.temp(build.cast(subject, types.promote(subject.dtype)))
        cases = [c for c in named(body) if c.type == "case_statement"]
        if len(cases) != len([c for c in named(body) if c.type not in _SILENT]):
            raise Unsupported("switch", "statements before the first case", node)
        labels = [c.child_by_field_name("value") for c in cases]
        tests = [
            build.compare("eq", subject, build.const(self.constant(v), subject.dtype)) if v is not None else None
            for v in labels
        ]
        any_case: ir.Expr = build.FALSE
        for test in tests:
            if test is not None:
                any_case = build.either(test, any_case) if not build.is_const(any_case, False) else test
        self.frame.breaks.append(breaks)
        with self.capture() as block, self.scope():
            self._cases(cases, tests, any_case, breaks)
        self.frame.breaks.pop()
        if any(isinstance(s, ir.Leave) and s.label == breaks for s in walk.statements(tuple(block))):
            self.emit(ir.Scope(breaks, tuple(block), line))
        else:
            self.out += block

    def _cases(self, cases: Sequence[Node], tests: Sequence[ir.Expr | None], any_case: ir.Expr, breaks: str) -> None:
        entered: ir.Expr = build.FALSE  # whether an earlier case falls through to this one
        for case, test in zip(cases, tests, strict=True):
            here = test if test is not None else build.negate(any_case)
            value = case.child_by_field_name("value")
            statements = [c for c in named(case) if c != value]
            enter = build.either(entered, here) if not build.is_const(entered, False) else here
            if not statements:
                entered = enter
                continue
            with self.capture() as block, self.scope():
                self._sequence(statements)
            leaves = bool(block) and isinstance(block[-1], ir.Leave)
            self.emit(ir.If(enter, tuple(block), (), self.line))
            entered = build.FALSE if leaves else enter

    def _return(self, node: Node, tail: bool) -> None:
        frame = self.frame
        nodes = named(node)
        if nodes and frame.reference and tail and frame.result is None:
            frame.result = self.pinned(self.place(nodes[0]))
            return
        if nodes and not isinstance(frame.returns, Void):
            value = self.value(nodes[0]) if nodes[0].type != "initializer_list" else self._braced_return(nodes[0])
            if isinstance(frame.returns, Auto):
                frame.returns = type_of(value) or Auto()
            value = self.convert(value, frame.returns, node)
            if tail and frame.result is None:
                frame.result = ValuePlace(value)
                return
            self._set_result(value, node)
        elif nodes:
            self.effect(nodes[0])
        if not tail:
            self.emit(ir.Leave(frame.label, self.line))

    def _braced_return(self, node: Node) -> Value:
        return self.construct_from(self.frame.returns, self.value(node), node)

    def _set_result(self, value: Value, node: Node) -> None:
        frame = self.frame
        if frame.result is None:
            t = type_of(value)
            if t is None:
                frame.result = ValuePlace(value)
                return
            if isinstance(t, Pointer):
                frame.result = PtrPlace(f"{frame.name}_result", node.start_byte, t.pointee)
            else:
                frame.result = self.new_local(f"{frame.name}_result", t)
        self.store(frame.result, value, node)


def _template_name(node: Node) -> str | None:
    """`A` of a statement that reads `A < x > y`."""
    comparison = next(iter(named(node)), None)
    if comparison is None or comparison.type != "binary_expression":
        return None
    inner = comparison.child_by_field_name("left")
    if inner is None or inner.type != "binary_expression" or text_of(inner.child_by_field_name("operator")) != "<":
        return None
    name = inner.child_by_field_name("left")
    if text_of(comparison.child_by_field_name("operator")) != ">" or name is None:
        return None
    return text_of(name).split("::")[-1] if name.type in ("identifier", "qualified_identifier") else None


def _first(node: Node, kind: str) -> Node | None:
    if node.type == kind:
        return node
    return next((found for c in node.named_children if (found := _first(c, kind)) is not None), None)


def _constant_items(value: Value | None) -> bool:
    if isinstance(value, Items):
        return all(isinstance(v, ir.Const) or _constant_items(v) for v in value.values)
    return False


def _default_members(decl: StructDecl) -> dict[str, Node]:
    """Default member initializers."""
    found: dict[str, Node] = {}
    body = decl.node.child_by_field_name("body")
    for node in named(body) if body is not None else []:
        value = node.child_by_field_name("default_value")
        if node.type == "field_declaration" and value is not None and "static" not in words(node):
            found[text_of(innermost(node.child_by_field_name("declarator")))] = value
    return found
