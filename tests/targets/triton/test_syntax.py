"""Reading MLIR's generic form, without Triton."""

from __future__ import annotations

import pytest

from cuport.targets.triton.interpreter.syntax import IRError, parse_module, parse_type, source_lines, split_top

TEXT = """
#loc = loc("port.py":7:1)
#loc4 = loc("library.py":216:16)
#loc5 = loc("x"(#loc))
"builtin.module"() ({
  "tt.func"() <{arg_attrs = [{tt.divisibility = 16 : i32}, {}], function_type = (!tt.ptr<f32>, i32) -> (),
    sym_name = "k", sym_visibility = "public"}> ({
  ^bb0(%x: !tt.ptr<f32> loc("x"(#loc)), %n: i32 loc("n, (odd)"(#loc))):
    %0 = "arith.constant"() <{value = dense<[1, -2]> : tensor<2xi32>}> : () -> tensor<2xi32> loc(#loc1)
    %i:2 = "scf.while"(%0, %n) ({
    ^bb0(%a: tensor<2xi32> loc(#loc), %b: i32 loc(unknown)):
      %c = "arith.cmpi"(%b, %n) <{predicate = 2 : i64}> : (i32, i32) -> i1 loc(callsite(#loc4 at #loc5))
      "scf.condition"(%c, %a, %b) : (i1, tensor<2xi32>, i32) -> () loc(#loc)
    }, {
    ^bb0(%d: tensor<2xi32> loc(#loc), %e: i32 loc(#loc)):
      "scf.yield"(%d, %e) : (tensor<2xi32>, i32) -> () loc(#loc)
    }) : (tensor<2xi32>, i32) -> (tensor<2xi32>, i32) loc(#loc)
    "cf.cond_br"(%q#1)[^bb1, ^bb2] <{operandSegmentSizes = array<i32: 1, 0, 0>}> : (i1) -> () loc(#loc)
  ^bb1:  // pred: ^bb0 } ) >
    "tt.return"() : () -> () loc(#loc)
  ^bb2:  // pred: ^bb0
    "tt.return"() {told = "a \\"b\\" ) , > 'c'"} : () -> () loc(#loc)
  }) {noinline = false} : () -> () loc(#loc)
  "tt.func"() <{function_type = () -> (), sym_name = "broken", sym_visibility = "private"}> ({
  ^bb0:
  }) {noinline = false} : () -> () loc(unknown)
}) : () -> () loc(#loc)
"""


def test_structure():
    module = parse_module(TEXT)
    kernel = module.kernel
    assert list(module.functions) == ["k"]  # the one without operations is no function
    assert kernel.arguments == ["%x", "%n"]
    assert [b.label for b in kernel.blocks] == ["^bb0", "^bb1", "^bb2"]
    constant, loop, branch = kernel.blocks[0].ops
    assert constant.attributes == {"value": "dense<[1, -2]> : tensor<2xi32>"}
    assert loop.results == ["%i#0", "%i#1"]
    assert [len(region[0].ops) for region in loop.regions] == [2, 1]
    assert loop.regions[0][0].ops[0].integer("predicate") == 2
    assert branch.successors == ["^bb1", "^bb2"]
    assert branch.operands == ["%q#1"]
    assert branch.integers("operandSegmentSizes") == [1, 0, 0]
    assert kernel.blocks[2].ops[0].attributes["told"] == '"a \\"b\\" ) , > \'c\'"'
    inner = loop.regions[0][0].ops[0]
    assert source_lines(inner.location, module.locations) == [("library.py", 216), ("port.py", 7)]


def test_types():
    pointer = parse_type("tensor<4x8x!tt.ptr<f16, 1>>")
    assert (pointer.element, pointer.shape, pointer.pointee) == ("ptr", (4, 8), "f16")
    assert parse_type("i1").scalar
    assert parse_type("tensor<1xbf16>").shape == (1,)
    assert parse_type("!tt.ptr<!tt.ptr<f32>>").pointee == "!tt.ptr<f32>"


def test_commas_inside_brackets_and_strings_do_not_cut():
    assert split_top('a, (b, c) -> d, "e, f", <g, [h, {i}]>') == ["a", "(b, c) -> d", '"e, f"', "<g, [h, {i}]>"]
    assert split_top("") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "module {\n  tt.func public @k() {}\n}",
        '"builtin.module"() ({ "tt.func"(',
        '"builtin.module"() ({ %0 = x }) ',
    ],
)
def test_other_text_is_refused(text):
    with pytest.raises(IRError):
        parse_module(text)


def test_self_referring_locations_end():
    assert source_lines("#a", {"#a": "loc(#a)"}) == []
