"""One case, run several times: plainly, in another order with another poison, and in every autotuner configuration."""

from __future__ import annotations

import ctypes
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from cuport.case import Array
from cuport.sandbox.call import Call, ContractViolation, Records, UnsupportedCall, View
from cuport.sandbox.contract import Contract
from cuport.targets.triton.frontend import (
    ConfigUnfit,
    Launcher,
    PortError,
    Specialisation,
    grid_of,
    launching,
    specialise,
    ttir_text,
)
from cuport.targets.triton.interpreter.machine import Grid, Kernel, Machine, TooLong
from cuport.targets.triton.interpreter.memory import Buffer, Memory
from cuport.targets.triton.interpreter.registry import UnsupportedOperation
from cuport.targets.triton.interpreter.syntax import IRError
from cuport.targets.triton.tensors import Arguments

SHORT_SECONDS = 2.0  # a case that takes longer runs only once
EXTRA_SECONDS = 120.0  # that all further passes of one candidate may take
MAX_CONFIGS = 24
WATCHED_CASES = 8  # that are searched for lanes that meet without a barrier
WATCHED_BYTES = 1 << 18  # largest such case
MASK_CHECKS = 6  # cases that are run once more to see whether masked-off lanes matter

_FLOATS = {"fp16": np.float16, "bf16": ml_dtypes.bfloat16, "fp32": np.float32, "fp64": np.float64}


@dataclass(frozen=True)
class Pass:
    """How to run: `variant` and `seed` choose poison, lanes and order of programs (seed 0: forward)."""

    name: str
    variant: int = 0
    seed: int = 0
    config: int = 0
    first_call: bool = False  # of an autotuned kernel: every configuration runs before the chosen one
    strict_masks: bool = False  # masked-off lanes of loads without `other` are poison instead of 0
    watch: bool = False  # for lanes that meet without a barrier


@dataclass
class Interpreter(Launcher):
    """Runs every launch of a port in this process, one program after the other."""

    machine: Machine = field(default_factory=Machine)
    port: Path = Path()
    how: Pass = Pass("")
    buffers: dict[int, Buffer] = field(default_factory=dict)  # by real address
    configs: int = 1  # most that one autotuned launch of this case chooses from
    judged: dict[str, int] = field(default_factory=dict)  # configuration -> launches
    mask_checks: int = 0
    watched: int = 0
    extra: float = 0.0  # seconds spent on further passes so far

    def __post_init__(self) -> None:
        from cuport.targets.triton.host import Host  # needs torch

        self.host = Host(lambda: self.machine.variant)

    def launch(self, function: Any, grid: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        with self.host.paused():
            spec = specialise(function, args, kwargs)
            known: dict[str, Kernel] = function.__dict__.setdefault("_cuport_kernels", {})
            kernel = known.get(spec.key)
            if kernel is None:
                kernel = known[spec.key] = self._compile(spec)
        sizes = grid_of(grid, spec.bound)  # may call the port
        with self.host.paused():
            self.machine.memory = Memory()
            arguments = list(self._arguments(spec))
            if all(sizes):
                kernel.run(arguments, sizes, self._order(sizes))

    def _compile(self, spec: Specialisation) -> Kernel:
        text = ttir_text(spec)
        try:
            return Kernel(text, self.machine, self.port)
        except UnsupportedOperation as error:
            raise UnsupportedCall(f"kernel `{spec.name}`: {error}") from None
        except IRError as error:
            raise UnsupportedCall(f"the IR of kernel `{spec.name}` could not be read: {error}") from None

    def _order(self, grid: Grid) -> Iterable[Grid]:
        x, y, z = grid
        if not self.how.seed:
            return ((i, j, k) for k in range(z) for j in range(y) for i in range(x))
        shuffled = np.random.default_rng(self.how.seed).permutation(x * y * z).tolist()
        if shuffled == sorted(shuffled):
            shuffled.reverse()
        return ((n % x, n // x % y, n // (x * y)) for n in shuffled)

    def _arguments(self, spec: Specialisation) -> Iterable[Any]:
        for name, value in spec.bound.items():
            yield from self._flat(name, value, spec.signature[name])

    def _flat(self, name: str, value: Any, kind: Any) -> Iterable[Any]:
        if isinstance(kind, tuple | list):
            for i, (part, inner) in enumerate(zip(value, kind, strict=True)):
                yield from self._flat(f"{name}[{i}]", part, inner)
        elif kind == "constexpr":
            return
        elif kind.startswith("*"):
            yield self._address(name, value)
        elif kind in _FLOATS:
            yield np.array(value, np.float64).astype(_FLOATS[kind])[()]
        elif kind in ("u1", "i1"):
            yield np.bool_(value)
        elif kind[0] in "iu" and kind[1:].isdigit():
            bits = int(kind[1:])
            wrapped = int(value) & ((1 << bits) - 1)
            yield np.array(wrapped - (1 << bits) if wrapped >> (bits - 1) else wrapped, f"i{bits // 8}")[()]
        else:
            raise UnsupportedCall(f"kernel argument `{name}` is a `{kind}`, which is not interpreted")

    def _address(self, name: str, tensor: Any) -> Any:
        tensor = getattr(tensor, "base", tensor) if not hasattr(tensor, "untyped_storage") else tensor
        storage = tensor.untyped_storage()
        real, size = storage.data_ptr(), storage.nbytes()
        buffer = self.buffers.get(real) if size else None
        if buffer is None or buffer.raw.size != size:
            raw = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(real)) if size else np.zeros(0, np.uint8)
            buffer = next((b for b in self.machine.memory.buffers if size and b.alignment_base == real), None)
            buffer = buffer or Buffer(name, raw, real)
        if buffer not in self.machine.memory.buffers:
            self.machine.memory.add(buffer)
        return np.int64(buffer.start + tensor.storage_offset() * tensor.element_size())

    def autotuned(self, tuner: Any, configs: Sequence[Any], run: Callable[[Any], None]) -> None:
        """The configuration of this pass; one whose static assertions fail is skipped, as the autotuner does."""
        configs = list(configs)[:MAX_CONFIGS]
        self.configs = max(self.configs, len(configs))
        if self.how.first_call and len(configs) > 1:
            for config in configs:
                try:
                    tuner.cuport_bench(config)
                except ConfigUnfit:
                    continue
            tuner.cuport_reset()
        unfit: ConfigUnfit | None = None
        for step in range(len(configs)):
            config = configs[(self.how.config + step) % len(configs)]
            try:
                run(config)
            except ConfigUnfit as error:
                unfit = error
                continue
            self.judged[str(config)] = self.judged.get(str(config), 0) + 1
            return
        if unfit is not None:
            raise unfit


_interpreter: list[Interpreter] = []  # of this process; it has one candidate


def renew() -> Interpreter:
    """Forget everything about an earlier candidate."""
    _interpreter[:] = [Interpreter()]
    return _interpreter[0]


def current() -> Interpreter:
    return _interpreter[0] if _interpreter else renew()


def gathered_notes() -> list[str]:
    interpreter = current()
    found = interpreter.machine.all_notes()
    if len(interpreter.judged) > 1:
        counts = sorted(interpreter.judged.values())
        found.append(f"autotuning: {len(counts)} configurations were run, each in {counts[0]} to {counts[-1]} launches")
    return found


def run_case(function: Any, contract: Contract, call: Call, port: Path) -> Mapping[int, Array]:
    """The buffers after the port ran on `call`; of several passes that disagree, the odd one's."""
    interpreter = current()
    interpreter.port = port
    interpreter.configs = 1
    mark = _mark(call)
    plain = Pass("forward order", config=mark)
    started = time.monotonic()
    results = [(plain, _run(interpreter, function, contract, call, plain))]
    open_masks = interpreter.machine.open_masks
    spent = time.monotonic() - started
    if spent > SHORT_SECONDS:
        return results[0][1]
    for further in _further(mark, interpreter.configs):
        if interpreter.extra + spent > EXTRA_SECONDS:
            interpreter.machine.note("later cases ran in one order of programs and one configuration only, for time")
            break
        began = time.monotonic()
        interpreter.machine.deadline = began + 10 * spent + 0.5
        try:
            results.append((further, _run(interpreter, function, contract, call, further)))
        except TooLong:
            interpreter.machine.note(f"a pass ({further.name}) was given up: programs seem to wait for one another")
        finally:
            interpreter.machine.deadline = None
            interpreter.extra += time.monotonic() - began
    if interpreter.watched < WATCHED_CASES and sum(raw.size for raw in call.buffers) <= WATCHED_BYTES:
        interpreter.watched += 1
        _run(interpreter, function, contract, call, replace(plain, watch=True))
    if open_masks and interpreter.mask_checks < MASK_CHECKS:
        interpreter.mask_checks += 1
        strict = _run(interpreter, function, contract, call, replace(plain, strict_masks=True))
        if _distance(call, results[0][1], strict):
            interpreter.mask_checks = MASK_CHECKS
            interpreter.machine.note(
                "the result needs masked-off lanes of a tl.load without other= to read as 0: Triton 3.9 compiles them "
                "so for both GPUs, but documents no value"
            )
    return _odd_one(interpreter.machine, call, mark, results)


def _further(mark: int, configs: int) -> list[Pass]:
    passes = [Pass("another order and poison", variant=1, seed=mark | 1, config=mark)]
    for step in range(1, configs):
        passes.append(Pass("another configuration", variant=step % 2, seed=mark + step, config=mark + step))
    if configs > 1:
        passes.append(Pass("first call, with autotuning", config=mark, first_call=True))
    return passes


def _run(interpreter: Interpreter, function: Any, contract: Contract, call: Call, how: Pass) -> dict[int, Array]:
    interpreter.how = how
    interpreter.machine.variant = how.variant
    interpreter.machine.strict_masks, interpreter.machine.open_masks = how.strict_masks, False
    interpreter.machine.watching = how.watch
    keywords = contract.keywords(function, call)
    arguments = Arguments(call)
    interpreter.buffers = {b.alignment_base: b for b in arguments.arena.buffers if b.raw.size}
    with launching(interpreter), interpreter.host:
        returned = function(*arguments.args, **arguments.keywords(keywords))
    if returned is not None:
        raise ContractViolation(
            f"`{contract.function}` returned a {type(returned).__name__}; a Triton port changes its tensors in place "
            "and returns None"
        )
    return arguments.results()


def _mark(call: Call) -> int:
    """A number that depends on the case alone, so that a replay makes the same choices."""
    mark = zlib.crc32(repr((call.args, sorted(map(str, call.extras.items())))).encode())
    for raw in call.buffers:
        mark = zlib.crc32(raw.data if raw.size else b"", mark)
    return mark


_TOLERANCE = {2: 5e-2, 4: 1e-3, 8: 1e-6, 1: 0.5}


def _distance(call: Call, one: Mapping[int, Array], other: Mapping[int, Array]) -> float:
    """0 where two results agree up to the rounding of another order of summation; else how far they are apart."""
    total = 0.0
    seen: set[int] = set()
    for view in call.views():
        raws = [[np.asarray(side[i]) for i in range(len(call.buffers))] for side in (one, other)]
        if view.buffer in seen or np.array_equal(raws[0][view.buffer], raws[1][view.buffer]):
            continue
        seen.add(view.buffer)
        if isinstance(view, View):
            total += _apart(*(view.of(side) for side in raws))
        elif isinstance(view, Records):
            total += sum(_apart(*(view.field_of(side, f) for side in raws)) for f in view.fields)
    return total


def _apart(one: Array, other: Array) -> float:
    if one.dtype.kind in "biu":
        return float(np.count_nonzero(one != other))
    a, b = one.astype(np.float64), other.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.isfinite(a) & np.isfinite(b)
    if not (same | finite).all():
        return float(np.count_nonzero(~(same | finite)))
    scale = max(float(np.max(np.abs(np.where(finite, side, 0.0)), initial=0.0)) for side in (a, b))
    worst = float(np.max(np.abs(np.where(same, 0.0, a - b)), initial=0.0))
    return worst / scale if scale and worst > _TOLERANCE[one.dtype.itemsize] * scale else 0.0


def _odd_one(machine: Machine, call: Call, mark: int, results: list[tuple[Pass, dict[int, Array]]]) -> dict[int, Array]:
    """The first pass's result where all agree; else the one farthest from the others (of two, mostly the second)."""
    far = [sum(_distance(call, mine, other) for _, other in results) for _, mine in results]
    if not any(far):
        return results[0][1]
    chosen = int(mark % 4 != 0) if len(results) == 2 else far.index(max(far))
    names = sorted({how.name for how, _ in results})
    machine.note(f"passes gave different results ({'; '.join(names)}); the one that stands alone was judged")
    return results[chosen][1]


__all__ = ["Interpreter", "Pass", "PortError", "gathered_notes", "renew", "run_case"]
