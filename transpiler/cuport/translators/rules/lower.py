"""A kernel of the syntax tree as IR functions, one for each template instance that its cases show."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tree_sitter import Node

from cuport.case import Arg, Case, PointerArg, StructArg
from cuport.cuda.parse import parse
from cuport.diagnostic import CuportError, Span, fail
from cuport.kernel import Kernel, Source
from cuport.sandbox.contract import contract_of
from cuport.translators.rules import build, ir, types, walk
from cuport.translators.rules.lowering import ctype
from cuport.translators.rules.lowering.context import Overrides, Relower, Unsupported
from cuport.translators.rules.lowering.ctype import ArrayType, CType, Pointer, Record, Scalar, Void
from cuport.translators.rules.lowering.declare import FunctionDecl, Unit, unit_of
from cuport.translators.rules.lowering.headers import text_for
from cuport.translators.rules.lowering.mutation import mutated_names, reassigned_names
from cuport.translators.rules.lowering.pointers import ZERO
from cuport.translators.rules.lowering.statements import Statements
from cuport.translators.rules.lowering.values import (
    Agg,
    Binding,
    FlatRoot,
    Frame,
    Items,
    Ptr,
    RecordRoot,
    Root,
    TypeName,
    Value,
    ValuePlace,
)
from cuport.translators.rules.passes import normalise
from cuport.translators.rules.spin import waiting_loop

_ROUNDS = 8  # lowerings of one kernel until nothing new is learned about its memories
TemplateArgs = tuple[tuple[str, int | bool | str], ...]


def lower_kernel(source: Source, kernel: Kernel, cases: Sequence[Case]) -> tuple[ir.Function, ...]:
    """The structured functions of a kernel's instances, in order of first appearance.

    Raises CuportError with `unsupported.*` diagnostics for what has no lowering.
    """
    unit = unit_of(parse(f"{source.text}\n{text_for(source.includes)}").root_node)
    decl = unit.kernel(kernel.qualified, _text_line(source, kernel))
    if decl is None:
        error = Unsupported("kernel", f"the kernel `{kernel.qualified}` is not found in the syntax tree")
        raise CuportError(error.diagnostic(source))
    groups: dict[TemplateArgs, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.template_args, []).append(case)
    return tuple(_lower_instance(source, unit, kernel, decl, args, group) for args, group in groups.items())


def _text_line(source: Source, kernel: Kernel) -> int | None:
    """The line of `Source.text` where the kernel starts."""
    for i, (path, line) in enumerate(source.line_map):
        if (path, line) == (kernel.span.path, kernel.span.line):
            return i + 1
    return None


def _lower_instance(
    source: Source, unit: Unit, kernel: Kernel, decl: FunctionDecl, args: TemplateArgs, cases: Sequence[Case]
) -> ir.Function:
    overrides = Overrides()
    for _ in range(_ROUNDS):
        lowering = Lowering(source, unit, overrides, kernel, decl)
        try:
            function = lowering.run(args, cases)
        except Relower:
            continue
        except Unsupported as error:
            raise CuportError(error.diagnostic(source, decl.node)) from None
        except RecursionError:
            deep = Unsupported("recursion", f"`{kernel.qualified}` nests too deeply", decl.node)
            raise CuportError(deep.diagnostic(source)) from None
        if not lowering.learn_dtypes():
            return _checked(source, normalise(function))
    many = Unsupported("memory-types", f"the memory of `{kernel.qualified}` is used as too many types", decl.node)
    raise CuportError(many.diagnostic(source))


def _checked(source: Source, function: ir.Function) -> ir.Function:
    """The function, unless its threads wait for one another."""
    loop = waiting_loop(function)
    if loop is None:
        return function
    path, line = source.original(loop.line)
    what = "threads wait for one another in this loop, which a port in lockstep would never leave"
    raise fail("unsupported.spin-wait", what, span=Span(path, line), hint="release the lock inside of the loop")


class Lowering(Statements):
    """One instance of one kernel."""

    def __init__(self, source: Source, unit: Unit, overrides: Overrides, kernel: Kernel, decl: FunctionDecl) -> None:
        super().__init__(source, unit, overrides)
        self.kernel = kernel
        self.decl = decl
        self.mutated = []
        self.shared_seen = {}
        self.trees = []
        self.globals_seen = {}
        contract = contract_of(kernel)
        self.symbols: Mapping[str, str] = dict(contract.globals)
        self.taken |= {*contract.params, *contract.extras, "grid", "block", "shared_bytes"}

    def run(self, template_args: TemplateArgs, cases: Sequence[Case]) -> ir.Function:
        """Lower the body. Raises Unsupported."""
        namespace = self.decl.qualified.rpartition("::")[0]
        frame = Frame(self.decl.name, [{}], namespace, self.label("return"), Void())
        self.frames.append(frame)
        frame.scopes.append(self._template_bindings(template_args))
        frame.scopes.append({})
        self._parameters(cases)
        frame.scopes.append({})
        with self.capture() as block:
            self.function_body(self.decl.body)
        body = (*self.out, ir.Scope(frame.label, tuple(block)))
        written = walk.writes(body).memories
        memories = tuple(replace(m, written=m.name in written) for m in self.memories.values())
        return ir.Function(
            cases[0].instance if cases else self.kernel.qualified,
            template_args,
            tuple(self.scalars.values()),
            memories,
            dict(self.variables),
            body,
            self._nullable(cases, body),
            tuple(self.notes),
        )

    def _template_bindings(self, template_args: TemplateArgs) -> dict[str, Binding]:
        given: dict[str, CType | ir.Const] = {}
        for name, value in template_args:
            if isinstance(value, bool | int):
                given[name] = build.const(int(value), "int64")
            else:
                given[name] = self._type_argument(value)
        missing = [p.name for p in self.decl.templates if p.name not in given and p.default is None]
        if missing:
            raise Unsupported("template", f"the template argument `{missing[0]}` is not known", self.decl.node)
        bindings: dict[str, Binding] = {}
        for p in self.decl.templates:
            if p.name in given:
                value_or_type = given[p.name]
                if isinstance(value_or_type, ir.Const):
                    self.frame.scopes.append(bindings)
                    bindings[p.name] = self._value_argument(p, value_or_type)
                    self.frame.scopes.pop()
                else:
                    bindings[p.name] = TypeName(value_or_type)
            else:
                self.frame.scopes.append(bindings)
                bindings.update(self.template_scope([p], ()))
                self.frame.scopes.pop()
        return bindings

    def _type_argument(self, name: str) -> CType:
        if name in types.DTYPES:
            return Scalar(name)
        found = ctype.named(name.replace("std::", ""))
        if found is not None:
            return found
        tree = parse(f"using argument = {name};")
        self.trees.append(tree)
        node = tree.root_node.named_children[0].child_by_field_name("type")
        assert node is not None
        return self.type_of_node(node)

    # --------------------------------------------------------------- parameters

    def _parameters(self, cases: Sequence[Case]) -> None:
        mutated, reassigned = mutated_names(self.decl.body), reassigned_names(self.decl.body)
        nodes = self.decl.parameters
        arguments = cases[0].args if cases else ()
        for i, (node, access) in enumerate(zip(nodes, self.kernel.param_names, strict=False)):
            name, t, reference = self.parameter(node)
            if reference:
                raise Unsupported("parameter", "a kernel parameter by reference", node)
            argument = arguments[i] if i < len(arguments) else None
            value = self._parameter_value(access, access, t, argument, node)
            if not name:
                continue
            if name in (reassigned if isinstance(value, Ptr) else mutated) and not isinstance(value, Items):
                self.bind(name, self.declare_local(name, t, value, node.start_byte, node))
            else:
                self.bind(name, ValuePlace(value))

    def _parameter_value(self, name: str, access: str, t: CType, argument: Arg | None, node: Node) -> Value:
        match t:
            case Scalar():
                unique = name if name in self.kernel.param_names else self.unique(name)
                self.scalars[unique] = ir.ScalarParam(unique, t.dtype, access)
                return ir.Param(unique, t.dtype)
            case Pointer():
                pointee = t.pointee
                if isinstance(pointee, Void):
                    pointee = _pointee_of(argument)
                root = self._buffer(name, access, pointee, node)
                return Ptr(root, ZERO, self._unit(pointee), t.pointee if not isinstance(t.pointee, Void) else pointee)
            case ArrayType():
                fields = dict(argument.fields) if isinstance(argument, StructArg) else {}
                values = [
                    self._parameter_value(f"{name}_{k}", f"{access}[{k}]", t.element, fields.get(str(k)), node)
                    for k in range(t.extent or 0)
                ]
                return Items(t.element, tuple(values))
            case Record():
                fields = dict(argument.fields) if isinstance(argument, StructArg) else {}
                parts = [
                    self._parameter_value(f"{name}_{f}", f"{access}.{_safe(f)}", ft, fields.get(f), node)
                    for f, ft in t.fields
                ]
                return Agg(t, tuple(parts))
        raise Unsupported("parameter", f"a kernel parameter of type `{ctype.show(t)}`", node)

    def _buffer(self, name: str, access: str, pointee: CType, node: Node) -> Root:
        if isinstance(pointee, Pointer):
            raise Unsupported("pointer-to-pointer", "a pointer to pointers as a kernel parameter", node)
        if isinstance(pointee, Record) and not pointee.vector:
            return self._record_buffer(name, access, pointee, node, nested="")
        lanes = 1
        while isinstance(pointee, ArrayType):
            pointee = pointee.element
        if isinstance(pointee, Record):
            lanes, pointee = len(pointee.fields), Scalar(pointee.lane)
        if not isinstance(pointee, Scalar):
            raise Unsupported("parameter", f"a pointer to `{ctype.show(pointee)}`", node)
        unique = name if name in self.kernel.param_names else self.unique(name)
        self.memory(ir.Memory(unique, "global", pointee.dtype, None, lanes, access))
        return FlatRoot(unique, pointee.dtype)

    def _record_buffer(self, name: str, access: str, record: Record, node: Node, nested: str) -> RecordRoot:
        """A struct buffer arrives as a dict of field arrays; nested structs have dotted names."""
        if record.decl is not None and record.decl.union:
            raise Unsupported("union", "a buffer of unions", node)
        roots: list[Root] = []
        counts: list[int] = []
        for field, t in record.fields:
            key = f"{nested}{field}"
            element, count = t, 1
            while isinstance(element, ArrayType):
                count *= element.extent or 1
                element = element.element
            if isinstance(element, Record) and not element.vector:
                if count > 1:
                    raise Unsupported("struct-array-member", "a buffer of structs that hold arrays of structs", node)
                roots.append(self._record_buffer(f"{name}_{field}", access, element, node, f"{key}."))
                counts.append(1)
                continue
            lanes = 1
            if isinstance(element, Record):
                lanes, element = len(element.fields), Scalar(element.lane)
            if not isinstance(element, Scalar):
                raise Unsupported("pointer-in-buffer", "a buffer of structs that hold pointers", node)
            unique = self.unique(f"{name}_{field}")
            where = f'{access}["{key}"]'
            self.memory(ir.Memory(unique, "global", element.dtype, None, count * lanes, where))
            roots.append(FlatRoot(unique, element.dtype, True, count * lanes))
            counts.append(count * lanes)
        return RecordRoot(record, tuple(roots), tuple(counts))

    def _nullable(self, cases: Sequence[Case], body: ir.Block) -> tuple[str, ...]:
        """Memories whose pointer is null in a case, or that the kernel tests for it."""
        null: set[str] = set()
        for case in cases:
            for name, argument in zip(self.kernel.param_names, case.args, strict=False):
                null |= {path for path, a in _pointers(name, argument) if a.buffer is None}
        tested = {
            x.memory
            for s in walk.statements(body)
            for e in walk.own_expressions(s)
            for x in walk.expressions(e)
            if isinstance(x, ir.IsNull)
        }
        return tuple(m.name for m in self.memories.values() if m.access.split("[")[0] in null or m.name in tested)

    # -------------------------------------------------------------------- memory

    def learn_dtypes(self) -> bool:
        """Choose better dtypes for memories that are used through casts; True if the kernel must be lowered again."""
        learned = False
        for name, views in self.views.items():
            memory = self.memories[name]
            if memory.space not in ("shared", "local") or not views:
                continue
            best = _storage_dtype(memory.dtype, views)
            if best != memory.dtype:
                if self.overrides.dtypes.get(name) == best:
                    continue
                self.overrides.dtypes[name] = best
                learned = True
        return learned


def _storage_dtype(declared: str, views: set[str]) -> str:
    """The dtype to keep memory in that is seen as `views`: the narrowest of them, float before integer."""
    narrow = min(types.size(v) for v in views)
    fitting = sorted((v for v in views if types.size(v) == narrow), key=lambda v: (not types.is_float(v), v))
    if declared in fitting:
        return declared
    if len(views) == len(fitting):
        return fitting[0]
    return fitting[0] if len(fitting) == 1 else types.unsigned(fitting[0])


def _pointee_of(argument: Arg | None) -> CType:
    """What a `void *` parameter points to, from a launch."""
    if isinstance(argument, PointerArg) and argument.dtype in types.DTYPES:
        if argument.lanes > 1:
            return ctype.vector(argument.dtype, argument.lanes)
        return Scalar(argument.dtype)
    return Scalar("uint8")


def _pointers(path: str, argument: Arg) -> list[tuple[str, PointerArg]]:
    if isinstance(argument, PointerArg):
        return [(path, argument)]
    if isinstance(argument, StructArg):
        return [p for name, inner in argument.fields for p in _pointers(f"{path}.{name}", inner)]
    return []


def _safe(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name
