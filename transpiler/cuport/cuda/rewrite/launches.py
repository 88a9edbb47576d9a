"""`k<<<grid, block, shared, stream>>>(args)` as a call; kernels whose address is taken."""

from __future__ import annotations

import re

from tree_sitter import Node

from cuport.cuda.parse import ancestor, matches, walk
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.program import Program
from cuport.diagnostic import CuportError, Diagnostic

_POINTER_LAUNCHES = ("cudaLaunchKernel", "cudaLaunchCooperativeKernel")


def rewrite_launches(program: Program, edits: Edits) -> None:
    unit = program.unit
    done: set[int] = set()
    nested = False
    for captures in matches("launches", unit.root):
        callee = captures["kernel"][0]
        if program.in_device_code(callee):
            nested = True
        configuration = captures["configuration"][0]
        arguments = captures["arguments"][0]
        opening, closing = configuration.children[0], configuration.children[-1]
        given = any(c.is_named and c.type != "comment" for c in arguments.children)
        name = _name_node(callee)
        done.update(n.start_byte for n in walk(callee))
        if name is not None and not _is_local(program, name) and _known(program, callee, name):
            head = program.resolve_kernel(unit.text_of(callee), name)
            inside = head is not None and _holds(head.definition.whole, callee)
        else:
            inside = True
        if name is not None and not inside:
            edits.replace_node(name, f"cuport_launch_{unit.text_of(name)}")
            edits.replace_node(opening, "(cuport::config(")
        else:
            edits.insert(callee.start_byte, "cuport::launching(")
            edits.replace_node(opening, ", cuport::config(")
            edits.replace(closing.start_byte, arguments.start_byte + 1, "))(")
            continue
        edits.replace(closing.start_byte, arguments.start_byte + 1, ")" + (", " if given else ""))
    if nested:
        _refuse_waiting(program)
    _using(program, edits)
    _addresses(program, edits, done)


_LITERAL = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_DEVICE_BODY = re.compile(r"__(?:global|device)__[^;{}]*\{")


def launches_inside(text: str) -> bool:
    """Whether a launch stands inside a kernel or device function, by the text alone; says yes in doubt."""
    if "<<<" not in text:
        return False
    bare = _LITERAL.sub(" ", text)
    for head in _DEVICE_BODY.finditer(bare):
        depth, at = 1, head.end()
        for brace in re.finditer(r"[{}]|<<<", bare[at:]):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if brace[0] == "<<<":
                return True
            if depth == 0:
                break
    return False


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _refuse_waiting(program: Program) -> None:
    """A kernel that waits for the kernels it launches, which CUDA 12 no longer has."""
    unit = program.unit
    for captures in matches("calls", unit.root):
        callee = captures["callee"][0]
        if unit.text_of(callee) in ("cudaDeviceSynchronize", "cudaStreamSynchronize") and program.in_device_code(
            callee
        ):
            message = f"{unit.text_of(callee)} waits in device code for kernels launched there, which CUDA 12 took away"
            hint = "launch what has to come after them with cudaStreamTailLaunch, or from the host"
            raise CuportError(Diagnostic("oracle.dynamic-parallelism", message, unit.span(callee), hint))


def _using(program: Program, edits: Edits) -> None:
    """`using a::k;` brings along what stands beside a kernel."""
    unit = program.unit
    for node in walk(unit.root):
        if node.type != "using_declaration" or edits.covers(node.start_byte):
            continue
        named = re.fullmatch(r"using\s+((?:\w+\s*::\s*|::\s*)+)(\w+)\s*;", unit.text_of(node).strip())
        if named is None or named[2] not in program.kernel_names:
            continue
        head = program.resolve_kernel("".join(named[0].split())[5:-1], node)
        if head is not None:
            scope = "".join(named[1].split())
            names = (f"cuport_launch_{named[2]}", f"cuport_pointer_{head.index}")
            edits.insert_after(node.end_byte, "".join(f" using {scope}{name};" for name in names))


def _known(program: Program, callee: Node, name: Node) -> bool:
    return program.resolve_kernel(program.unit.text_of(callee), name) is not None


def _name_node(callee: Node) -> Node | None:
    """The identifier at the end of `k`, `k<T>`, `a::b::k<T>`; None for other expressions."""
    node: Node | None = callee
    while node is not None:
        if node.type == "identifier":
            return node
        if node.type in ("template_function", "qualified_identifier", "dependent_name"):
            node = node.child_by_field_name("name") or (node.named_children[-1] if node.named_children else None)
        elif node.type == "parenthesized_expression" and len(node.named_children) == 1:
            node = node.named_children[0]
        else:
            return None
    return None


def _is_local(program: Program, name: Node) -> bool:
    """Whether the function around declares this name itself: then it holds a kernel, but is none."""
    text = program.unit.text_of(name)
    function = ancestor(name, "function_definition")
    while function is not None:
        for captures in matches("locals", function):
            for part in walk(captures["local"][0]):
                if part.type == "identifier" and program.unit.text_of(part) == text and _declares(part):
                    return True
        function = ancestor(function, "function_definition")
    return False


def _is_hidden(program: Program, name: Node) -> bool:
    """Whether a class around has a member of this name, or a namespace around a variable."""
    text = program.unit.text_of(name)
    around = name.parent
    while around is not None:
        if around.type in ("field_declaration_list", "declaration_list"):
            members = around.type == "field_declaration_list"
            for child in around.named_children:
                for declarator in child.children_by_field_name("declarator"):
                    if b"__global__" in program.unit.bytes[child.start_byte : declarator.start_byte]:
                        continue  # a friend
                    inner: Node | None = declarator
                    while inner is not None and inner.type not in ("identifier", "field_identifier"):
                        inner = None if inner.type == "function_declarator" and not members else _inner(inner)
                    if inner is not None and program.unit.text_of(inner) == text:
                        return True
        around = around.parent
    return False


def _inner(declarator: Node) -> Node | None:
    return declarator.child_by_field_name("declarator") or (
        declarator.named_children[-1] if declarator.type.endswith("reference_declarator") else None
    )


def _declares(identifier: Node) -> bool:
    """Whether this identifier is what its declarator declares, not part of its initial value."""
    node, parent = identifier, identifier.parent
    while parent is not None and parent.type.endswith("declarator"):
        inner = parent.child_by_field_name("declarator") or (
            parent.named_children[-1] if parent.named_children else None
        )
        if inner is None or inner.start_byte != node.start_byte:
            return False
        node, parent = parent, parent.parent
    return parent is not None and (parent.type.endswith("declaration") or parent.type == "for_range_loop")


def _addresses(program: Program, edits: Edits, done: set[int]) -> None:
    """Kernels used as values become calls that give the pointer and remember what it points to."""
    unit = program.unit
    overloaded = {
        k.qualified
        for k in program.source.kernels
        if sum(o.qualified == k.qualified for o in program.source.kernels) > 1
    }
    for node in walk(unit.root):
        if node.type != "identifier" or node.start_byte in done or unit.text_of(node) not in program.kernel_names:
            continue
        whole = node
        while whole.parent is not None and whole.parent.type in ("template_function", "qualified_identifier"):
            last = (
                whole.parent.named_children[-1]
                if whole.parent.type == "qualified_identifier"
                else whole.parent.named_children[0]
            )
            if last.start_byte != whole.start_byte:
                break
            whole = whole.parent
        parent = whole.parent
        if parent is None or not _is_run(program, node) or _is_local(program, node):
            continue
        if _declares(node) or _is_hidden(program, node):
            continue
        if parent.type == "template_argument_list" or (
            ancestor(node, "template_argument_list", "compound_statement") is not None and _in_template_args(node)
        ):
            continue
        if parent.type == "call_expression" and parent.child_by_field_name("function") == whole:
            continue
        if parent.type in ("function_declarator", "template_function", "using_declaration"):
            continue
        head = program.resolve_kernel(unit.text_of(whole), node)
        if head is None or head.kernel.qualified in overloaded:
            continue
        arguments = _template_arguments(node)
        wanted = [p for p in head.kernel.template_params if p.default is None]
        if (arguments < len(wanted)) or any("variadic" in str(p.ctype) for p in head.kernel.template_params):
            continue
        start = whole.start_byte
        if parent.type == "pointer_expression" and unit.text_of(parent).startswith("&"):
            edits.blank(parent.start_byte, whole.start_byte)
            start = parent.start_byte
            whole_parent = parent.parent
        else:
            whole_parent = parent
        edits.replace_node(node, f"cuport_pointer_{head.index}")
        edits.insert_after(whole.end_byte, "()")
        if (
            whole_parent is not None
            and whole_parent.type == "cast_expression"
            and _is_launch_argument(program, whole_parent)
        ):
            edits.blank(whole_parent.start_byte, start)


def _is_run(program: Program, node: Node) -> bool:
    """Inside a function, or the initial value of a global variable that need not be a constant (a table of kernels)."""
    if program.function_around(node) is not None:
        return True
    declaration = ancestor(node, "declaration")
    if declaration is None or ancestor(node, "init_declarator") is None:
        return False
    return not any(program.unit.text_of(c) in ("constexpr", "constinit") for c in declaration.children)


def _template_arguments(node: Node) -> int:
    parent = node.parent
    if parent is None or parent.type != "template_function":
        return 0
    listed = parent.child_by_field_name("arguments")
    return sum(c.type != "comment" for c in listed.named_children) if listed is not None else 0


def _in_template_args(node: Node) -> bool:
    current = node.parent
    while current is not None and current.type not in ("compound_statement", "argument_list"):
        if current.type == "template_argument_list":
            return True
        current = current.parent
    return False


def _is_launch_argument(program: Program, node: Node) -> bool:
    """The first argument of cudaLaunchKernel and of the calls that ask about a kernel: `(void*)k`."""
    call = node.parent.parent if node.parent is not None and node.parent.type == "argument_list" else None
    if call is None or call.type != "call_expression":
        return False
    name = program.unit.text_of(call.child_by_field_name("function"))
    return name in _POINTER_LAUNCHES or name.startswith(("cudaFunc", "cudaOccupancy"))
