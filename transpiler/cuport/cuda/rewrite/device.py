"""Device code as C++: shared variables, built-in variables, casts and shifts with the GPU's meaning, qualifiers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

from tree_sitter import Node

from cuport.cuda.declarations import at_namespace_scope
from cuport.cuda.lexer import Token, pieces
from cuport.cuda.parse import ancestor, walk
from cuport.cuda.rewrite.conversions import rewrite_conversions
from cuport.cuda.rewrite.edits import Edits
from cuport.cuda.rewrite.loops.rows import takes_place
from cuport.cuda.rewrite.loops.spinning import spinning_edit
from cuport.cuda.rewrite.loops.stepping import rewrite_read, rewrite_step
from cuport.cuda.rewrite.program import Program
from cuport.cuda.unit import Unit

_BUILTINS = {"threadIdx": "uint3", "blockIdx": "uint3", "blockDim": "dim3", "gridDim": "dim3"}


def rewrite_device(program: Program, edits: Edits) -> None:
    """All changes inside device code. Raises CuportError for what cannot be expressed."""
    injected: dict[int, list[str]] = defaultdict(list)  # body's start -> declarations at its beginning
    shared = _shared(program, edits)
    _dynamic_as_place(program, edits)
    _inject_names(program, shared, injected)
    for start, lines in injected.items():
        edits.insert_after(start + 1, " " + " ".join(lines))
    rewrite_conversions(program, edits)
    _arithmetic(program, edits)
    for loop, call in (*((n, "spinning") for n in program.spinning), *((n, "watching") for n in program.watching)):
        start, end, before, after = spinning_edit(program.unit, loop, call)
        edits.insert(start, before)
        if after:
            edits.insert_after(end, after)
    for statement in program.stepping:
        rewrite_step(program.unit, edits, statement)
    for statement in program.stepping_together:
        rewrite_read(edits, statement)


def _shared(program: Program, edits: Edits) -> dict[str, str]:
    """Rewrites `__shared__` declarations; those at namespace scope come back as name -> declaration to inject."""
    unit = program.unit
    outside: dict[str, str] = {}
    for number, node in enumerate(n for n in walk(unit.root) if n.type == "declaration" and _is_shared(unit, n)):
        declarators = node.children_by_field_name("declarator")
        if not declarators:
            continue
        head = [c for c in node.children if c.start_byte < declarators[0].start_byte]
        type_node = node.child_by_field_name("type")
        qualifiers = [unit.text_of(c) for c in head if c.type == "type_qualifier" and unit.text_of(c) != "__shared__"]
        ctype = " ".join([*qualifiers, unit.flat(type_node)])
        if any(unit.text_of(c) == "extern" for c in head):
            texts = []
            for declarator in declarators:
                name, extents = _unbounded(unit, declarator)
                texts.append(f"auto* {name} = cuport::dynamic_shared<{ctype}{extents}>();")
                if at_namespace_scope(node):
                    outside[name] = texts.pop()
            edits.replace_node(node, " ".join(texts))
            continue
        struct = f"cuport_shared_{number}"
        names = [_declared_name(unit, d) for d in declarators]
        types = [_reference(unit, node, d) for d in declarators]
        references = [f"{t} = cuport::shared<{struct}>().{n};" for n, t in zip(names, types, strict=True)]
        for c in head:
            if unit.text_of(c) in ("__shared__", "static"):
                edits.blank(c.start_byte, c.end_byte)
        edits.insert(node.start_byte, f"struct {struct} {{ ")
        if at_namespace_scope(node):
            edits.insert_after(node.end_byte, " };")
            outside.update(zip(names, references, strict=True))
        else:
            edits.insert_after(node.end_byte, " }; " + " ".join(references))
    return outside


def _reference(unit: Unit, node: Node, declarator: Node) -> str:
    """`T s[4]` -> `T (&s)[4]` inside a template, where what comes of `auto&` would need `s.template f<1>()`."""
    name: Node | None = declarator
    while name is not None and name.type in ("array_declarator", "pointer_declarator"):
        name = name.child_by_field_name("declarator")
    type_node = node.child_by_field_name("type")
    named = type_node is not None and type_node.type in ("type_identifier", "qualified_identifier", "template_type")
    if name is None or name.type != "identifier" or not named or ancestor(node, "template_declaration") is None:
        return f"auto& {_declared_name(unit, declarator)}"
    head = [c for c in node.children if c.start_byte < declarator.start_byte and c.type == "type_qualifier"]
    qualifiers = [unit.text_of(c) for c in head if unit.text_of(c) != "__shared__"]
    before = unit.bytes[declarator.start_byte : name.start_byte].decode(errors="replace")
    after = unit.bytes[name.end_byte : declarator.end_byte].decode(errors="replace")
    text = " ".join([*qualifiers, unit.flat(type_node), f"{before}(&{unit.text_of(name)}){after}"])
    return " ".join(text.split())


def _dynamic_as_place(program: Program, edits: Edits) -> None:
    """Dynamic shared memory became a pointer: `&s` and `reinterpret_cast<T&>(s)` mean what it points at."""
    unit = program.unit
    names_: set[str] = set()
    for node in walk(unit.root):
        if (
            node.type == "declaration"
            and _is_shared(unit, node)
            and any(unit.text_of(c) == "extern" for c in node.children)
        ):
            names_ |= {_declared_name(unit, d) for d in node.children_by_field_name("declarator")}
    if not names_:
        return
    for node in walk(unit.root):
        if node.type != "identifier" or unit.text_of(node) not in names_ or node.parent is None:
            continue
        parent = node.parent
        taken = parent.type == "pointer_expression" and unit.text_of(parent).startswith("&")
        if parent.type == "argument_list" and len(parent.named_children) == 1 and parent.parent is not None:
            function = parent.parent.child_by_field_name("function")
            taken = re.fullmatch(r"reinterpret_cast\s*<.*&\s*>", unit.flat(function)) is not None
        if taken and program.in_device_code(node):
            edits.replace_node(node, f"(*{unit.text_of(node)})")


def _is_shared(unit: Unit, node: Node) -> bool:
    return any(c.type == "type_qualifier" and unit.text_of(c) == "__shared__" for c in node.children)


def _declared_name(unit: Unit, declarator: Node) -> str:
    node: Node | None = declarator
    while node is not None and node.type not in ("identifier", "field_identifier"):
        inner = node.child_by_field_name("declarator")
        node = inner if inner is not None else (node.named_children[-1] if node.named_children else None)
    return unit.text_of(node)


def _unbounded(unit: Unit, declarator: Node) -> tuple[str, str]:
    """`s[][4]` -> ("s", "[4]"): the name and the extents of one element."""
    extents: list[str] = []
    node: Node | None = declarator
    while node is not None and node.type == "array_declarator":
        size = node.child_by_field_name("size")
        extents.insert(0, unit.flat(size) if size is not None else "")
        node = node.child_by_field_name("declarator")
    return _declared_name(unit, declarator), "".join(f"[{e}]" for e in extents[1:])


def _inject_names(program: Program, shared: dict[str, str], injected: dict[int, list[str]]) -> None:
    """Local copies of the built-in variables where they are used: locals, unlike globals, can live in registers."""
    unit = program.unit
    declarations: dict[str, str] = {n: f"const {t} {n} = cuport::current_{n}();" for n, t in _BUILTINS.items()}
    declarations.update(shared)
    for node in walk(unit.root):
        if node.type != "identifier":
            continue
        name = unit.text_of(node)
        if name not in declarations or not program.in_device_code(node):
            continue
        if (
            node.parent is not None
            and node.parent.type in ("qualified_identifier", "init_declarator")
            and _names_it(node)
        ):
            continue
        body = _body_around(node)
        if body is not None and name in _BUILTINS and takes_place(program, body.start_byte):
            continue
        if body is not None and declarations[name] not in injected[body.start_byte]:
            injected[body.start_byte].append(declarations[name])


def _names_it(node: Node) -> bool:
    parent = node.parent
    declared = parent.child_by_field_name("declarator") if parent is not None else None
    return parent is not None and (parent.type == "qualified_identifier" or declared == node)


def _body_around(node: Node) -> Node | None:
    """The body of the innermost function or lambda around a node, if the node stands in its body."""
    around = ancestor(node, "lambda_expression", "function_definition")
    while around is not None:
        body = around.child_by_field_name("body")
        if (
            body is not None
            and body.type == "compound_statement"
            and body.start_byte <= node.start_byte < body.end_byte
        ):
            return body
        around = ancestor(around, "lambda_expression", "function_definition")
    return None


_INTEGER = re.compile(
    r"(?:(?:unsigned|signed|int|char|short|long|__int64)\s*)+|u?int(?:_fast|_least)?\d+_t|size_t|ptrdiff_t|ssize_t"
    r"|uint|uchar|ushort|ulong|std::(?:u?int\d+_t|size_t)"
)


def _arithmetic(program: Program, edits: Edits) -> None:
    """Casts to integers saturate, shifts by too much are defined (cuport/numbers)."""
    unit = program.unit
    for node in walk(unit.root):
        if node.type == "cast_expression":
            target = node.child_by_field_name("type")
            value = node.child_by_field_name("value")
            if target is None or value is None or value.type in ("number_literal", "char_literal"):
                continue
            ctype = unit.flat(target)
            if not _converts(program, node, ctype) or not program.in_device_code(node):
                continue
            edits.replace(node.start_byte, value.start_byte, f"cuport::cast<{ctype}>(")
            edits.wrap(value, "", ")")
        elif node.type == "call_expression":
            function = node.child_by_field_name("function")
            arguments = node.child_by_field_name("arguments")
            if function is None or arguments is None or len(arguments.named_children) != 1:
                continue
            if function.type in ("primitive_type", "sized_type_specifier"):
                ctype = unit.flat(function)
            elif function.type == "template_function" and unit.text_of(function.named_children[0]) == "static_cast":
                ctype = unit.flat(function.named_children[1])[1:-1].strip()
            else:
                continue
            if _converts(program, node, ctype) and program.in_device_code(node):
                edits.replace_node(function, f"cuport::cast<{ctype}>")
        elif node.type == "binary_expression":
            operator = node.child_by_field_name("operator")
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if operator is None or left is None or right is None or unit.text_of(operator) not in ("<<", ">>"):
                continue
            if right.type == "number_literal" or left.type == "string_literal" or not program.in_device_code(node):
                continue
            if _is_constant_context(node):
                continue
            name = "shift_left" if unit.text_of(operator) == "<<" else "shift_right"
            edits.wrap(node, f"cuport::{name}(", ")")
            edits.replace_node(operator, ",")
        elif node.type == "assignment_expression":
            operator = node.child_by_field_name("operator")
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if operator is None or left is None or right is None or unit.text_of(operator) not in ("<<=", ">>="):
                continue
            # a bit-field, which only a member can be, could not be passed by reference
            if right.type == "number_literal" or "field_expression" in left.type or not program.in_device_code(node):
                continue
            name = "shift_left" if unit.text_of(operator) == "<<=" else "shift_right"
            edits.wrap(node, f"cuport::{name}_by(", ")")
            edits.replace_node(operator, ",")


def _converts(program: Program, node: Node, ctype: str) -> bool:
    """Whether a cast to this type may turn a floating value into an integer."""
    if _INTEGER.fullmatch(ctype):
        return True
    function = program.function_around(node)
    return function is not None and any(p.name == ctype and p.kind == "type" for p in function.template_params)


def _is_constant_context(node: Node) -> bool:
    """Array extents, template arguments, case labels, enumerators: computed by the compiler, left as they are."""
    return ancestor(
        node, "template_argument_list", "array_declarator", "enumerator", "static_assert_declaration"
    ) is not None and _before_body(node)


def _before_body(node: Node) -> bool:
    current = node.parent
    while current is not None and current.type != "compound_statement":
        if current.type in ("template_argument_list", "array_declarator", "enumerator", "static_assert_declaration"):
            return True
        current = current.parent
    return False


_SIMD = re.compile(r"\b(?:__v[a-z]+[24]|__vi[a-z]+3?_[su](?:32|16x2)\w*|__dp[24]a\w*)\s*\(")


def intrinsic_headers(text: str) -> tuple[str, ...]:
    """Headers of the runtime for intrinsics that few programs use."""
    return ("cuport/numbers/simd.h",) if _SIMD.search(text) else ()


def rewrite_qualifiers(text: str, edits: Edits, offset: Callable[[Token], int]) -> None:
    """`__noinline__` and `__forceinline__`, which cannot be macros: libstdc++ has attributes of the first name, and
    the second means `inline` only where nothing else says so."""
    tokens = [t for t in pieces(text) if t.kind not in ("space", "newline", "comment")]
    for i, token in enumerate(tokens):
        if token.kind != "name" or token.text not in ("__noinline__", "__forceinline__", "__inline_hint__"):
            continue
        if i > 1 and tokens[i - 1].text == "(" and tokens[i - 2].text == "(":
            continue  # __attribute__((__noinline__))
        at = offset(token)
        if token.text == "__noinline__":
            edits.replace(at, at + len(token.text), "CUPORT_NOINLINE")
            continue
        if token.text == "__inline_hint__":
            edits.replace(at, at + len(token.text), "inline")
            continue
        word = "CUPORT_FORCEINLINE"
        if not _says_inline(tokens, i):
            word = "inline " + word
        edits.replace(at, at + len(token.text), word)


def _says_inline(tokens: list[Token], i: int) -> bool:
    """Whether the declaration specifiers around this one already hold `inline`."""
    for step in (-1, 1):
        j = i + step
        while 0 <= j < len(tokens) and (tokens[j].kind == "name" or tokens[j].text in ("::", "<", ">", "*", "&", ",")):
            if tokens[j].text in ("inline", "__inline__", "__inline"):
                return True
            if step == -1 and tokens[j].text == "__forceinline__":
                return True
            j += step
    return False
