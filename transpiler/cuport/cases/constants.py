"""The integers that stand in a kernel's code: what decides whether its block may have another size."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cuport.cases.cexpressions import read_c
from cuport.cases.expressions import Num, names_in, simplify, value_or_none
from cuport.cuda.lexer import names, tokens
from cuport.kernel import Kernel, Source

_INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*")
_NAMED = re.compile(r"\b(\w+)\s*(?:\[\s*\])?=\s*([^;,{}()]*(?:\([^;{}()]*\)[^;,{}()]*)*)(?=[;,}])")


def device_text(source: Source, kernel: Kernel) -> str:
    """The kernel and the device functions it reaches."""
    reached = set(kernel.calls)
    return "\n".join([kernel.text, *(f.text for f in source.functions if f.qualified in reached)])


def integers_of(source: Source, kernel: Kernel) -> frozenset[int]:
    """Integer literals of the device code, with values of named constants it uses and of default template arguments."""
    text = device_text(source, kernel)
    found = {int(m[1].replace("'", ""), 0) for m in map(_INTEGER.fullmatch, _numbers(text)) if m and _plain(m[1])}
    used = names(text)
    for match in _NAMED.finditer(source.text):
        if match[1] in used and (expr := read_c(match[2])) is not None:
            value = simplify(expr)
            if isinstance(value, Num):
                found.add(value.value)
    for product in re.finditer(r"(\d+)\s*\*\s*(\d+)", text):
        found.add(int(product[1]) * int(product[2]))
    return frozenset(found)


def value_of(source: Source, text: str, depth: int = 0) -> int | None:
    """A constant expression's value, names of constants looked up in the source; None where it has none."""
    expr = read_c(text)
    if expr is None or depth > 6:
        return None
    known: dict[str, int] = {}
    for name in names_in(expr):
        for match in _NAMED.finditer(source.text):
            if match[1] == name.split("::")[-1].split(".")[-1] and match[2].strip() != text:
                value = value_of(source, match[2], depth + 1)
                if value is not None:
                    known[name] = value
                    break
    return value_or_none(simplify(expr), known)


def _numbers(text: str) -> list[str]:
    return [t.text for t in tokens(text) if t.kind == "number"]


def _plain(digits: str) -> bool:
    return digits[:2].lower() == "0x" or digits == "0" or not digits.startswith("0")


def reads(source: Source, kernel: Kernel, word: str, axis: str) -> bool:
    """Whether the device code reads `blockDim.x` and the like; the whole struct passed on counts for every axis."""
    text = device_text(source, kernel)
    if re.search(rf"\b{word}\s*\.\s*{axis}\b", text) or re.search(rf"\b{word}\b(?!\s*\.)", text):
        return True
    groups = {"blockDim": r"this_thread_block|thread_block\b", "gridDim": r"this_grid|grid_group"}
    return re.search(groups[word], text) is not None


def index_like(source: Source, kernel: Kernel, name: str) -> bool:
    """Whether a buffer's elements may index into others or bound loops; True where that cannot be seen."""
    text = device_text(source, kernel)
    names_of = {name}
    for match in re.finditer(r"\b(\w+)\s*=\s*([^;=][^;]*);", kernel.text):
        read = rf"__ldg\s*\(\s*(?:\([^()]*\)\s*)?&?\s*{re.escape(name)}\b"
        if re.search(rf"\b{re.escape(name)}\s*\[|\*\s*\(?\s*{re.escape(name)}\b|{read}", match[2]):
            names_of.add(match[1])
    words = "|".join(map(re.escape, names_of))
    within = re.search(rf"\[[^\]]*\b(?:{words})\b[^;]*\]|for\s*\([^)]*\b(?:{words})\b", text)
    passed = re.search(rf"\w\s*\([^()]*\b{re.escape(name)}\b\s*[,)+]", kernel.text.split("{", 1)[-1])
    pointer = re.search(rf"\+\s*(?:{words})\b(?!\s*[*\d])", text) if len(names_of) > 1 else None
    others = "|".join(re.escape(p.name) for p in kernel.params if p.is_pointer and p.name != name)
    beside = re.search(rf"\b(?:{others})\s*\+\s*(?:\([^()]*\)\s*)?(?:{words})\b", text) if others else None
    return any((within, passed, pointer, beside))


def kept_together(source: Source, kernel: Kernel, names: Iterable[str]) -> frozenset[str]:
    """Integers whose meaning is not their size: lanes of a vector, elements of an array, enumerators, and what globals
    hold (a counter, a flag). Another value than a captured one, or one lane's without the others', may mean nothing."""
    own = {p.name for p in kernel.params}
    enums = set(re.findall(r"\benum\s+(?:class\s+|struct\s+)?(\w+)", source.text))
    typed = {p.name for p in kernel.params if p.ctype.name.split("::")[-1] in enums}
    for struct in source.structs:
        inside = [p.name for p in kernel.params if p.ctype.struct == struct.qualified]
        typed |= {f"{p}.{f.name}" for p in inside for f in struct.fields if f.ctype.name.split("::")[-1] in enums}
    found = set()
    for name in names:
        lane = re.search(r"(\.[xyzw]|\[\d+\])$", name) is not None
        if lane or name in typed or re.split(r"[.\[]", name)[0] not in own:
            found.add(name)
    return frozenset(found)


def waits(source: Source, kernel: Kernel) -> bool:
    """Whether threads of a block work together: barriers, shared memory, warp operations."""
    text = device_text(source, kernel)
    return (
        re.search(r"__shared__|__sync|__shfl|__ballot|__any|__all|__activemask|cooperative_groups|\.sync\(", text)
        is not None
    )


def launch_bound(source: Source, kernel: Kernel) -> int:
    """Most threads of a block: `__launch_bounds__`, else what every device allows."""
    found = re.search(r"__launch_bounds__\s*\(([^,)]*)", kernel.text)
    value = value_of(source, found[1]) if found else None
    return value or 1024
