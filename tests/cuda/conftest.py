"""Reading a text as if it were a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cuport.cuda import read
from cuport.diagnostic import CuportError, Diagnostic
from cuport.kernel import Source


class Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, text: str, defines: tuple[str, ...] = (), headers: dict[str, str] | None = None) -> Source:
        for name, body in (headers or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)
        (self.folder / "program.cu").write_text(text)
        return read(self.folder / "program.cu", defines=defines)

    def refused(self, text: str, headers: dict[str, str] | None = None) -> tuple[Diagnostic, ...]:
        """The diagnostics of a text that cannot be read."""
        with pytest.raises(CuportError) as caught:
            self(text, headers=headers)
        return caught.value.diagnostics

    @property
    def path(self) -> str:
        return str(self.folder / "program.cu")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)
