"""What can be read off a lowered program's text: calls out of the compiler, and products of reduced precision."""

from __future__ import annotations

import re

# `stablehlo.custom_call @name(...)`, quoted where the name is no identifier; generic form: call_target_name = "name".
_CUSTOM_CALL = re.compile(r'custom_call\s+@(?:"([^"]+)"|([\w.$]+))|call_target_name\s*=\s*"([^"]+)"')
_PRODUCT = re.compile(r'"?stablehlo\.(dot_general|dot|convolution)"?\b(.*)')
_FLOAT32 = re.compile(r"x?f(32|64)>")

# Calls into the compilers' own libraries: linear algebra, FFT, random bits, sorting, Pallas kernels. No host callbacks.
_ALLOWED = (
    "lapack_",
    "cusolver_",
    "cublas_",
    "cudnn",
    "hipsolver_",
    "hipblas_",
    "rocsolver_",
    "ducc_fft",
    "cu_threefry2x32",
    "hip_threefry2x32",
    "cu_lu_pivots_to_permutation",
    "hip_lu_pivots_to_permutation",
    "__cublas$",
    "__cudnn$",
    "__gpu$xla.gpu.triton",
    "xla.gpu.",
    "tpu_custom_call",
    "mosaic_gpu",
    "triton_kernel_call",
    "mhlo.",
    "chlo.",
    "stablehlo.",
)
_ALLOWED_NAMES = frozenset(
    {"Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "annotate_device_placement", "TopK", "ApproxTopK"}
    | {
        "Eigh",
        "Qr",
        "LuDecomposition",
        "ProductOfElementaryHouseholderReflectors",
        "Householder",
        "AssumeGatherIndicesInBound",
    }
)


def refused_calls(text: str) -> list[str]:
    """Names of custom calls that lead out of the compiler, above all into Python on the host; sorted."""
    names = {next(filter(None, match.groups())) for match in _CUSTOM_CALL.finditer(text)}
    refused = {name for name in names if "callback" in name.lower() or not _is_allowed(name)}
    return sorted(refused)


def _is_allowed(name: str) -> bool:
    return name in _ALLOWED_NAMES or name.startswith(_ALLOWED)


def loose_products(text: str) -> list[str]:
    """Kinds of products over float32 or float64 that do not ask for the highest precision, sorted.

    A TPU may compute these in bfloat16 and an NVIDIA GPU in TF32, while the CPU run that was judged did not.
    """
    found = set()
    for line in text.splitlines():
        match = _PRODUCT.search(line)
        if match and _FLOAT32.search(match.group(2)) and not _is_exact(match.group(2)):
            found.add({"convolution": "convolution"}.get(match.group(1), "matrix product"))
    return sorted(found)


def _is_exact(attributes: str) -> bool:
    precision = re.search(r"precision(?:_config)?\s*=\s*\[([^\]]*)\]", attributes)
    named = re.findall(r"DEFAULT|HIGHEST|HIGH", precision.group(1)) if precision else []
    return bool(named) and all(word == "HIGHEST" for word in named)
