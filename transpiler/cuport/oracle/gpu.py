"""The original on a GPU: the same cases replayed by the kernels as nvcc compiles them (runtime/gpu).

A second opinion on what the CPU runtime computes, wherever nvcc and an NVIDIA GPU are at hand; nothing depends on it.
`CUPORT_GPU=off` leaves it out.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cuport.case import Case
from cuport.cuda.rewrite.gpu import gpu_text
from cuport.diagnostic import CuportError, Diagnostic, fail
from cuport.environment import without_secrets
from cuport.keeper import TOKEN
from cuport.kernel import Source
from cuport.oracle.build import runtime_digest, runtime_dir
from cuport.oracle.messages import explain
from cuport.oracle.process import run
from cuport.oracle.replay import replay_cases
from cuport.oracle.results import Replay
from cuport.oracle.settings import OracleSettings

_AT = re.compile(r"^(.+)\((\d+)\): (?:catastrophic )?error:", re.MULTILINE)
_ADDRESS_SPACE = 1 << 46  # bytes: CUDA reserves addresses for all memory of the machine and of its GPUs


@dataclass(frozen=True)
class Gpu:
    """The first NVIDIA GPU and the compiler for it. `architecture`: as nvcc's -arch wants it ("sm_90")."""

    name: str
    architecture: str
    driver: str
    nvcc: str
    nvcc_version: str


@cache
def find_gpu() -> Gpu | str:
    """The GPU, or why none is used."""
    if os.environ.get("CUPORT_GPU", "").lower() in ("off", "0", "no"):
        return "left out (CUPORT_GPU=off)"
    query = shutil.which("nvidia-smi")
    if query is None:
        return "none (no nvidia-smi on PATH)"
    said = _said([query, "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"])
    parts = [p.strip() for p in said.splitlines()[0].split(",")] if said else []
    if len(parts) != 3 or not re.fullmatch(r"\d+\.\d+", parts[1]):
        return "none (nvidia-smi names none)"
    nvcc = find_nvcc()
    if nvcc is None:
        return f"{parts[0]}, but no nvcc for it: the original runs on the CPU"
    version = re.search(r"V([\d.]+)", _said([nvcc, "--version"]))
    return Gpu(parts[0], f"sm_{parts[1].replace('.', '')}", parts[2], nvcc, version[1] if version else "")


def find_nvcc() -> str | None:
    """The path of nvcc: $CUDACXX, PATH, $CUDA_HOME, then the newest of the usual folders."""
    homes = [os.environ[k] for k in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(k)]
    homes += ["/usr/local/cuda", *sorted(glob.glob("/usr/local/cuda-*"), reverse=True), "/opt/cuda"]
    names = [os.environ.get("CUDACXX", ""), "nvcc", *(f"{home}/bin/nvcc" for home in homes)]
    return next((found for name in names if name and (found := shutil.which(name))), None)


def _said(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=without_secrets())
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def build_unit(
    source: Source, instances: Sequence[str], nvcc: str, architecture: str, settings: OracleSettings
) -> Path:
    """The replay program of these instances, kept by content. Raises CuportError with nvcc's complaints."""
    text = gpu_text(source, instances)
    flags = ["-std=c++17", f"-arch={architecture}", "-O3", "-w", "--extended-lambda", "--expt-relaxed-constexpr"]
    h = hashlib.sha256()
    for part in (text, runtime_digest(), nvcc, _said([nvcc, "--version"]), "\0".join(flags)):
        h.update(part.encode(errors="replace") + b"\1")
    target = settings.cache_dir / "oracle" / "gpu" / h.hexdigest()
    if target.is_file():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".build-{TOKEN}-", dir=target.parent) as folder:
            unit, made = Path(folder) / "unit.cu", Path(folder) / "program"
            unit.write_text(text, encoding="utf-8", errors="replace")
            include = ["-I", str(runtime_dir() / "gpu")]
            environment = {"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": folder}
            command = [nvcc, *flags, *include, "-o", str(made), str(unit)]
            result = run(
                command, cwd=Path(folder), timeout=settings.compile_timeout, memory=_ADDRESS_SPACE, env=environment
            )
            if result.timed_out:
                raise fail("oracle.compile-timeout", f"nvcc took more than {settings.compile_timeout:.0f} s")
            if result.returncode != 0 or not made.is_file():
                said = _AT.sub(r"\1:\2: error:", result.stderr)  # nvcc's way to name a place, as the others do
                raise CuportError(*explain(source, said, str(unit)))
            os.replace(made, target)
    except OSError as error:
        raise fail("oracle.cache", f"cannot build in {target.parent}: {error.strerror or error}") from None
    return target


def replay_on_gpu(source: Source, cases: Sequence[Case], settings: OracleSettings, *, timeout: float) -> list[Replay]:
    """Each case as the GPU computes it; empty where there is no GPU. A Replay says what failed; nothing raises."""
    gpu = find_gpu()
    if isinstance(gpu, str) or not cases:
        return []
    instances = sorted({c.instance for c in cases})
    try:
        program = build_unit(source, instances, gpu.nvcc, gpu.architecture, settings)
    except CuportError as error:
        first = error.diagnostics[0]
        why = Diagnostic("oracle.gpu-build", f"nvcc does not build the kernel alone: {first.message}", first.span)
        return [Replay((), failure=why) for _ in cases]
    roomy = replace(settings, memory=_ADDRESS_SPACE)
    return replay_cases(source, program, cases, roomy, schedule="forward", seed=0, timeout=timeout)
