"""Textures and surfaces in a text: which of the runtime's headers it needs, and which kernels no case can hold.

What a fetch gives depends on an object that the host has made: a launch's arguments and buffers do not tell it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cuport.cuda.declarations import Definition
from cuport.cuda.unit import Unit
from cuport.diagnostic import Diagnostic

_ACCESS = re.compile(
    r"\b(?:tex(?:1D|2D|3D|Cubemap)(?:fetch|gather|(?:Layered)?(?:Lod|Grad)?)"
    r"|surf(?:1D|2D|3D|Cubemap)(?:Layered)?(?:read|write))\b(?=\s*[(<])"
)
_REFERENCE = re.compile(r"\b(?:texture|surface)\s*<|\b(?:texture|surface)Reference\b")
_MARKER = re.compile(r'# \d+ "([^"]*)"')
_OWN = re.compile(r"\b(?:struct|class)\s+(?:texture|surface)\b\s*[:{<]")
_NAMES = re.compile(
    r"\bcuda(?:Tex|Surf)\w+|\bcuda\w*Array\w*|\bcuda\w*[Mm]ipmap\w*|\bcudaResource\w+|\bcuda\w*Channel(?:Desc|Format)\w*"
    r"|\bcudaAddressMode\w+|\bcudaFilterMode\w+|\bcudaReadMode\w+|\bcudaBoundaryMode\w+"
)


def texture_headers(text: str) -> tuple[str, ...]:
    """Headers of the runtime for the textures, surfaces and arrays that a text names; none for most programs."""
    if _REFERENCE.search(text) and not _OWN.search(text) and (_ACCESS.search(text) or _NAMES.search(text)):
        return ("cuport/textures/textures.h", "cuport/textures/texture_reference.h")
    return ("cuport/textures/textures.h",) if _ACCESS.search(text) or _NAMES.search(text) else ()


def without_files_of(preprocessed: str, folder: str) -> str:
    """A preprocessor's output without the lines that came from files of this folder."""
    kept, inside = [], False
    for line in preprocessed.splitlines():
        if marker := _MARKER.match(line):
            inside = marker[1].startswith(folder)
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def texture_use(unit: Unit, kernel: Definition, reached: Sequence[Definition]) -> list[Diagnostic]:
    """Why a kernel cannot be captured, at its first access to a texture or surface; empty for one that has none."""
    for d in reached:
        if found := _ACCESS.search(unit.text_of(d.whole)):
            before = len(unit.text_of(d.whole)[: found.start()].encode())
            start = d.whole.start_byte + before
            message = (
                f"kernel {kernel.qualified} uses {found[0]}: the texture or surface behind it is no part of a launch's "
                "arguments, so that no case can hold it"
            )
            hint = "`cuport run` runs it; to have it translated, pass the data by pointer"
            return [Diagnostic("unsupported.texture", message, unit.span_of(start, start + len(found[0])), hint)]
    return []
