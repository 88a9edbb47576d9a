import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuport.case import Bound, Buffer, Case, PointerArg, Reference, ScalarArg, StructArg
from cuport.store import CodecError, decode, encode

PARTICLE = np.dtype({"names": ["x", "id"], "formats": ["<f4", "<i8"], "offsets": [0, 8], "itemsize": 16})


def reference() -> Reference:
    floats = np.array([1.5, np.nan, -0.0, np.inf], np.float32)
    buffers = (
        Buffer("x", floats),
        Buffer("v", np.arange(8, dtype=np.float32).reshape(2, 4)),
        Buffer("h", np.array([0.1, 0.2], ml_dtypes.bfloat16)),
        Buffer("p", np.zeros(3, PARTICLE)),
        Buffer("empty", np.zeros((0, 4), np.int8)),
    )
    args = (PointerArg(0, 4, "float32"), ScalarArg("int32", 7), StructArg("S", (("a", ScalarArg("float32", 0.5)),)))
    case = Case("k", "k<float>", (1, 2, 3), (32, 1, 1), 0, args, buffers, (("T", "float32"), ("N", 4)))
    bound = Bound(floats.astype(np.float64), np.ones(4), np.zeros(4, bool), np.ones(4, bool))
    return Reference(case, tuple(b.data for b in buffers), (bound, None, None, None, None))


def test_a_reference_comes_back_bit_for_bit() -> None:
    before = reference()
    after = decode(encode(before))
    assert after.case.digest == before.case.digest
    assert after.case.args == before.case.args and after.case.template_args == before.case.template_args
    for a, b in zip(after.outputs, before.outputs, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    assert after.bounds[0].bound.tobytes() == before.bounds[0].bound.tobytes() and after.bounds[1] is None


def test_arrays_come_back_read_only() -> None:
    with pytest.raises(ValueError):
        decode(encode(reference())).outputs[0][0] = 1


@given(st.binary(max_size=300), st.integers(0, 200))
def test_damaged_bytes_are_a_codec_error(noise: bytes, at: int) -> None:
    good = encode(reference())
    for data in (noise, good[:at], good[:at] + noise):
        try:
            decode(data)
        except CodecError:
            continue


def test_only_known_classes_are_stored() -> None:
    with pytest.raises(TypeError):
        encode(object())
