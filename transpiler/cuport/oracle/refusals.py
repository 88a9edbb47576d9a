"""Libraries that cuport does not run: refused by the first call, with its place; a header nobody uses is left out.

What they compute would have to come from a program of somebody else, on a GPU.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cuport.cuda.lexer import names, tokens
from cuport.diagnostic import CuportError, Diagnostic, Span
from cuport.kernel import Source

_OWN = "replace the call by a kernel or host code of your own, or leave it out with `#if`"
_KERNELS = "; a case file (`cuport inspect --write-cases`) lets the kernels be judged alone"


@dataclass(frozen=True)
class Library:
    name: str
    header: str  # its include names, as a pattern
    names: str  # its identifiers, as a pattern
    hint: str = _OWN + _KERNELS
    spaces: str = ""  # its namespaces, as a pattern


_LIBRARIES = (
    Library("cuBLAS", r"cublas\w*\.h", r"cublas\w+|CUBLAS_\w+"),
    Library("cuFFT", r"cufft\w*\.h", r"cufft\w+|CUFFT_\w+"),
    Library("cuDNN", r"cudnn\w*\.h", r"cudnn\w+|CUDNN_\w+"),
    Library("cuSPARSE", r"cusparse\w*\.h", r"cusparse\w+|CUSPARSE_\w+"),
    Library("cuSOLVER", r"cusolver\w*\.h", r"cusolver\w+|CUSOLVER_\w+"),
    Library("cuTENSOR", r"cutensor\w*\.h", r"cutensor\w+|CUTENSOR_\w+"),
    Library("NCCL", r"nccl\w*\.h", r"nccl\w+"),
    Library("NVSHMEM", r"nvshmem\w*\.h", r"nvshmemx?_\w+"),
    Library("NVML", r"nvml\.h", r"nvml\w+|NVML_\w+"),
    Library("NPP", r"npp\w*\.h", r"nppi?\w*_\w+|npp[A-Z]\w+|Npp\w+|NPP_\w+"),
    Library("nvJPEG", r"nvjpeg\w*\.h", r"nvjpeg\w+"),
    Library(
        "NVRTC", r"nvrtc\.h|nvrtc_helper\.h", r"nvrtc\w+", "compile the kernels with the program instead of from text"
    ),
    Library("nvJitLink", r"nvJitLink\.h", r"nvJitLink\w+", "compile the kernels with the program"),
    Library("CUPTI", r"cupti\w*\.h", r"cupti\w+|CUPTI_\w+", "leave the profiling out with `#if`"),
    Library("cuFile", r"cufile\.h", r"cuFile\w+"),
    Library("CUTLASS", r"(cutlass|cute)/.*", r"CUTLASS_\w+", spaces=r"cutlass|cute"),
    Library("MPI", r"mpi\.h", r"MPI_\w+", "give a version of the program for one process"),
    Library(
        "OpenGL",
        r"GL/.*|GLFW/.*|glad/.*|cuda_gl_interop\.h|helper_gl\.h|rendercheck_gl\.h",
        r"gl[A-Z]\w+|glut\w+|glew\w+|glfw\w+|cudaGL\w+|cudaGraphicsGL\w+|GL[a-z]+|GL_\w+",
        "give a version of the program without a window",
    ),
    Library("OpenCV", r"opencv\d?/.*", r"cv[A-Z]\w+|IplImage", "read and write the image without OpenCV", "cv"),
    Library("FreeImage", r"FreeImage\.h", r"FreeImage\w*|FIBITMAP", "read and write the image without FreeImage"),
    Library(
        "PyTorch",
        r"(torch|ATen|c10)/.*",
        r"TORCH_\w+|AT_\w+|C10_\w+",
        "give a plain CUDA program that launches the kernel",
        "torch|at|c10",
    ),
    Library(
        "pybind11", r"pybind11/.*", r"PYBIND11_\w+", "give a plain CUDA program that launches the kernel", "pybind11|py"
    ),
)
_INCLUDE = re.compile(r"^([ \t]*)#[ \t]*include[ \t]*<([^>\n]+)>[^\n]*$", re.MULTILINE)


def leave_out(source: Source, text: str, runtime: Path) -> str:
    """The rewritten text without the headers of libraries that it never uses. Raises CuportError for the first use.

    Of a library whose header stands in `runtime`, the names found there are ours.
    """
    used = [library for name in dict.fromkeys(_INCLUDE.findall(text)) if (library := _library(name[1].strip()))]
    if not used:
        return text
    ours = frozenset[str]()
    for _, header in _INCLUDE.findall(text):
        if _library(header.strip()) and (runtime / header.strip()).is_file():
            ours |= _provided(runtime, header.strip())
    found = [(library, _first(library, text, ours)) for library in dict.fromkeys(used)]
    refused = [_refusal(source, library, *use) for library, use in found if use is not None]
    if refused:
        raise CuportError(*refused)

    def keep(match: re.Match[str]) -> str:
        header = match[2].strip()
        return match[0] if _library(header) is None or (runtime / header).is_file() else ""

    return _INCLUDE.sub(keep, text)


@cache
def _provided(runtime: Path, header: str) -> frozenset[str]:
    """The names that a header of the runtime gives: all in it and the folder beside it, macros' products included."""
    found = set[str]()
    for path in (runtime / header, *sorted((runtime / header.split("_")[0].split(".")[0]).glob("*.h"))):
        text = path.read_text(encoding="utf-8", errors="replace")
        found |= names(text)
        for before, after in re.findall(r"\b(cublas\w*)##P##(\w+)", text):
            found |= {f"{before}{p}{after}" for p in ("S", "D")}
        for before, after in re.findall(r"\b(cublasI)##p##(\w+)", text):
            found |= {f"{before}{p}{after}" for p in ("s", "d")}
        for before in re.findall(r"\b(cublas[SG]et)##Name", text):
            found |= {before + n for n in re.findall(r"CUPORT_BLAS_OPTION\((\w+)", text)}
    return frozenset(found)


def _library(header: str) -> Library | None:
    return next((lib for lib in _LIBRARIES if re.fullmatch(lib.header, header)), None)


def _significant(text: str) -> Iterator[str]:
    for token in tokens(text):
        if token.kind not in ("comment", "space", "newline", "string", "char"):
            yield token.text


def _first(library: Library, text: str, ours: frozenset[str]) -> tuple[str, bool] | None:
    """The first name of a library that is called, else the first that stands there; and whether it is called."""
    wanted, spaces = re.compile(library.names), re.compile(library.spaces or r"(?!)")
    plain = re.sub(r"^[ \t]*#[^\n]*$", "", text, flags=re.MULTILINE)
    words = list(_significant(plain))
    ours = ours | _declared(words, wanted, ours)
    first = None
    for i, word in enumerate(words):
        after = words[i + 1] if i + 1 < len(words) else ""
        if (
            word in ours
            or words[i - 1 : i] in (["."], ["->"])
            or not (wanted.fullmatch(word) or (spaces.fullmatch(word) and after in ("::", ";")))
        ):
            continue
        if after == "(":
            return word, True
        first = first or word
    return (first, False) if first else None


_NO_TYPE = frozenset("return else do new delete throw case goto sizeof typename co_return co_yield and or not".split())

_AFTER_DECLARED = frozenset(";=,)([{")


def _declared(words: Sequence[str], wanted: re.Pattern[str], ours: frozenset[str]) -> frozenset[str]:
    """The program's own variables and functions whose names look like a library's: `cublasHandle_t cublasHandle;`."""
    found = set[str]()
    for before, of, word, after in zip(["", "", *words], ["", *words], words, [*words[1:], ""], strict=False):
        if after not in _AFTER_DECLARED or not wanted.fullmatch(word):
            continue
        if of in ("*", "&"):
            of = before if before in ours else ""
        if (of.isidentifier() and of not in _NO_TYPE) or of == ">":
            found.add(word)
    return frozenset(found)


def _refusal(source: Source, library: Library, name: str, called: bool) -> Diagnostic:
    what = f"the call of {name}" if called else name
    return Diagnostic(
        "oracle.unsupported-library",
        f"{what} belongs to {library.name}, which the CPU oracle does not run",
        _place(source, name) or Span(source.path, 1),
        library.hint,
    )


def _place(source: Source, name: str) -> Span | None:
    """Where a name first stands in the program, in the user's file, line and column."""
    pattern = re.compile(rf"\b{re.escape(name)}\b")
    for number, line in enumerate(source.text.split("\n"), 1):
        if line.lstrip().startswith("#") or not (match := pattern.search(line)):
            continue
        path, original = source.original(number)
        raw = source.raw.split("\n") if path == source.path else []
        again = pattern.search(raw[original - 1]) if original <= len(raw) else match
        return Span(path, original, again.start() + 1 if again else 1)
    return None
