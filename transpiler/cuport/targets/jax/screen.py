"""What a JAX port may use, by name. Advisory: callbacks are also caught in the lowered program, see `stablehlo.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from cuport.diagnostic import Diagnostic
from cuport.judge.screen import Names, ScreenPolicy, problem
from cuport.judge.screen import screen as common_screen
from cuport.kernel import Kernel

_JAX = frozenset(
    {
        "numpy",
        "lax",
        "nn",
        "scipy",
        "random",
        "image",
        "tree",
        "tree_util",
        "dtypes",
        "typing",
        "config",
        "experimental",
    }
    | {"jit", "vmap", "checkpoint", "remat", "named_call", "named_scope", "Array", "ShapeDtypeStruct", "eval_shape"}
    | {"default_matmul_precision", "enable_x64", "grad", "jvp", "vjp"}
)
# numpy gives names of types and constants; arithmetic in it would happen on the host, at trace time.
_NUMPY = frozenset(
    {"bool", "bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
    | {"float16", "float32", "float64", "dtype", "finfo", "iinfo", "pi", "e", "inf", "nan", "newaxis", "ndarray"}
)
# Ways to the host, to files, or out of what `jax.export` can carry.
_FORBIDDEN = frozenset(
    {
        "jax.numpy.save",
        "jax.numpy.savez",
        "jax.numpy.load",
        "jax.numpy.fromfile",
        "jax.numpy.frombuffer",
        "jax.numpy.fromfunction",
        "jax.numpy.frompyfunc",
        "jax.numpy.from_dlpack",
        "jax.numpy.printoptions",
        "jax.numpy.set_printoptions",
        "jax.lax.infeed",
        "jax.lax.outfeed",
    }
)
_ATTRIBUTES = frozenset(
    {"pure_callback", "io_callback", "debug_callback", "callback", "host_callback", "device_get", "device_put"}
    | {"tolist", "item", "to_py", "addressable_data", "addressable_shards", "unsafe_buffer_pointer", "on_device_size"}
    | {"live_arrays", "make_array_from_callback", "debug_print", "debug_check", "ffi_call"}
)
_CONFIG: dict[str, tuple[object, ...]] = {
    "jax_enable_x64": (True,),
    "jax_default_matmul_precision": ("highest", "float32"),
}
POLICY = ScreenPolicy(
    imports=frozenset({"jax", "numpy"}),
    only={
        "jax": _JAX,
        "jax.experimental": frozenset({"pallas", "enable_x64"}),
        "jax.config": frozenset({"update"}),
        "numpy": _NUMPY,
    },
    forbidden=_FORBIDDEN,
    attributes=_ATTRIBUTES,
    module_calls=frozenset({"jax.config.update"}),
)


def screen(code: str, kernels: Sequence[Kernel]) -> list[Diagnostic]:
    """Contract and policy violations of a JAX port, in the order of their lines."""
    module, names, found = common_screen(code, kernels, POLICY)
    if module is None or names is None:
        return found
    return sorted([*found, *_config(module, names)], key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0))


def _config(module: ast.Module, names: Names) -> Iterator[Diagnostic]:
    """`jax.config.update` stands at module level only, and sets only what the contract speaks of."""
    top = {id(node.value) for node in module.body if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if not (isinstance(node, ast.Call) and names.dotted(node.func) == "jax.config.update"):
            continue
        if id(node) not in top:
            yield problem(node, "screen.config", "jax.config.update may only stand at module level")
            continue
        values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        allowed = _CONFIG.get(str(values[0]), ()) if len(values) == 2 == len(node.args) and not node.keywords else ()
        if len(values) != 2 or values[1] not in allowed:
            settings = " or ".join(f'("{name}", {value!r})' for name, (value, *_) in _CONFIG.items())
            yield problem(node, "screen.config", f"a port may only call jax.config.update{settings}")
