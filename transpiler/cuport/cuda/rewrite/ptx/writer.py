"""C++ for the operands of PTX instructions, and what instructions have in common: types, modifiers, predicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cuport.cuda.rewrite.ptx.syntax import (
    Address,
    Argument,
    CppOperand,
    Instruction,
    Not,
    Number,
    Operand,
    Pair,
    Refused,
    Register,
    Special,
    Vector,
)

P = "cuport::ptx::"
SIGNED = ("s8", "s16", "s32", "s64")
UNSIGNED = ("u8", "u16", "u32", "u64")
BITS = ("b8", "b16", "b32", "b64", "b128")
INTEGERS = frozenset((*SIGNED, *UNSIGNED, *BITS))
FLOATS = frozenset(("f16", "f16x2", "bf16", "bf16x2", "f32", "f64"))
TYPES = INTEGERS | FLOATS | {"pred", "tf32", "e4m3x2", "e5m2x2", "e4m3", "e5m2", "b1", "s4", "u4"}
_MOST_REGISTERS = 4096  # in one declaration
SCOPES = ("cta", "cluster", "gpu", "sys")
ROUNDINGS = {"rn": "nearest", "rz": "zero", "rp": "up", "rm": "down"}

_SPECIAL = {
    "laneid": ("u32", "laneid()"),
    "warpid": ("u32", "warpid()"),
    "nwarpid": ("u32", "nwarpid()"),
    "smid": ("u32", "smid()"),
    "nsmid": ("u32", "nsmid()"),
    "gridid": ("u64", "gridid()"),
    "clock": ("u32", "ticks64()"),
    "clock_hi": ("u32", "ticks64() >> 32"),
    "clock64": ("u64", "ticks64()"),
    "globaltimer": ("u64", "ticks64()"),
    "globaltimer_lo": ("u32", "ticks64()"),
    "globaltimer_hi": ("u32", "ticks64() >> 32"),
    "dynamic_smem_size": ("u32", "dynamic_shared_size()"),
    "total_smem_size": ("u32", "total_shared_size()"),
    **{f"lanemask_{c}": ("u32", f"lanemask_{c}()") for c in ("lt", "le", "gt", "ge", "eq")},
}
_INDEX = {"tid": "threadIdx", "ntid": "blockDim", "ctaid": "blockIdx", "nctaid": "gridDim"}
_CLUSTER = {"clusterid": "blockIdx", "nclusterid": "gridDim", "cluster_ctaid": "0", "cluster_nctaid": "1"}


@dataclass
class Modifiers:
    """The parts of an opcode after its first; what is left at the end was not understood."""

    instruction: Instruction
    left: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.left = list(self.instruction.parts[1:])

    def take(self, *names: str) -> str:
        """The first of these that is there, now taken; "" if none is."""
        for i, part in enumerate(self.left):
            if part in names:
                return self.left.pop(i)
        return ""

    def drop(self, names: Iterable[str]) -> None:
        wanted = set(names)
        self.left = [p for p in self.left if p not in wanted]

    def types(self) -> list[str]:
        """All type names, taken."""
        found = [p for p in self.left if p in TYPES]
        self.left = [p for p in self.left if p not in TYPES]
        return found

    def type(self, allowed: Iterable[str]) -> str:
        """The one type. Raises Refused."""
        found = self.types()
        if len(found) != 1 or found[0] not in allowed:
            raise Refused(self.instruction.text)
        return found[0]

    def rounding(self) -> str:
        """`cuport::Round::...`; nearest where none is named."""
        return f"cuport::Round::{ROUNDINGS[self.take(*ROUNDINGS) or 'rn']}"

    def done(self) -> None:
        if self.left:
            raise Refused(f"{self.instruction.text} (.{self.left[0]})")


@dataclass
class Writer:
    """Writes the statements of one template. `declared`: registers in scope, innermost last."""

    operands: tuple[CppOperand, ...]
    in_kernel: bool
    number: int
    declared: list[dict[str, str]] = field(default_factory=lambda: [{}])
    headers: set[str] = field(default_factory=set)
    temporaries: int = 0
    predicates: set[str] = field(default_factory=set)  # C++ names of predicate registers

    def temporary(self) -> str:
        self.temporaries += 1
        return f"cuport_t{self.temporaries}"

    def argument(self, index: int) -> str:
        return f"cuport_o{index}"

    def label(self, name: str) -> str:
        return f"cuport_l{self.number}_{''.join(c if c.isalnum() else '_' for c in name)}"

    def need(self, header: str) -> None:
        self.headers.add(header)

    def find(self, name: str) -> str | None:
        for names in reversed(self.declared):
            if name in names:
                return names[name]
        return None

    def declare(self, ctype: str, names: Iterable[str]) -> str:
        """C++ declarations of registers; `r<4>` stands for r0 to r3."""
        if ctype not in TYPES:
            raise Refused(f"registers of type .{ctype}")
        made = []
        for name in names:
            base, angle, count = name.partition("<")
            if angle and int(count.rstrip("> ")) > _MOST_REGISTERS:
                raise Refused(f"{count.rstrip('> ')} registers")
            every = [f"{base}{i}" for i in range(int(count.rstrip("> ")))] if angle else [name]
            for one in every:
                spelled = "cuport_r_" + "".join(c if c.isalnum() or c == "_" else "_" for c in one)
                self.declared[-1][one] = spelled
                made.append(spelled)
                if ctype == "pred":
                    self.predicates.add(spelled)
        return f"{P}register_of<{P}{ctype}> {', '.join(made)};"

    # Operands as values.

    def raw(self, operand: Operand) -> str:
        """The C++ object that holds an operand's bits."""
        if isinstance(operand, Argument):
            return self.argument(operand.index)
        if isinstance(operand, Register):
            found = self.find(operand.name)
            if found is not None:
                return found
            if operand.name.startswith("%"):
                return self.special(operand.name[1:])
            if operand.name == "WARP_SZ":
                return f"{P}u32{{32}}"
            raise Refused(f"`{operand.name}`, which is not declared in the template")
        if isinstance(operand, Special):
            return self.special(operand.name)
        raise Refused("an operand of this form")

    def special(self, name: str) -> str:
        self.need("ptx_thread")
        base, _, axis = name.partition(".")
        if axis and base in _INDEX:
            return "0u" if axis == "w" else f"cuport::current_{_INDEX[base]}().{axis}"
        if axis and base in _CLUSTER:
            what = _CLUSTER[base]
            return f"{what}u" if what.isdigit() else f"cuport::current_{what}().{axis}"
        if name in ("cluster_ctarank", "cluster_nctarank", "is_explicit_cluster"):
            return "1u" if "n" in name[8:9] else "0u"
        if name not in _SPECIAL:
            raise Refused(f"the special register %{name}")
        ctype, call = _SPECIAL[name]
        return f"static_cast<{P}{ctype}>({P}{call})"

    def value(self, operand: Operand, ctype: str) -> str:
        if isinstance(operand, Vector) and len(operand.items) == 1:
            return self.value(operand.items[0], ctype)
        if isinstance(operand, Not):
            return f"!{self.value(operand.operand, ctype)}"
        if isinstance(operand, Number):
            return self._number(operand.text, ctype)
        if isinstance(operand, Vector):  # packed
            parts = len(operand.items)
            size = {"b16": 16, "b32": 32, "b64": 64, "b128": 128}.get(ctype)
            if size is None or size % parts:
                raise Refused("a vector operand here")
            each = ", ".join(self.value(i, f"b{size // parts}") for i in operand.items)
            return f"{P}pack<{P}{ctype}>({each})"
        return f"{P}get<{P}{ctype}>({self.raw(operand)})"

    def _number(self, text: str, ctype: str) -> str:
        low = text.lower().lstrip("-")
        minus = "-" if text.startswith("-") else ""
        if low.startswith("0f") and len(low) == 10 and ctype == "f32":
            return f"{P}number<{P}f32>({minus}{P}float_of(0x{low[2:]}u))"
        if low.startswith("0d") and len(low) == 18 and ctype == "f64":
            return f"{P}number<{P}f64>({minus}{P}float_of(0x{low[2:]}ull))"
        if low.startswith("0f") and len(low) == 10:
            return f"{minus}{P}get<{P}{ctype}>({P}b32{{0x{low[2:]}u}})"
        if low.startswith("0d") and len(low) == 18:
            return f"{minus}{P}get<{P}{ctype}>({P}b64{{0x{low[2:]}ull}})"
        if "." in low or (ctype in ("f32", "f64") and "x" not in low):
            return f"{P}number<{P}{ctype}>({text if '.' in text or 'e' in low else text + '.0'})"
        return (
            f"{P}number<{P}{ctype}>({minus}{low}ll)"
            if not low.startswith("0x")
            else (f"{P}number<{P}{ctype}>({minus}{low}ull)")
        )

    def address(self, operand: Operand, space: str) -> str:
        """A `char*`. space: shared, or anything else for the generic one."""
        if isinstance(operand, Vector):
            raise Refused("an address of this form")
        if not isinstance(operand, Address):
            operand = Address(operand)
        self.need("ptx_memory")
        offset = "".join(f" {sign} static_cast<int64_t>({self._offset(o)})" for sign, o in operand.offsets)
        name = "shared_at" if space.startswith("shared") else "generic"
        return f"{P}{name}({self.raw(operand.base)}, 0{offset})"

    def _offset(self, operand: Operand) -> str:
        return operand.text if isinstance(operand, Number) else self.raw(operand)

    # Results.

    def assign(self, operand: Operand, value: str) -> str:
        if isinstance(operand, Vector) and len(operand.items) == 1:
            return self.assign(operand.items[0], value)
        if isinstance(operand, Register) and operand.name == "_":
            return f"(void){value};"
        if isinstance(operand, Vector):
            name = self.temporary()
            parts = len(operand.items)
            size = {2: "sizeof({0}) / 2", 4: "sizeof({0}) / 4", 8: "sizeof({0}) / 8"}.get(parts)
            if size is None:
                raise Refused("a vector operand here")
            word = f"typename cuport::word_of<{size.format(name)}>::type"
            self.need("ptx_memory")
            puts = "".join(self.assign(item, f"{P}part<{word}>({name}, {i})") for i, item in enumerate(operand.items))
            return f"{{ const auto {name} = {value}; {puts} }}"
        if isinstance(operand, Register) and self.find(operand.name) is None:
            raise Refused(f"`{operand.name}`, which is not declared in the template")
        return f"{P}put({self.raw(operand)}, {value});"

    def assign_both(self, operand: Operand, value: str, first: str, second: str) -> str:
        """d|p from the two members of a result."""
        if not isinstance(operand, Pair):
            return self.assign(operand, f"{value}.{first}")
        name = self.temporary()
        return (
            f"{{ const auto {name} = {value}; {self.assign(operand.first, f'{name}.{first}')} "
            f"{self.assign(operand.second, f'{name}.{second}')} }}"
        )


Handler = Callable[[Writer, Instruction], str]
HANDLERS: dict[str, Handler] = {}


def instruction(*names: str) -> Callable[[Handler], Handler]:
    """Registers what writes the instructions of these names."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


def expect(i: Instruction, *counts: int) -> None:
    if len(i.operands) not in counts:
        raise Refused(f"{i.text} with {len(i.operands)} operands")
