"""Triton's front end without a GPU: a stub driver, the specialisation of one launch, and its TTIR.

`JITFunction.run` is replaced: what `kernel[grid](...)` does is decided by the `Launcher` in force, which interprets the
launch or compiles it. Everything up to there (binding arguments, which integers are 1 or divisible by 16, options,
signature) is Triton's own code.
"""

from __future__ import annotations

import contextlib
import linecache
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

CUDA, HIP = 0, 1  # device numbers of the stub driver
PLATFORMS = {CUDA: "cuda:90", HIP: "hip:gfx942"}

FP_FUSION = "1"
FP_FUSION_NOTE = "compiled with FP fusion on (TRITON_DEFAULT_FP_FUSION=1, the default of Triton 3.9)"


class PortError(Exception):
    """The port is wrong in a way that the compiler or the launch would reject. `line` is the port's, where known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class ConfigUnfit(PortError):
    """A static assertion failed: the autotuner skips such a configuration."""


GRID_LIMITS = (2**31 - 1, 65535, 65535)  # CUDA programming guide, "Compute Capabilities"; HIP's are the same


def grid_of(grid: Any, bound: dict[str, Any]) -> tuple[int, int, int]:
    """The grid of a launch as three numbers. Raises PortError where a real launch would fail."""
    if callable(grid):
        grid = grid(bound)
    if not isinstance(grid, tuple | list) or not 0 < len(grid) <= 3:
        raise PortError(f"a grid is a tuple of one to three numbers, not {grid!r}")
    sizes = []
    for axis, size in enumerate(grid):
        try:
            whole = operator.index(size)
        except TypeError:
            raise PortError(f"the grid's {'xyz'[axis]} is {size!r}, which is no integer") from None
        if not 0 <= whole <= GRID_LIMITS[axis]:
            raise PortError(f"the grid's {'xyz'[axis]} is {whole}; the limit is {GRID_LIMITS[axis]}")
        sizes.append(whole)
    x, y, z = (*sizes, 1, 1)[:3]
    return x, y, z


@dataclass
class Specialisation:
    """One launch, bound: what Triton would look up in its kernel cache."""

    function: Any  # JITFunction
    bound: dict[str, Any]
    key: str
    options: dict[str, Any]
    signature: dict[str, str]
    constants: dict[Any, Any]
    attributes: dict[Any, Any]
    target: Any
    backend: Any

    @property
    def name(self) -> str:
        return str(self.function.__name__)

    def describe(self) -> str:
        """`k(*fp32:16, i32, B=128) num_warps=4`: what distinguishes this specialisation."""
        parts = []
        for i, (name, kind) in enumerate(self.signature.items()):
            if kind == "constexpr":
                value = self.constants.get((i,))
                parts.append(f"{name}={getattr(value, '__name__', value)}")
            else:
                divisible = any(str(a[0]).endswith("divisibility") for a in self.attributes.get((i,), ()))
                parts.append(f"{name}: {kind}{':16' if divisible else ''}")
        chosen = {k: v for k, v in self.options.items() if k in ("num_warps", "num_stages", "num_ctas", "maxnreg")}
        options = "".join(f" {k}={v}" for k, v in chosen.items() if v is not None)
        return f"{self.name}({', '.join(parts)}){options}"


class Launcher:
    """What `kernel[grid](*args)` does. `launch` is called with the JITFunction and the launch as it was written."""

    def launch(self, function: Any, grid: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def autotuned(self, tuner: Any, configs: Sequence[Any], run: Callable[[Any], None]) -> None:
        """Called for `@triton.autotune` with the configurations left after pruning; `run(config)` runs one."""
        raise NotImplementedError


@dataclass
class _State:
    launcher: Launcher | None = None
    device: int = CUDA
    installed: bool = False
    targets: dict[int, Any] = field(default_factory=dict)


_STATE = _State()


class _StubDriver:
    """Enough of `triton.backends.driver.DriverBase` for the front end to specialise launches."""

    def get_current_target(self) -> Any:
        return _STATE.targets[_STATE.device]

    def get_current_device(self) -> int:
        return _STATE.device

    def get_current_stream(self, device: int | None = None) -> int:
        return 0

    def set_current_device(self, device: int) -> None:
        raise PortError("a port cannot choose a device")

    def get_active_torch_device(self) -> Any:
        import torch

        return torch.device("cpu")

    def get_benchmarker(self) -> Any:
        raise PortError("a port cannot time kernels")


def install() -> None:
    """Import Triton and put the stub driver and our launches in place. Once a process; never undone."""
    if _STATE.installed:
        return
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.runtime import autotuner, jit

    _STATE.targets = {CUDA: GPUTarget("cuda", 90, 32), HIP: GPUTarget("hip", "gfx942", 64)}
    triton.runtime.driver.set_active(_StubDriver())

    def run(self: Any, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> Any:
        if _STATE.launcher is None:
            raise PortError("a kernel was launched while the translation file was being imported")
        for hook in self.pre_run_hooks:
            hook(*args, **kwargs)
        return None if warmup else _STATE.launcher.launch(self, grid, args, kwargs)

    def tune(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _STATE.launcher is None:
            raise PortError("a kernel was launched while the translation file was being imported")
        self.nargs = dict(zip(self.arg_names, args, strict=False))
        configs = self.prune_configs(kwargs) if len(self.configs) > 1 else self.configs

        def once(config: Any) -> None:
            full = {**self.nargs, **kwargs, **config.all_kwargs()}
            if config.pre_hook is not None:
                config.pre_hook(full)
            self.fn.run(*args, **kwargs, **config.all_kwargs())

        def bench(config: Any) -> None:
            full = {**self.nargs, **kwargs, **config.all_kwargs()}
            if config.pre_hook is not None:
                config.pre_hook(full)
            self.pre_hook(full)
            self.fn.run(*args, **kwargs, **config.all_kwargs())
            self.post_hook(full, exception=None)

        def reset() -> None:
            self.pre_hook({**self.nargs, **kwargs, **configs[0].all_kwargs()}, reset_only=True)

        self.cuport_bench, self.cuport_reset = bench, reset
        _STATE.launcher.autotuned(self, configs, once)
        self.nargs = None
        return None

    jit.JITFunction.run = run
    autotuner.Autotuner.run = tune
    _STATE.installed = True


@contextlib.contextmanager
def launching(launcher: Launcher, device: int = CUDA) -> Iterator[None]:
    """Let `launcher` have every launch inside the block."""
    before = (_STATE.launcher, _STATE.device)
    _STATE.launcher, _STATE.device = launcher, device
    try:
        yield
    finally:
        _STATE.launcher, _STATE.device = before


@contextlib.contextmanager
def on_device(device: int) -> Iterator[None]:
    before, _STATE.device = _STATE.device, device
    try:
        yield
    finally:
        _STATE.device = before


def specialise(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Specialisation:
    """Bind a launch for the current device exactly as `JITFunction.run` does (Triton 3.9)."""
    from triton import knobs
    from triton.runtime.jit import compute_cache_key

    kwargs = dict(kwargs)
    kwargs["debug"] = kwargs.get("debug", function.debug) or knobs.runtime.debug
    kwargs["instrumentation_mode"] = knobs.compilation.instrumentation_mode
    kwargs["fpsan_homomorphic_casts"] = knobs.compilation.fpsan_homomorphic_casts
    _, key_cache, target, backend, binder = function.device_caches[_STATE.device]
    try:
        bound, specialization, options = binder(*args, **kwargs)
        key = compute_cache_key(key_cache, specialization, options)
        packed, signature, constants, attributes = function._pack_args(backend, kwargs, bound, specialization, options)
    except (TypeError, KeyError, ValueError) as error:
        message = str(error.args[0]) if error.args else type(error).__name__
        message = message if " " in message else f"no kernel takes an argument of type {message}"
        raise PortError(f"launch of `{function.__name__}`: {message}") from None
    return Specialisation(
        function, bound, key, dict(packed.__dict__), signature, constants, attributes, target, backend
    )


def source_of(spec: Specialisation) -> Any:
    from triton.compiler import ASTSource

    return ASTSource(spec.function, spec.signature, spec.constants, spec.attributes)


def ttir_text(spec: Specialisation) -> str:
    """The kernel's TTIR as its code generator would get it, in MLIR's generic form. Raises PortError.

    MLIR prints a module that does not verify in its generic form, which has one grammar for all operations; a function
    without a terminator is added to that end.
    """
    from triton._C.libtriton import ir, passes

    context = ir.context()
    ir.load_dialects(context)
    spec.backend.load_dialects(context)
    options = spec.backend.parse_options(spec.options)
    generators = spec.backend.get_codegen_implementation(options)
    try:
        module = source_of(spec).make_ir(spec.target, options, generators, spec.backend.get_module_map(), context)
        manager = ir.pass_manager(context)
        passes.common.add_inliner(manager)
        passes.ttir.add_rewrite_tensor_descriptor_to_pointer(manager)
        manager.run(module, "cuport")
        module = spec.backend.make_ttir(module, {}, options, spec.target.arch)
    except Exception as error:
        raise compile_error(spec, error) from None
    builder = ir.builder(context)
    broken = builder.get_or_insert_function(
        module, "cuport_generic_form", builder.get_function_ty([], []), "private", False
    )
    broken.add_entry_block()
    module.push_back(broken)
    return str(module.str())


def compile_error(spec: Specialisation, error: BaseException) -> PortError:
    """A compiler's exception as one message with the port's line. The innermost cause says what is wrong."""
    chain = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    line: int | None = None
    for link in chain:  # outermost first: the last one in the port's own file is nearest
        node, source = getattr(link, "node", None), getattr(link, "src", None)
        at = _start_line(spec.function, source) if isinstance(source, str) else None
        if node is not None and hasattr(node, "lineno") and at is not None:
            line = at + node.lineno - 1
    told = next((c for c in reversed(chain) if getattr(c, "error_message", None)), chain[-1])
    message = str(getattr(told, "error_message", None) or told).strip() or type(error).__name__
    unfit = any(type(link).__name__ == "CompileTimeAssertionFailure" for link in chain)
    return (ConfigUnfit if unfit else PortError)(f"`{spec.name}` does not compile: {message}", line)


def _start_line(function: Any, source: str) -> int | None:
    """Where in the port's file this kernel text begins; None if it is not from that file."""
    if source == function.src:
        return int(function.def_file_line_number)
    text = "".join(linecache.getlines(function.file_name))
    found = text.find(source)
    return text.count("\n", 0, found) + 1 if found >= 0 else None
