"""The program again with another size constant: more launches, so that coincidences of one run show.

With one launch of n = 1024 elements in 4 blocks of 256, `len(x) = n` and `len(x) = 4 * 256` look alike. A number in the
host code, or a program argument, that equals a size in question is replaced wherever it stands outside device code, and
the program runs once more. The kernel itself must come out unchanged, and every new launch must run clean like any
other.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cuport.cuda.lexer import Token, tokens
from cuport.cuda.reading import read
from cuport.diagnostic import CuportError
from cuport.kernel import Kernel, Source

_MOST_RUNS = 6  # a program, all its kernels together
_SECONDS = 30.0  # one run
_TOTAL_SECONDS = 150.0  # compiling included: no new run begins after this
_INTEGER = re.compile(r"(0[xX][0-9a-fA-F']+|\d[\d']*)[uUlLzZ]*")


@dataclass(frozen=True)
class Place:
    """A constant in the program's text, `path` as `Source` shows it."""

    path: str
    start: int
    end: int
    value: int


@dataclass
class Reruns:
    """All re-runs of one program with one set of arguments."""

    source: Source
    oracle: Any
    args: tuple[str, ...]
    captures: dict[str, list[Any]] = field(default_factory=dict)  # by kernel digest
    _tried: set[tuple[Any, ...]] = field(default_factory=set)
    _spent: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _texts: dict[str, str] | None = None

    def of(self, kernel: Kernel) -> list[Any]:
        """Captures of this kernel from all runs so far."""
        with self._lock:
            return list(self.captures.get(kernel.digest, []))

    def step(self, values: Sequence[int]) -> bool:
        """One more run in which numbers equal to one of `values` are changed; False if there is none left to do."""
        with self._lock:
            for value in dict.fromkeys(values):
                places = self._places(value)
                if not places and str(value) not in self.args:
                    continue
                bigger, smaller = other_sizes(value)
                # sizes that only happen to be equal are told apart by changing one alone
                alone = [[p] for p in places[:4]] if len(places) > 1 else []
                for chosen, new in [(places, bigger), *((a, bigger) for a in alone), (places, smaller)]:
                    if self._run(chosen, value, new):
                        return True
            return False

    def _run(self, places: Sequence[Place], value: int, new: int) -> bool:
        """Whether it was run: not twice the same, and not past the limits."""
        key = (tuple(places), value, new)
        if key in self._tried or len(self._tried) >= _MOST_RUNS or self._spent > _TOTAL_SECONDS:
            return False
        self._tried.add(key)
        begin = time.monotonic()
        try:
            changed = self._changed(places, new)
            args = tuple(str(new) if a == str(value) else a for a in self.args)
            found = launches(self.oracle, changed, args, _SECONDS)
        except CuportError:
            return True
        finally:
            self._spent += time.monotonic() - begin
        digests = {k.qualified: k.digest for k in changed.kernels} | {k.python_name: k.digest for k in changed.kernels}
        for capture in found:
            digest = digests.get(capture.case.kernel)
            if digest is not None:
                self.captures.setdefault(digest, []).append(capture)
        return True

    def _changed(self, places: Sequence[Place], new: int) -> Source:
        texts = self._all_texts()
        replaced: dict[str, str] = {}
        for place in sorted(places, key=lambda p: -p.start):
            text = replaced.get(place.path, texts[place.path])
            replaced[place.path] = text[: place.start] + str(new) + text[place.end :]
        folders = [Path(d) for d in self.source.include_dirs]
        return read(self.source.path, include_dirs=folders, defines=self.source.defines, replaced=replaced)

    def _all_texts(self) -> dict[str, str]:
        if self._texts is None:
            self._texts = {self.source.path: self.source.raw}
            for header in self.source.local_headers:
                text = Path(header).read_text(encoding="utf-8", errors="replace")
                self._texts[header] = text.replace("\r\n", "\n")
        return self._texts

    def _places(self, value: int) -> list[Place]:
        device = [k.span for k in self.source.kernels] + [f.span for f in self.source.functions if f.device]
        lines = {(s.path, n) for s in device for n in range(s.line, max(s.end_line, s.line) + 1)}
        found = []
        for path, text in self._all_texts().items():
            for place in constants(path, text):
                line = text.count("\n", 0, place.start) + 1
                if place.value == value and (path, line) not in lines:
                    found.append(place)
        return found


def constants(path: str, text: str) -> list[Place]:
    """Integer constants of a text, `1 << 20` and `64 * 1024` as one; directives count, comments and strings do not."""
    found: list[Place] = []
    solid = [t for t in tokens(text) if t.kind not in ("space", "comment")]
    index = 0
    while index < len(solid):
        value = _integer(solid[index])
        if value is None:
            index += 1
            continue
        end = index
        while end + 2 < len(solid) and solid[end + 1].text in ("<<", "*"):
            more = _integer(solid[end + 2])
            if more is None or (solid[end + 1].text == "<<" and more > 40):
                break
            value = value << more if solid[end + 1].text == "<<" else value * more
            end += 2
        found.append(Place(path, solid[index].start, solid[end].end, value))
        index = end + 1
    return found


def _integer(token: Token) -> int | None:
    match = _INTEGER.fullmatch(token.text) if token.kind == "number" else None
    if match is None:
        return None
    digits = match[1].replace("'", "")
    if digits[:1] == "0" and digits[:2].lower() != "0x" and digits != "0":
        return None  # octal: nobody writes sizes so
    return int(digits, 0)


def other_sizes(value: int) -> tuple[int, int]:
    """A larger and a smaller size that keep the value's divisibility by powers of two up to 64."""
    step = min(value & -value, 64)
    bigger = value + max(1, value // 8 // step) * step
    half = value // 2 // step * step
    return bigger, half or max(1, value // 2)


def launches(oracle: Any, source: Source, args: Sequence[str], seconds: float) -> list[Any]:
    """Launches of one run, whatever the program's exit code: its own check may not expect the new size."""
    capture = getattr(oracle, "captured_launches", None)
    if capture is not None:
        return list(capture(source, args, timeout=seconds))
    from cuport.oracle.capture import read_capture

    with tempfile.TemporaryDirectory(prefix="cuport-rerun-") as folder:
        oracle.run_program(source, args, timeout=seconds, capture=Path(folder))
        return [read_capture(path) for path in sorted(Path(folder).glob("*.case"))]


_KEPT: OrderedDict[tuple[str, str, tuple[str, ...]], Reruns] = OrderedDict()
_GUARD = threading.Lock()


def reruns(source: Source, oracle: Any, args: Sequence[str]) -> Reruns:
    """The re-runs of a program, shared by its kernels."""
    key = (source.path, source.digest, tuple(args))
    with _GUARD:
        if key not in _KEPT or _KEPT[key].oracle is not oracle:
            _KEPT[key] = Reruns(source, oracle, tuple(args))
            while len(_KEPT) > 16:
                _KEPT.popitem(last=False)
        return _KEPT[key]
