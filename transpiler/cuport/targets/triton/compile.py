"""Machine code for NVIDIA sm_90 and AMD gfx942 without either: the port's own function runs on CPU tensors, and each
launch is compiled instead of run, once for every specialisation that Triton itself would tell apart.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cuport.candidate import BuildRecord
from cuport.sandbox.call import Call, Scalar, View
from cuport.sandbox.contract import Contract
from cuport.targets.triton.frontend import (
    CUDA,
    HIP,
    PLATFORMS,
    ConfigUnfit,
    Launcher,
    PortError,
    Specialisation,
    compile_error,
    grid_of,
    launching,
    on_device,
    source_of,
    specialise,
)
from cuport.targets.triton.tensors import Arguments

MAX_COMPILES = 80  # of both platforms together
# Of one block: threads, and bytes of shared memory or LDS (CUDA programming guide, "Compute Capabilities"; CDNA3 ISA).
THREADS = 1024
SHARED_BYTES = {CUDA: 227 * 1024, HIP: 64 * 1024}
_BINARY = {CUDA: "cubin", HIP: "hsaco"}
_TOLD = 600  # characters of a compiler's message


class Unfit(Exception):
    """The device cannot hold this kernel; the autotuner drops such a configuration."""


@dataclass
class Compiler(Launcher):
    """Compiles every new specialisation that it meets, for both platforms."""

    made: dict[tuple[int, int, str], BuildRecord] = field(default_factory=dict)
    fresh: list[BuildRecord] = field(default_factory=list)
    left_out: int = 0
    notes: list[str] = field(default_factory=list)
    tuning: list[BuildRecord] | None = None  # what the current autotuner configuration gave

    def __post_init__(self) -> None:
        from cuport.targets.triton.host import Host  # needs torch

        self.host = Host(lambda: 0)

    def launch(self, function: Any, grid: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for device, platform in PLATFORMS.items():
            with self.host.paused(), on_device(device):
                spec = specialise(function, args, kwargs)
            grid_of(grid, spec.bound)
            with self.host.paused():
                self._compile(spec, device, platform)

    def _compile(self, spec: Specialisation, device: int, platform: str) -> None:
        key = (id(spec.function), device, spec.key)
        if key not in self.made:
            if len(self.made) >= MAX_COMPILES:
                self.left_out += 1
                return
            self.made[key] = _record(spec, device, platform)
            if self.tuning is None:
                self.fresh.append(self.made[key])
        if self.tuning is not None:
            self.tuning.append(self.made[key])

    def autotuned(self, tuner: Any, configs: Sequence[Any], run: Callable[[Any], None]) -> None:
        """Configurations that no device can hold are dropped, as the autotuner would; one has to be left."""
        results: list[tuple[Any, list[BuildRecord]]] = []
        outer, seen = self.tuning, set(map(id, self.made.values()))
        for config in configs:
            self.tuning = []
            try:
                run(config)
                results.append((config, self.tuning))
            except ConfigUnfit as error:
                results.append((config, [BuildRecord(p, "compiled", False, str(error)) for p in PLATFORMS.values()]))
            finally:
                self.tuning = outer
        for platform in PLATFORMS.values():
            mine = [r for _, records in results for r in records if r.platform == platform and id(r) not in seen]
            usable = [r for r in mine if r.ok]
            dropped = [r for r in mine if not r.ok and r.detail.endswith(_DROPPABLE)]
            if usable and dropped:
                self.notes.append(
                    f"{platform}: the autotuner drops {len(dropped)} of {len(mine)} configurations: {dropped[0].detail}"
                )
                mine = [r for r in mine if r not in dropped]
            self.fresh += mine


_DROPPABLE = "(does not fit)"


def _record(spec: Specialisation, device: int, platform: str) -> BuildRecord:
    """Compile one specialisation."""
    import triton

    told = spec.describe()
    try:
        kernel = triton.compile(source_of(spec), target=spec.target, options=spec.options)
        _check(kernel.metadata, device)
    except Unfit as error:
        return BuildRecord(platform, "compiled", False, f"{told}: {error} {_DROPPABLE}")
    except Exception as error:
        problem = compile_error(spec, error)
        where = f"line {problem.line}: " if problem.line else ""
        unfit = type(error).__name__ in ("OutOfResources", "PTXASError", "CompileTimeAssertionFailure")
        end = f" {_DROPPABLE}" if unfit or isinstance(problem, ConfigUnfit) else ""
        return BuildRecord(platform, "compiled", False, f"{told}: {where}{_trim(str(problem))}{end}")
    binary = kernel.asm[_BINARY[device]]
    return BuildRecord(platform, "compiled", True, told, hashlib.sha256(binary).hexdigest())


def _check(metadata: Any, device: int) -> None:
    """Launch limits that the compiler leaves to the driver. Raises Unfit."""
    threads = metadata.num_warps * metadata.target.warp_size
    if threads > THREADS:
        raise Unfit(f"a block of {threads} threads ({metadata.num_warps} warps); the limit is {THREADS}")
    if metadata.shared > SHARED_BYTES[device]:
        raise Unfit(f"a block needs {metadata.shared} bytes of shared memory; the limit is {SHARED_BYTES[device]}")
    if metadata.num_ctas > (8 if device == CUDA else 1):
        raise Unfit(f"clusters of {metadata.num_ctas} blocks")


def _trim(text: str) -> str:
    lines = [line.rstrip() for line in text.strip().splitlines() if line.strip()]
    whole = "\n".join(lines)
    return whole if len(whole) <= _TOLD else f"{whole[:_TOLD]} ..."


def _shape_of(call: Call) -> str:
    """What a specialisation can depend on: everything but the buffers' contents."""
    sizes = [(v.path, v.offset, v.length, getattr(v, "dtype", "")) for v in call.views()]
    floats_apart = [(a.dtype, "" if a.is_float else a.value) if isinstance(a, Scalar) else None for a in call.args]
    others = [a for a in call.args if not isinstance(a, Scalar | View)]
    return repr((sizes, floats_apart, others, sorted((k, str(v)) for k, v in call.extras.items())))


def build_calls(
    function: Any, contract: Contract, calls: Sequence[Call], port: Path, seconds: float = 240.0
) -> Iterator[BuildRecord | str]:
    """Records as they come, then notes. `seconds`: after that no further call is started."""
    compiler = Compiler()
    started = time.monotonic()
    seen: set[str] = set()
    for position, call in enumerate(calls):
        shape = _shape_of(call)
        if shape in seen:
            continue
        seen.add(shape)
        if time.monotonic() - started > seconds:
            yield f"compiling stopped after {seconds:.0f} s, at launch {position} of {len(calls)}"
            break
        try:
            keywords = contract.keywords(function, call)
            arguments = Arguments(call)
            with launching(compiler), compiler.host:
                function(*arguments.args, **arguments.keywords(keywords))
        except PortError as error:
            where = f"line {error.line}: " if error.line else ""
            compiler.fresh.append(BuildRecord("cuda:90", "compiled", False, f"{where}{_trim(str(error))}"))
        yield from compiler.fresh
        failed = any(not record.ok for record in compiler.fresh)
        compiler.fresh = []
        if failed:
            break  # one reason is enough
    if compiler.left_out:
        yield f"{compiler.left_out} launches need specialisations beyond the first {MAX_COMPILES}, not compiled"
    yield from dict.fromkeys(compiler.notes)
