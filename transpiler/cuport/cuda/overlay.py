"""Copies of a program's own files, changed so that the preprocessor leaves system headers alone.

In the copies `#include <x>` becomes a pragma (so it survives, and `#if` around it is still decided), local includes
point to other copies, and `#line` directives keep every line number. The copies live in a temporary folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cuport.cuda.decode import decode
from cuport.cuda.headers import MACROS_OF_HEADER, PASSED_ON, is_system, is_toolkit
from cuport.cuda.lexer import pieces
from cuport.diagnostic import CuportError, Diagnostic

KEEP_INCLUDE = "cuport_include"
KEEP_DIRECTIVE = "cuport_directive"
MISSING = "cuport_missing"
_INCLUDE = re.compile(r"#\s*include(?:_next)?\s*(?:<(?P<system>[^>\n]+)>|\"(?P<local>[^\"\n]+)\"|(?P<macro>\w+))")
_DEFINE = re.compile(r"#\s*(?P<word>define|undef)\s+(?P<name>\w+)(?P<rest>.*)", re.DOTALL)
_HAS_INCLUDE = re.compile(r"__has_include\s*\(\s*(?:<([^>\n]+)>|\"([^\"\n]+)\")\s*\)")
_COMPUTED = r"#\s*define\s+{name}\s+(<[^>\n]+>|\"[^\"\n]+\")"
_MOST_FILES = 2000


@dataclass
class Overlay:
    """The copies. `shown` maps the name used in `#line` (and so in messages) to the path users know."""

    folder: Path
    include_dirs: Sequence[Path]
    base: Path  # folder of the main file; names in `__FILE__` are relative to it
    replaced: Mapping[str, str] = field(default_factory=dict)  # contents to use instead of a header's own
    shown: dict[str, str] = field(default_factory=dict)
    headers: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _copies: dict[str, Path] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)  # of every file copied, by its path

    def add(self, path: Path, text: str | None = None) -> Path:
        """Copy a file and, with it, every local header it names; gives the copy's path. Each file is copied once."""
        key = os.path.realpath(path)
        if key in self._copies:
            return self._copies[key]
        copy = self.folder / f"{len(self._copies)}_{re.sub(r'[^A-Za-z0-9_.]', '_', path.name)}"
        self._copies[key] = copy
        if text is None:
            text, notes = decode(path, what="header")
            text = self.replaced.get(str(path), text)
            self.diagnostics += notes
            self.headers.append(str(path))
        name = os.path.relpath(path, self.base)
        self.shown[name] = str(path)
        self.texts[str(path)] = text
        copy.write_text(self._rewrite(text, path, name), encoding="utf-8", newline="\n")
        return copy

    def _rewrite(self, text: str, path: Path, name: str) -> str:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        out = [f'#line 1 "{quoted}"\n']
        extra: list[str] = []
        line = 1
        for piece in pieces(text):
            if piece.kind == "directive":
                replaced, extra = self._directive(piece.text, path)
                out.append(replaced)
            elif piece.kind == "newline" and extra:
                out.append("\n")
                out += (f'#line {line} "{quoted}"\n{e}\n' for e in extra)
                out.append(f'#line {line + 1} "{quoted}"\n')
                extra = []
            else:
                out.append(piece.text)
            line += piece.text.count("\n")
        if extra:
            out += ["\n", *(f'#line {line} "{quoted}"\n{e}\n' for e in extra)]
        return "".join(out) + "\n"

    def _directive(self, text: str, path: Path) -> tuple[str, list[str]]:
        """What to write for a directive, and lines to add after it."""
        if match := _INCLUDE.match(text):
            rest = text[match.end() :]
            system, local = match["system"], match["local"]
            if macro := match["macro"]:
                system, local = self._computed(macro)
                if not system and not local:
                    return text, []
            found = self._find(local or system, path, quoted=bool(local))
            if found and not is_toolkit(local or system):
                target = str(self.add(found)).replace("\\", "\\\\")
                return f'#include "{target}"{rest}', []
            if system or is_system(local):
                header = (system or local).strip()
                macros = [f"#define {m} {m}" for m in MACROS_OF_HEADER.get(header, "").split()]
                return f"#pragma {KEEP_INCLUDE} <{header}>{rest}", macros
            return f'#pragma {MISSING} "{local}"{rest}', []
        if match := _DEFINE.match(text):
            if PASSED_ON.fullmatch(match["name"]):
                plain = "".join(p.text for p in pieces(" " + text.replace("\\\n", " ")[1:]) if p.kind != "comment")
                return text, [f"#pragma {KEEP_DIRECTIVE} {' '.join(plain.split())}"]
            return text, []

        def answer(match: re.Match[str]) -> str:
            header = match[1] or match[2]
            known = is_system(header) or self._find(header, path, quoted=bool(match[2])) is not None
            return "1" if known else "0"

        return _HAS_INCLUDE.sub(answer, text), []

    def _computed(self, macro: str) -> tuple[str, str]:
        """`#include MACRO`: the header it names, where the texts read so far define it exactly once."""
        found = {m[1] for t in self.texts.values() for m in re.finditer(_COMPUTED.format(name=re.escape(macro)), t)}
        if len(found) != 1:
            return "", ""
        header = found.pop()
        return (header[1:-1], "") if header[0] == "<" else ("", header[1:-1])

    def _find(self, name: str, includer: Path, *, quoted: bool) -> Path | None:
        if len(self._copies) > _MOST_FILES:
            raise CuportError(
                Diagnostic("read.too-many-headers", f"more than {_MOST_FILES} local headers", None, "include less")
            )
        folders = [includer.parent] if quoted else []
        for folder in (*folders, *self.include_dirs):
            candidate = folder / name
            try:
                if candidate.is_file():
                    return candidate
            except (OSError, ValueError):  # a name too long, or with a NUL
                continue
        return None
