"""From the arrays that a functional port returns to the buffers after the launch, overlapping pointers included.

Two pointers into one buffer give two results that both cover the overlap. An element that equals its old value makes no
statement, so `a` and `b = a + n` can each return what they changed; two different new values for one byte contradict
each other and are rejected.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from cuport.case import Array
from cuport.sandbox.call import Call, ContractViolation, Field, Raw, Records, View


class Writes:
    """Collects results of one call. `result()` holds the new bytes of every buffer that was returned."""

    def __init__(self, call: Call) -> None:
        self._before = call.buffers
        self._after: dict[int, Raw] = {}
        self._said: dict[int, Raw] = {}  # per byte: 1 where a result changed it
        uses = Counter(view.buffer for view in call.views())
        self._shared = {buffer for buffer, count in uses.items() if count > 1}

    def put(self, view: View | Records, array: Array, field: Field | None = None) -> None:
        """Take one returned array, of exactly the view's (or field's) shape and dtype."""
        name = f"{view.path}[{field.name!r}]" if field else view.path
        buffer = view.buffer
        after = self._after.setdefault(buffer, self._before[buffer].copy())
        item = array.dtype.itemsize
        new = np.ascontiguousarray(array).reshape(-1).view(np.uint8).reshape(*array.shape, item)
        if not new.size:
            return
        place = _bytes(after, view, field, item)
        if buffer not in self._shared:
            place[...] = new
            return
        said = self._said.setdefault(buffer, np.zeros_like(after))
        mine = _bytes(said, view, field, item)
        changed = (new != _bytes(self._before[buffer], view, field, item)).any(axis=-1, keepdims=True)
        changed = np.broadcast_to(changed, new.shape)
        if (changed & (mine != 0) & (place != new)).any():
            raise ContractViolation(f"the result for `{name}` contradicts that of another pointer into the same buffer")
        np.copyto(place, new, where=changed)
        np.copyto(mine, 1, where=changed)

    def result(self) -> dict[int, Array]:
        """{buffer index: all its bytes}."""
        return dict(self._after)


def _bytes(raw: Raw, view: View | Records, field: Field | None, item: int) -> Raw:
    """The elements of a view as bytes: shape (*elements, itemsize)."""
    if isinstance(view, Records):
        assert field is not None
        typed, start = view.field_within(raw, field), view.offset + field.offset
    else:
        typed, start = view.within(raw), view.offset
    return np.ndarray((*typed.shape, item), np.uint8, raw.data, start, (*typed.strides, 1))
