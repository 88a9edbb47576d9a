"""One translation file out of several kernels' modules.

Imports are gathered, equal definitions kept once, and a name that two modules define differently gets the later
kernel's name as a suffix. The merged file is what is judged: nothing here has to be trusted.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence


def merge(modules: Sequence[tuple[str, str]], docstring: str) -> str:
    """`modules`: (kernel's Python name, code) in source order. Returns the merged file's text, under the docstring.

    A single module that has a docstring of its own is left as it is.
    """
    if len(modules) == 1:
        code = modules[0][1]
        return code if ast.get_docstring(ast.parse(code)) is not None else f'"""{docstring}"""\n\n{code.lstrip()}'
    imports: dict[str, None] = {}
    bodies: list[str] = []
    owner: dict[str, str] = {}  # defined name -> its dump, from the modules so far
    public = {name for name, _ in modules}
    for kernel, code in modules:
        tree = ast.parse(code)
        statements = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
        rename = {
            name: f"{name}_{kernel}"
            for statement in statements
            for name in _defined(statement)
            if name in owner and owner[name] != ast.dump(statement) and name not in public
        }
        edits = _renames(tree, rename)
        lines = code.splitlines()
        for statement in statements:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                imports[ast.unparse(statement)] = None
                continue
            names = _defined(statement)
            text = _segment(lines, statement, edits)
            if names and all(owner.get(n) == ast.dump(statement) for n in names):
                continue
            if not names and text in bodies:  # a module-level call, such as one that configures JAX
                continue
            for name in names:
                owner.setdefault(rename.get(name, name), ast.dump(statement))
            bodies.append(text)
    head = "\n".join(sorted(imports, key=_import_order))
    return f'"""{docstring}"""\n\n{head}\n\n\n' + "\n\n\n".join(bodies) + "\n"


def _import_order(line: str) -> tuple[bool, bool, str]:
    """`from __future__` first, then plain imports, then the rest."""
    return not line.startswith("from __future__"), line.startswith("from "), line


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [t.id for t in statement.targets if isinstance(t, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def _renames(tree: ast.Module, rename: dict[str, str]) -> dict[int, list[tuple[int, int, str]]]:
    """Edits by line: (start column, end column, new text), columns in UTF-8 bytes as `ast` counts them."""
    edits: dict[int, list[tuple[int, int, str]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in rename:
            edits.setdefault(node.lineno, []).append((node.col_offset, node.col_offset + len(node.id), rename[node.id]))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in rename:
            at = node.col_offset + len("def " if isinstance(node, ast.FunctionDef) else "class ")
            edits.setdefault(node.lineno, []).append((at, at + len(node.name), rename[node.name]))
    return edits


def _segment(lines: list[str], statement: ast.stmt, edits: dict[int, list[tuple[int, int, str]]]) -> str:
    """The statement's own text, decorators and the comment block above it included, with names replaced."""
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(d.lineno for d in decorators)])
    while first > 1 and lines[first - 2].startswith("#"):
        first -= 1
    out = []
    for number in range(first, (statement.end_lineno or statement.lineno) + 1):
        raw = lines[number - 1].encode()
        for start, end, text in sorted(edits.get(number, ()), reverse=True):
            raw = raw[:start] + text.encode() + raw[end:]
        out.append(raw.decode())
    return "\n".join(out)
