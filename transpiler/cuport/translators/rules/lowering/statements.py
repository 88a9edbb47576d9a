"""Statements: declarations, control flow, return."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from cuport.translators.rules import build, ir, types, walk
from cuport.translators.rules.lowering.context import Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, Auto, Pointer, Void
from cuport.translators.rules.lowering.declarations import Declarations, template_name
from cuport.translators.rules.lowering.declare import innermost, named, text_of
from cuport.translators.rules.lowering.mutation import mutated_names, reassigned_names
from cuport.translators.rules.lowering.values import (
    Items,
    MemPlace,
    Place,
    Ptr,
    PtrPlace,
    Value,
    ValuePlace,
    type_of,
)

_SILENT = ("preproc_call", "comment", "static_assert_declaration", ";", "using_declaration", "empty_statement")


class Statements(Declarations):
    """Bodies."""

    def function_body(self, body: Node) -> None:
        """The body of the function whose frame is on top."""
        self.mutated.append((mutated_names(body), reassigned_names(body)))
        try:
            if body.type == "compound_statement":
                self.initializers(body)
                self._sequence(named(body), tail=True)
            else:
                raise Unsupported("function", "this function body", body)
        finally:
            self.mutated.pop()

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
        if self.in_source(node):
            self.line = node.start_point.row + 1
        if node.is_error or node.is_missing:
            raise Unsupported("syntax", "the parser does not understand this", node)
        match node.type:
            case "declaration":
                self.declaration(node)
            case "expression_statement" if template_name(node) is not None and self.template_declaration(node):
                return
            case "expression_statement" if self.array_pointer(node):
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
                self.local_alias(node)
            case "struct_specifier" | "class_specifier" | "union_specifier" | "enum_specifier":
                self.local_type(node)
            case "labeled_statement":
                raise Unsupported("goto", "labels and goto", node)
            case "goto_statement":
                raise Unsupported("goto", "goto", node)
            case "attributed_statement":
                self.statement(named(node)[-1], tail)
            case kind if kind in _SILENT:
                return
            case _:
                raise Unsupported("statement", f"a {node.type.replace('_', ' ')}", node)

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
            self.declaration(value)
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
                    self.declaration(initializer)
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
