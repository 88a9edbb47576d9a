"""Changes to a text by byte offsets, applied together, keeping every line where it was."""

from __future__ import annotations

from tree_sitter import Node

from cuport.diagnostic import fail


class Edits:
    """Insertions and replacements over one text.

    What is inserted at one place stands in the order it was asked for; `wrap` nests: of two wraps that end at the same
    place the one asked for first is the outer one. A replacement keeps the newlines of what it replaces, so that the
    lines of the result are those of the text.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._inserted: list[tuple[int, int, int, bytes]] = []  # place, rank, order, what
        self._replaced: list[tuple[int, int, bytes]] = []

    def insert(self, at: int, what: str) -> None:
        self._inserted.append((at, 1, len(self._inserted), what.encode()))

    def insert_after(self, at: int, what: str) -> None:
        """Insert where something ends: before whatever is inserted where the next thing begins."""
        self._inserted.append((at, 0, len(self._inserted), what.encode()))

    def wrap(self, node: Node, before: str, after: str) -> None:
        self.wrap_range(node.start_byte, node.end_byte, before, after)

    def wrap_range(self, start: int, end: int, before: str, after: str) -> None:
        self.insert(start, before)
        self._inserted.append((end, -1, -len(self._inserted), after.encode()))

    def replace(self, start: int, end: int, what: str) -> None:
        newlines = self._text.count(b"\n", start, end) - what.count("\n")
        self._replaced.append((start, end, what.encode() + b"\n" * max(newlines, 0)))

    def replace_node(self, node: Node, what: str) -> None:
        self.replace(node.start_byte, node.end_byte, what)

    def blank(self, start: int, end: int) -> None:
        """Remove, keeping the newlines."""
        self.replace(start, end, " " if self._text[start:end].strip() else "")

    def covers(self, at: int) -> bool:
        """Whether this byte lies in something replaced."""
        return any(start <= at < end for start, end, _ in self._replaced)

    def part(self, start: int, end: int) -> str:
        """The changed text of one stretch, with what was inserted at its ends for it."""
        inner = Edits(self._text[start:end])
        inner._inserted = [
            (at - start, rank, order, what)
            for at, rank, order, what in self._inserted
            if start < at < end or (at == start and rank == 1) or (at == end and rank < 1)
        ]
        inner._replaced = [(s - start, e - start, what) for s, e, what in self._replaced if start <= s and e <= end]
        return inner.apply()

    def apply(self) -> str:
        """The changed text. Edits inside a replaced stretch are dropped; overlapping ones are an error of ours."""
        replaced: list[tuple[int, int, bytes]] = []
        for start, end, what in sorted(self._replaced, key=lambda r: (r[0], -r[1])):
            if replaced and start < replaced[-1][1]:
                if end > replaced[-1][1]:
                    raise fail("oracle.rewrite", "two changes to the program's text overlap")
                continue  # inside a larger one
            replaced.append((start, end, what))
        inserted = sorted(self._inserted)
        out: list[bytes] = []
        at = 0
        i = 0
        for start, end, what in [*replaced, (len(self._text), len(self._text), b"")]:
            while i < len(inserted) and inserted[i][0] <= start:
                place, _, _, text = inserted[i]
                out += (self._text[at:place], text)
                at = place
                i += 1
            out += (self._text[at:start], what)
            at = end
            while i < len(inserted) and inserted[i][0] < end:
                i += 1
        return b"".join(out).decode(errors="replace")
