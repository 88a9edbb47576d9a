"""Which names a function's body may change: syntactic, and on the safe side."""

from __future__ import annotations

from tree_sitter import Node

from cuport.translators.rules.lowering.declare import named, text_of


def mutated_names(body: Node) -> set[str]:
    """Identifiers that are assigned, incremented, have their address taken, or are passed where a reference may be.

    `p[i] = v` and `*p = v` change what p points to, not p; but for an array or a struct it is the object itself, so the
    base counts there as well: treating too many names as changed costs a copy, nothing else.
    """
    found: set[str] = set()
    _collect(body, found)
    return found


def _collect(node: Node, found: set[str]) -> None:
    address = node.type == "pointer_expression" and text_of(node.child_by_field_name("operator")) == "&"
    if node.type == "assignment_expression":
        _base(node.child_by_field_name("left"), found)
    elif node.type == "update_expression" or address:
        _base(node.child_by_field_name("argument"), found)
    elif node.type == "call_expression":
        arguments = node.child_by_field_name("arguments")
        for argument in named(arguments) if arguments is not None else []:
            if argument.type in ("identifier", "field_expression", "subscript_expression"):
                _base(argument, found)
        function = node.child_by_field_name("function")
        if function is not None and function.type == "field_expression":
            _base(function.child_by_field_name("argument"), found)
    elif node.type in ("init_declarator", "declaration"):
        for declarator in node.children_by_field_name("declarator"):
            if "reference" in declarator.type:
                _base(node.child_by_field_name("value"), found)
    elif node.type == "for_range_loop":
        _base(node.child_by_field_name("right"), found)
    for child in node.named_children:
        _collect(child, found)


def _base(node: Node | None, found: set[str]) -> None:
    """The variable at the bottom of an lvalue."""
    while node is not None:
        if node.type == "identifier":
            found.add(text_of(node))
            return
        if node.type == "comma_expression":
            node = node.child_by_field_name("right")
        elif node.type == "conditional_expression":
            _base(node.child_by_field_name("consequence"), found)
            node = node.child_by_field_name("alternative")
        elif node.type == "parenthesized_expression":
            node = next(iter(named(node)), None)
        else:
            node = node.child_by_field_name("argument") or node.child_by_field_name("left")


def reassigned_names(body: Node) -> set[str]:
    """Identifiers that are assigned, incremented or have their address taken themselves, not through `[]` or `*`.

    What matters for pointers. (A pointer that is handed to a function by reference is not seen; an assignment there
    is then refused.)
    """
    found: set[str] = set()

    def visit(node: Node) -> None:
        address = node.type == "pointer_expression" and text_of(node.child_by_field_name("operator")) == "&"
        target = None
        if node.type == "assignment_expression":
            target = node.child_by_field_name("left")
        elif node.type == "update_expression" or address:
            target = node.child_by_field_name("argument")
        while target is not None and target.type == "parenthesized_expression":
            target = next(iter(named(target)), None)
        if target is not None and target.type == "identifier":
            found.add(text_of(target))
        for child in node.named_children:
            visit(child)

    visit(body)
    return found
