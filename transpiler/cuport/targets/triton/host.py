"""torch as a port's host code sees it: it may prepare memory, and nothing else.

A `TorchFunctionMode` sees every torch function and tensor method that host code calls, however it got hold of it; what
computes or reads values is a contract violation. What `torch.empty` and its kin give arrives poisoned. Devices are
ignored: everything is on the CPU here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from torch.overrides import TorchFunctionMode

from cuport.sandbox.call import ContractViolation

UNDEFINED = frozenset({"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"})
DEFINED = frozenset({"zeros", "zeros_like", "full", "full_like", "new_zeros", "new_full"})
PREPARING = frozenset(
    {"clone", "copy_", "zero_", "fill_", "view", "reshape", "contiguous", "flatten", "unsqueeze", "squeeze", "view_as"}
    | {"reshape_as", "detach", "narrow", "expand", "t", "transpose", "permute", "unflatten"}
)
ASKING = frozenset(
    {"size", "dim", "ndimension", "numel", "nelement", "element_size", "stride", "storage_offset", "is_contiguous"}
    | {"is_floating_point", "is_complex", "is_signed", "__len__", "type", "get_device", "__hash__", "is_tensor"}
)
_VALUES = frozenset({"grad", "imag", "real", "H", "mH"})  # attributes that are more than a view or a number


class Host(TorchFunctionMode):  # type: ignore[misc]
    """In force while a port's own code runs. `variant()` says which of two poisons undefined memory gets."""

    def __init__(self, variant: Callable[[], int]) -> None:
        super().__init__()
        self._variant = variant
        self._paused = False

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """For our own use of torch in the middle of a port's launch."""
        before, self._paused = self._paused, True
        try:
            yield
        finally:
            self._paused = before

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if self._paused:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", str(func))
        if name == "__get__":
            name = getattr(func.__self__, "__name__", name)
            if name not in _VALUES:
                return func(*args, **kwargs)
        elif name in UNDEFINED | DEFINED:
            kwargs.pop("pin_memory", None)
            if kwargs.get("device") is not None:
                kwargs["device"] = "cpu"
            made = func(*args, **kwargs)
            return poisoned(made, self._variant()) if name in UNDEFINED else made
        elif name in PREPARING | ASKING or (name == "__getitem__" and _is_view(args)):
            return func(*args, **kwargs)
        raise ContractViolation(
            f"host code uses torch's `{name.strip('_') if name.startswith('__') else name}`: arithmetic, and reading "
            "values, belong in a @triton.jit function"
        )


def _is_view(args: Any) -> bool:
    index = args[1] if len(args) > 1 else None
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(part, slice) or part is None or part is Ellipsis for part in parts)


def poisoned(tensor: Any, variant: int) -> Any:
    """Fill with NaN or odd bits; in the second variant with huge numbers of both signs in turn, so that no min or max
    hides them."""
    import numpy as np
    import torch

    if tensor.is_floating_point():
        largest = torch.finfo(tensor.dtype).max / 4
        pair = torch.tensor([largest, -largest] if variant else [np.nan, np.nan], dtype=torch.float64)
    elif tensor.dtype == torch.bool:
        pair = torch.tensor([not variant, True])
    else:
        size = tensor.element_size()
        pattern = np.repeat(np.array([0x5A if variant else 0xA5, 0xA5], np.uint8), size)
        pair = torch.from_numpy(pattern).view(tensor.dtype)
    count = tensor.numel()
    return tensor.copy_(pair.repeat(count // 2 + 1)[:count].reshape(tensor.shape).to(tensor.dtype))
