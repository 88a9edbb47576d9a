"""What a Triton port may contain. Host code prepares and launches; every number is computed inside `@triton.jit`.

Advisory, as all screens are: it finds early, with a line, what is no port (torch doing the arithmetic, values read on
the host, foreign code inside a kernel). Tensors are told by following assignments from the parameters, so a hint may
be missed; the sandbox and the judge do not depend on it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from cuport.diagnostic import Diagnostic
from cuport.judge.screen import Names, ScreenPolicy, problem
from cuport.judge.screen import screen as common_screen
from cuport.kernel import Kernel
from cuport.sandbox.contract import contract_of

_MAKERS = frozenset({"empty", "zeros", "full", "empty_like", "zeros_like", "full_like"})
_TORCH = _MAKERS | frozenset(
    {"Tensor", "device", "dtype", "finfo", "iinfo", "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16"}
    | {"int32", "int64", "int", "long", "short", "half", "float", "double", "float16", "float32", "float64"}
    | {"bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"}
)
# Methods and attributes of tensors that host code may use.
_TENSOR = frozenset(
    {"clone", "copy_", "zero_", "fill_", "view", "reshape", "contiguous", "new_empty", "new_zeros", "new_full"}
    | {"shape", "dtype", "device", "ndim", "size", "dim", "numel", "nelement", "element_size", "itemsize", "nbytes"}
    | {"stride", "is_contiguous", "is_floating_point", "data", "T", "flatten", "unsqueeze", "squeeze"}
)
_TRITON = frozenset(
    {"jit", "autotune", "heuristics", "Config", "cdiv", "next_power_of_2", "language", "constexpr_function", "runtime"}
)
_READS = frozenset({"item", "tolist", "numpy", "cpu", "data_ptr", "untyped_storage", "storage", "__array__", "to"})
_FOREIGN = frozenset(
    {
        "triton.language.inline_asm_elementwise",
        "triton.language.core.inline_asm_elementwise",
        "triton.language.core.extern_elementwise",
        "triton.language.extern_elementwise",
        "triton.language.extra.cuda.utils",
        "triton.runtime",
        "triton.compiler",
        "triton.backends",
        "triton.testing",
        "triton.knobs",
    }
)
POLICY = ScreenPolicy(
    imports=frozenset({"triton", "torch"}),
    only={"torch": _TORCH, "triton": _TRITON, "triton.language.extra": frozenset({"libdevice", "cuda"})},
    forbidden=_FOREIGN,
    attributes=frozenset({"item", "tolist", "numpy", "data_ptr", "untyped_storage", "warmup", "device_caches", "asm"}),
)
_JIT = frozenset({"triton.jit", "triton.autotune", "triton.heuristics", "triton.constexpr_function"})
_COMPUTING = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.AugAssign, ast.Subscript)


def screen_port(code: str, kernels: Sequence[Kernel]) -> list[Diagnostic]:
    """Contract and policy violations of a Triton port, in the order of their lines."""
    module, names, found = common_screen(code, kernels, POLICY)
    if module is None or names is None:
        return found
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    jitted = {f.name for f in functions if _is_jit(f, names)}
    wanted = {contract_of(kernel).function: kernel for kernel in kernels}
    host = [f for f in functions if f.name not in jitted]
    extra: list[Diagnostic] = list(_imports(module))
    if not jitted:
        extra.append(problem(module.body[0] if module.body else module, "screen.no-kernel", _NO_KERNEL))
    for function in functions:
        if function.name in wanted and function.name in jitted:
            extra.append(
                problem(
                    function,
                    "screen.signature",
                    f"`{function.name}` must be a plain function that launches kernels, not one itself",
                    "name the @triton.jit function differently and launch it from here",
                )
            )
    reached = {f.name: _called(f) for f in host}
    for function in host:
        extra += _host(function, names, wanted.get(function.name))
        if function.name in wanted and not _launches(function.name, reached, jitted):
            extra.append(
                problem(function, "screen.no-launch", f"`{function.name}` launches no @triton.jit kernel", _NO_KERNEL)
            )
    for function in functions:
        if function.name in jitted:
            extra += _kernel(function)
    return sorted([*found, *extra], key=lambda d: (d.span.line, d.span.column) if d.span else (0, 0))


_MODULES = frozenset(
    {"torch", "triton", "triton.language", "triton.language.extra", "triton.language.math", "triton.language.random"}
    | {"triton.language.standard", "triton.language.extra.libdevice", "triton.language.extra.cuda"}
    | {"triton.language.extra.cuda.libdevice"}
)


def _imports(module: ast.Module) -> Iterator[Diagnostic]:
    """Submodules of torch compute (`torch.nn.functional`); those of Triton outside its language compile and time."""
    for node in ast.walk(module):
        wanted: list[str] = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted = [node.module]
        for name in wanted:
            if name.partition(".")[0] in ("torch", "triton") and name not in _MODULES:
                yield problem(node, "screen.forbidden", f"`{name}` is not for ports", _IMPORTS)


_IMPORTS = "import torch, triton, triton.language and triton.language.extra.libdevice"
_NO_KERNEL = "the arithmetic of a Triton port stands in @triton.jit functions"


def _is_jit(function: ast.FunctionDef, names: Names) -> bool:
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if names.dotted(target) in _JIT:
            return True
    return False


def _called(function: ast.FunctionDef) -> set[str]:
    """Names that a function calls or launches (`f(...)`, `k[grid](...)`, `k[grid, ...]`)."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
    return found


def _launches(name: str, reached: dict[str, set[str]], jitted: set[str]) -> bool:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for other in reached.get(current, set()):
            if other in jitted:
                return True
            waiting.append(other)
    return False


def _host(function: ast.FunctionDef, names: Names, kernel: Kernel | None) -> Iterator[Diagnostic]:
    """Arithmetic on tensors, and values read from them, in host code."""
    tensors = _tensors(function, names)
    if kernel is not None:
        pairs = zip(kernel.params, kernel.param_names, strict=True)
        tensors |= {name for param, name in pairs if param.is_pointer and param.ctype.struct is None}
    if not tensors:
        return

    def is_tensor(node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return node.id in tensors
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return is_tensor(node.func.value) and node.func.attr in _KEEPS
        return isinstance(node, ast.Call) and names.dotted(node.func) in {f"torch.{m}" for m in _MAKERS}

    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and is_tensor(node.value) and node.attr not in _TENSOR | _READS_ELSEWHERE:
            verb = "reads values" if node.attr in _READS else "is torch's work"
            yield problem(
                node, "screen.host-arithmetic", f"`.{node.attr}` on a tensor {verb}; that is for the kernel", _HINT
            )
        elif isinstance(node, _COMPUTING):
            parts = [child for child in ast.iter_child_nodes(node) if is_tensor(child)]
            identity = isinstance(node, ast.Compare) and all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
            if isinstance(node, ast.Subscript) and (not is_tensor(node.value) or _only_slices(node)):
                continue
            if parts and not identity:
                yield problem(
                    node, "screen.host-arithmetic", "arithmetic on tensors on the host; that is for the kernel", _HINT
                )
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            reads = node.func.id in ("int", "float", "bool", "complex", "sum", "max", "min", "abs", "sorted", "list")
            if reads and any(is_tensor(a) for a in node.args):
                yield problem(node, "screen.host-arithmetic", f"`{node.func.id}` reads a tensor's values", _HINT)
        elif isinstance(node, ast.If | ast.While | ast.IfExp) and is_tensor(node.test):
            yield problem(node.test, "screen.host-arithmetic", "a condition reads a tensor's values", _HINT)


_HINT = "host code may only create, copy, clear and reshape tensors, and read their shapes and dtypes"
_KEEPS = frozenset({"clone", "view", "reshape", "contiguous", "copy_", "zero_", "fill_", "flatten", "to"})
_READS_ELSEWHERE = frozenset({"item", "tolist", "numpy", "data_ptr", "untyped_storage"})  # the policy names these


def _only_slices(node: ast.Subscript) -> bool:
    """`x[a:b]` is a view, like `.view`; `x[i]` reads a value."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return all(isinstance(part, ast.Slice) for part in parts)


def _tensors(function: ast.FunctionDef, names: Names) -> set[str]:
    """Local names that hold tensors, as far as is plain: what torch makes, what is used as one, their copies."""
    found: set[str] = set()
    makers = {f"torch.{name}" for name in _MAKERS}
    parameters = {a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    for node in ast.walk(function):
        # `x.numel()`, `x.dtype`, `x.item()`: only a tensor has these.
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in parameters:
            if node.attr in _SIGNS:
                found.add(node.value.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            dotted = names.dotted(node.func)
            if dotted in {"torch.empty_like", "torch.zeros_like", "torch.full_like"}:
                found |= {a.id for a in node.args[:1] if isinstance(a, ast.Name)}
    for _ in range(3):
        for node in ast.walk(function):
            if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
                continue
            value = node.value
            made = isinstance(value, ast.Call) and names.dotted(value.func) in makers
            if made or (isinstance(value, ast.Name) and value.id in found):
                found.add(node.targets[0].id)
            elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
                owner = value.func.value
                if isinstance(owner, ast.Name) and owner.id in found and value.func.attr in _KEEPS:
                    found.add(node.targets[0].id)
    return found


_SIGNS = (
    _READS
    | _KEEPS
    | frozenset(
        {"numel", "shape", "dtype", "device", "stride", "element_size", "new_empty", "new_zeros", "add_", "mul_"}
    )
    | frozenset({"sum", "mean", "max", "min", "exp", "abs", "sqrt", "matmul", "softmax", "copy_", "scatter_", "sub_"})
)


def _kernel(function: ast.FunctionDef) -> Iterator[Diagnostic]:
    """Inside a kernel: constructs that the compiler rejects, said early and with their line."""
    loops: list[ast.For | ast.While] = [n for n in ast.walk(function) if isinstance(n, ast.For | ast.While)]
    for loop in loops:
        for node in ast.walk(loop):
            if isinstance(node, ast.Break | ast.Continue | ast.Return):
                word = type(node).__name__.lower()
                yield problem(
                    node,
                    "screen.kernel-control",
                    f"Triton has no `{word}` inside a loop",
                    "keep a mask, or put the condition into the loop's own",
                )
