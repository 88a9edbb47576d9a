"""mbarrier of PTX, and bulk copies without tensor maps. A cluster is one block here.

Copies are done when they are asked for; the bytes then count as arrived.
"""

from __future__ import annotations

from cuport.cuda.rewrite.ptx.syntax import Address, Instruction, Refused, Register
from cuport.cuda.rewrite.ptx.writer import SCOPES, Modifiers, P, Writer, expect, instruction

_SHARED = ("shared", "shared::cta", "shared::cluster")
_ORDERS = ("relaxed", "acquire", "release", "acq_rel", "noComplete")


@instruction("mbarrier")
def _mbarrier(w: Writer, i: Instruction) -> str:
    w.need("ptx_barrier")
    m = Modifiers(i)
    m.drop((*SCOPES, *_ORDERS, "b64"))
    space = m.take(*_SHARED) or "generic"
    what = m.take(
        "init", "inval", "arrive", "arrive_drop", "test_wait", "try_wait", "pending_count", "expect_tx", "complete_tx"
    )
    parity, expects = bool(m.take("parity")), bool(m.take("expect_tx"))
    m.done()
    operands = list(i.operands)
    if what == "pending_count":
        expect(i, 2)
        return w.assign(operands[0], f"{P}mbarrier_pending({w.value(operands[1], 'b64')})")
    if what in ("test_wait", "try_wait"):
        expect(i, 3, 4)
        d, at, state, *_ = operands
        function = f"mbarrier_passed{'_parity' if parity else ''}"
        value = w.value(state, "u32" if parity else "b64")
        return w.assign(d, f"{P}{function}({w.address(at, space)}, {value})")
    if what in ("init", "inval"):
        expect(i, 2 if what == "init" else 1)
        count = f", {w.value(operands[1], 'u32')}" if what == "init" else ""
        return f"{P}mbarrier_{what}({w.address(operands[0], space)}{count});"
    if what in ("expect_tx", "complete_tx"):
        expect(i, 2)
        sign = "" if what == "expect_tx" else "-"
        bytes_ = f"{sign}static_cast<int64_t>({w.value(operands[1], 'u32')})"
        return f"{P}mbarrier_change({w.address(operands[0], space)}, 0, 0, {bytes_});"
    if what not in ("arrive", "arrive_drop"):
        raise Refused(i.text)
    # the state is left out where nobody asks for it, in which case only a barrier of the cluster may be meant
    token = (
        operands.pop(0)
        if len(operands) == 3 or (len(operands) == 2 and not isinstance(operands[0], Address))
        else Register("_")
    )
    if not 1 <= len(operands) <= 2:
        raise Refused(i.text)
    more = w.value(operands[1], "u32") if len(operands) == 2 else "1u"
    comes, bytes_ = ("1u", f"static_cast<int64_t>({more})") if expects else (more, "0")
    leaves = comes if what == "arrive_drop" else "0u"
    return w.assign(token, f"{P}mbarrier_change({w.address(operands[0], space)}, {comes}, {leaves}, {bytes_})")


def bulk_copy(w: Writer, i: Instruction, m: Modifiers) -> str:
    """cp.async.bulk between global and shared memory; `m` without `async` and `bulk`."""
    w.need("ptx_barrier")
    if m.take("commit_group", "wait_group"):
        m.drop(("read",))
        m.done()
        return ";"
    if any(p in m.left for p in ("tensor", "prefetch", "reduce", "multicast::cluster", "cp_mask")):
        raise Refused(i.text)
    policy = bool(m.take("L2::cache_hint"))
    spaces = [p for p in m.left if p in (*_SHARED, "global")]
    m.drop(spaces)
    counted = bool(m.take("mbarrier::complete_tx::bytes"))
    m.take("bulk_group")
    m.done()
    operands = i.operands[:-1] if policy else i.operands
    if len(spaces) != 2 or len(operands) != (4 if counted else 3):
        raise Refused(i.text)
    to, source, size = operands[:3]
    bytes_ = w.value(size, "u32")
    out = f"{P}copy_bulk({w.address(to, spaces[0])}, {w.address(source, spaces[1])}, {bytes_});"
    if counted:
        out += f" {P}mbarrier_change({w.address(operands[3], 'shared')}, 0, 0, -static_cast<int64_t>({bytes_}));"
    return out
