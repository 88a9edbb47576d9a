"""From a parsed module to one Python function: `prepare(*arguments)` gives `program()`, which runs one program.

Each operation becomes a line `v7 = c3(v1, v2)` or an inlined expression; `scf` regions become Python loops and
branches, blocks joined by `cf.br` a dispatch loop. What does not depend on the program (splats of arguments, ranges) is
computed once a launch, in `prepare`. Lines carry the port's own line numbers and file, so that a traceback, and with
it every error, points into the port.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from cuport.targets.triton.interpreter import casts, collective, functions, memory, operations  # noqa: F401  (tables)
from cuport.targets.triton.interpreter.hints import hint_of
from cuport.targets.triton.interpreter.registry import (
    IMPURE,
    OPERATIONS,
    Machine,
    UnsupportedOperation,
    dtype_of,
    full,
    shape_of,
)
from cuport.targets.triton.interpreter.syntax import Block, Function, IRError, Module, Op, source_lines

_REGION_CALLS = {"tt.reduce", "tt.scan", "tt.map_elementwise"}
_ACROSS_LANES = {"tt.reduce", "tt.scan", "tt.gather", "tt.histogram", "tt.dot"}
_ENDS = {"tt.reduce.return", "tt.scan.return", "tt.map_elementwise.return"}
_PLACE = re.compile(r"\{(\d+)\}")


def generate(module: Module, machine: Machine, port: Path) -> Callable[..., Callable[[], None]]:
    """The kernel of `module` as Python. Raises UnsupportedOperation or IRError."""
    return _Generator(module, machine, port).build()


class _Names:
    """SSA values of one function -> Python identifiers."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __getitem__(self, value: str) -> str:
        found = self.known.get(value)
        if found is None:
            found = self.known[value] = f"v{len(self.known)}"
        return found


class _Generator:
    def __init__(self, module: Module, machine: Machine, port: Path) -> None:
        self.module = module
        self.machine = machine
        self.port = port
        self.lines: list[tuple[int, str, int]] = []  # indent, text, line in the port
        self.constants: dict[str, Any] = {
            "i64": np.int64,
            "full": full,
            "tick": _tick(machine),
            "crossed": _crossed(machine),
        }
        self.names = _Names()
        self.counter = 0
        self.line = 1
        self.functions: dict[str, str] = {}

    # Frame ------------------------------------------------------------------------------------------------------------

    def build(self) -> Callable[..., Callable[[], None]]:
        kernel = self.module.kernel
        for i, function in enumerate(self.module.functions.values()):
            self.functions[function.name] = f"f{i}"
        for function in self.module.functions.values():
            if function is not kernel:
                self.function(function)
        self.kernel(kernel)
        tree = ast.parse("\n".join("    " * indent + text for indent, text, _ in self.lines))
        at = [line for _, _, line in self.lines]
        for node in ast.walk(tree):
            if hasattr(node, "lineno"):
                node.lineno = node.end_lineno = at[node.lineno - 1]  # type: ignore[attr-defined]
                node.col_offset = node.end_col_offset = 0  # type: ignore[attr-defined]
        exec(compile(tree, str(self.port), "exec"), self.constants)
        prepare: Callable[..., Callable[[], None]] = self.constants["prepare"]
        return prepare

    def emit(self, indent: int, text: str) -> None:
        self.lines.append((indent, text, self.line))

    def constant(self, value: Any) -> str:
        self.counter += 1
        name = f"c{self.counter}"
        self.constants[name] = value
        return name

    def place(self, location: str) -> None:
        """Take the innermost line of the port from now on (library functions keep their caller's)."""
        for file, line in source_lines(location, self.module.locations):
            if file == str(self.port):
                self.line = line
                return

    def function(self, function: Function) -> None:
        self.names = _Names()
        self.mark_unused(function.blocks)
        self.place(function.location)
        parameters = ", ".join(self.names[a] for a in function.arguments)
        self.emit(0, f"def {self.functions[function.name]}({parameters}):")
        self.blocks(1, function.blocks)

    def kernel(self, kernel: Function) -> None:
        self.names = _Names()
        self.mark_unused(kernel.blocks)
        self.place(kernel.location)
        self.emit(0, f"def prepare({', '.join(self.names[a] for a in kernel.arguments)}):")
        known, first = set(kernel.arguments), kernel.blocks[0]
        rest: list[Op] = []
        for op in first.ops:
            free = op.name not in IMPURE and op.name in OPERATIONS and not op.regions
            if free and all(value in known for value in op.operands):
                self.op(1, op)
                known.update(op.results)
            else:
                rest.append(op)
        first.ops = rest
        self.emit(1, "def program():")
        self.blocks(2, kernel.blocks)
        self.emit(1, "return program")

    def mark_unused(self, blocks: list[Block]) -> None:
        used: set[str] = set()

        def visit(ops: Iterable[Op]) -> None:
            for op in ops:
                used.update(op.operands)
                for region in op.regions:
                    for block in region:
                        visit(block.ops)

        def mark(ops: Iterable[Op]) -> None:
            for op in ops:
                op.unused = not used.intersection(op.results)
                for region in op.regions:
                    for block in region:
                        mark(block.ops)

        for block in blocks:
            visit(block.ops)
        for block in blocks:
            mark(block.ops)

    def blocks(self, indent: int, blocks: list[Block]) -> None:
        if len(blocks) == 1 or all(b.ops[-1].name not in ("cf.br", "cf.cond_br", "cf.switch") for b in blocks):
            self.sequence(indent, blocks[0].ops)
            return
        number = {block.label: i for i, block in enumerate(blocks)}
        number.setdefault(blocks[0].label, 0)
        self.emit(indent, "block = 0")
        self.emit(indent, "while True:")
        for i, block in enumerate(blocks):
            self.emit(indent + 1, f"{'if' if i == 0 else 'elif'} block == {i}:")
            self.sequence(indent + 2, block.ops[:-1])
            self.branch(indent + 2, block.ops[-1], blocks, number)

    def branch(self, indent: int, op: Op, blocks: list[Block], number: dict[str, int]) -> None:
        self.place(op.location)

        def jump(depth: int, label: str, values: list[str]) -> None:
            self.assign(depth, blocks[number[label]].arguments, values)
            self.emit(depth, f"block = {number[label]}")

        if op.name == "cf.br":
            jump(indent, op.successors[0], op.operands)
        elif op.name == "cf.cond_br":
            _, yes, _ = op.integers("operandSegmentSizes")
            self.emit(indent, f"if {self.names[op.operands[0]]}:")
            jump(indent + 1, op.successors[0], op.operands[1 : 1 + yes])
            self.emit(indent, "else:")
            jump(indent + 1, op.successors[1], op.operands[1 + yes :])
        else:
            self.op(indent, op)

    def sequence(self, indent: int, ops: Iterable[Op]) -> None:
        before = len(self.lines)
        for op in ops:
            self.op(indent, op)
        if len(self.lines) == before:
            self.emit(indent, "pass")

    def assign(self, indent: int, targets: list[str], values: list[str]) -> None:
        if targets:
            left, right = ", ".join(self.names[t] for t in targets), ", ".join(self.names[v] for v in values)
            self.emit(indent, f"{left} = {right}")

    # Operations -------------------------------------------------------------------------------------------------------

    def op(self, indent: int, op: Op) -> None:
        self.place(op.location)
        special = getattr(self, "op_" + op.name.replace(".", "_"), None)
        if special is not None:
            special(indent, op)
            return
        if op.name in _ENDS:
            self.emit(indent, f"return {', '.join(self.names[v] for v in op.operands)}")
            return
        builder = OPERATIONS.get(op.name)
        if builder is None:
            raise UnsupportedOperation(f"the operation `{op.name}` is not interpreted")
        if not op.results and op.name not in IMPURE:
            raise IRError(f"`{op.name}` has no result")
        code = builder(op, self.machine)
        operands = [self.names[v] for v in self.arguments(op)]
        if op.name in _REGION_CALLS:
            operands.insert(0, self.region(indent, op))
        if isinstance(code, str):
            text = _PLACE.sub(lambda found: operands[int(found.group(1))], code)
        else:
            text = f"{self.constant(code)}({', '.join(operands)})"
        if op.name == "arith.constant" and callable(code):
            text = self.constant(code())
        left = ", ".join(self.names[r] for r in op.results)
        self.emit(indent, f"{left} = {text}" if left else text)
        if op.name in _ACROSS_LANES:
            self.emit(indent, "crossed()")
        if (hint := hint_of(op, self.machine)) is not None:
            self.emit(indent, f"{self.constant(hint)}({left})")

    def arguments(self, op: Op) -> list[str]:
        """Operands in place: an absent mask of a load that has an `other` would shift it."""
        if "operandSegmentSizes" in op.attributes and op.name == "tt.load":
            pointer, mask, other = op.integers("operandSegmentSizes")[:3]
            if other and not mask:
                return op.operands[:pointer]
        return op.operands

    def region(self, indent: int, op: Op) -> str:
        """The operation's region as a nested function; its name."""
        self.counter += 1
        name = f"r{self.counter}"
        (block,) = op.regions[0] if len(op.regions[0]) == 1 else (None,)
        if block is None:
            raise UnsupportedOperation(f"a region of `{op.name}` with branches is not interpreted")
        self.emit(indent, f"def {name}({', '.join(self.names[a] for a in block.arguments)}):")
        plain = all(inner.name in OPERATIONS or inner.name in _ENDS for inner in block.ops)
        for inner in block.ops:
            inner.on_arrays = plain and op.name != "tt.map_elementwise"
        self.sequence(indent + 1, block.ops)
        if plain or op.name == "tt.map_elementwise":
            return name
        return f"{self.constant(lane_by_lane)}({name})"  # branches and loops decide for one lane at a time

    def op_tt_call(self, indent: int, op: Op) -> None:
        callee = op.attr("callee").lstrip("@").strip('"')
        call = f"{self.functions[callee]}({', '.join(self.names[v] for v in op.operands)})"
        left = ", ".join(self.names[r] for r in op.results)
        self.emit(indent, f"{left} = {call}" if left else call)

    def op_tt_return(self, indent: int, op: Op) -> None:
        self.emit(indent, f"return {', '.join(self.names[v] for v in op.operands)}")

    def op_scf_if(self, indent: int, op: Op) -> None:
        self.emit(indent, f"if {self.names[op.operands[0]]}:")
        self.yielding(indent + 1, op.regions[0][0], op.results)
        if len(op.regions) > 1 and op.regions[1] and op.regions[1][0].ops:
            self.emit(indent, "else:")
            self.yielding(indent + 1, op.regions[1][0], op.results)

    def yielding(self, indent: int, block: Block, targets: list[str]) -> None:
        """A block whose `scf.yield` assigns to `targets`."""
        last = block.ops[-1]
        if last.name != "scf.yield":
            raise IRError(f"a block ends in `{last.name}`")
        self.sequence(indent, block.ops[:-1])
        self.assign(indent, targets, last.operands)

    def op_scf_for(self, indent: int, op: Op) -> None:
        low, high, step = (self.names[v] for v in op.operands[:3])
        block = op.regions[0][0]
        carried = block.arguments[1:]
        unsigned = op.attributes.get("unsignedCmp", "false") != "false"
        counter = self.constant(_counter(dtype_of(op.operand_types[0]), unsigned))
        self.assign(indent, carried, op.operands[3:])
        self.emit(indent, f"for {self.names[block.arguments[0]]} in {counter}({low}, {high}, {step}):")
        self.yielding(indent + 1, block, carried)
        self.assign(indent, op.results, carried)

    def op_scf_while(self, indent: int, op: Op) -> None:
        before, after = op.regions[0][0], op.regions[1][0]
        condition = before.ops[-1]
        if condition.name != "scf.condition":
            raise IRError("a while loop without a condition")
        self.assign(indent, before.arguments, op.operands)
        self.emit(indent, "while True:")
        self.emit(indent + 1, "tick()")
        self.sequence(indent + 1, before.ops[:-1])
        self.assign(indent + 1, after.arguments, condition.operands[1:])
        self.emit(indent + 1, f"if not {self.names[condition.operands[0]]}:")
        self.emit(indent + 2, "break")
        self.yielding(indent + 1, after, before.arguments)
        self.assign(indent, op.results, after.arguments)

    def op_scf_execute_region(self, indent: int, op: Op) -> None:
        if len(op.regions[0]) != 1:
            raise UnsupportedOperation("a region with branches is not interpreted")
        self.yielding(indent, op.regions[0][0], op.results)

    def op_tt_broadcast(self, indent: int, op: Op) -> None:
        if op.operand_types[0].scalar or shape_of(op.operand_types[0]) is None:
            raise IRError("tt.broadcast of a scalar")
        self.assign(indent, op.results, op.operands)


def lane_by_lane(combine: Callable[..., Any]) -> Callable[..., Any]:
    """A combine function with control flow, applied to arrays element by element."""

    def applied(*arrays: Any) -> Any:
        shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
        flat = [full(a, shape).reshape(-1) for a in arrays]
        results = [combine(*lanes) for lanes in zip(*flat, strict=True)]
        if isinstance(results[0], tuple):
            return tuple(np.array(column).reshape(shape) for column in zip(*results, strict=True))
        return np.array(results).reshape(shape)

    return applied


def _counter(dtype: np.dtype[Any], unsigned: bool) -> Callable[[Any, Any, Any], Iterable[Any]]:
    """The values of a loop's induction variable. A step that is not positive is undefined; it is refused."""
    kind = dtype.type

    def count(low: Any, high: Any, step: Any) -> Iterable[Any]:
        if unsigned:
            wide = np.dtype(f"u{dtype.itemsize}")
            low, high, step = (v.view(wide) for v in (low, high, step))
        if step <= 0:
            raise ValueError(f"a loop steps by {step}; a step known only at run time must be positive")
        for value in range(int(low), int(high), int(step)):
            yield kind(value) if not unsigned else np.array(value, wide).view(dtype)[()]

    return count


def _crossed(machine: Machine) -> Callable[[], None]:
    """After an operation across lanes (see `races`)."""

    def crossed() -> None:
        if machine.watch is not None:
            machine.watch.soft += 1

    return crossed


def _tick(machine: Machine) -> Callable[[], None]:
    return getattr(machine, "tick", lambda: None)
