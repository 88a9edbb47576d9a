"""Libraries beside the CUDA runtime: refused by the first call, left alone where only their header is included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cuport.diagnostic import CuportError, Diagnostic
from cuport.doctor import findings
from cuport.kernel import Source
from cuport.oracle import Oracle, libraries

Make = Callable[..., Source]
KERNEL = "__global__ void k(float* o) { o[threadIdx.x] = 1; }\n"


def refused(oracle: Oracle, source: Source) -> Diagnostic:
    with pytest.raises(CuportError) as caught:
        oracle.run_program(source)
    return caught.value.diagnostics[0]


@pytest.mark.parametrize(
    ("header", "body", "name", "library"),
    [
        ("cublas_v2.h", "cublasHandle_t h; cublasCreate(&h); cublasZgemm(h);", "cublasZgemm", "cuBLAS"),
        ("cublasLt.h", "cublasLtHandle_t h; cublasLtCreate(&h);", "cublasLtCreate", "cuBLAS"),
        ("cufft.h", "cufftHandle h; cufftPlan1d(&h, 8, CUFFT_C2C, 1);", "cufftPlan1d", "cuFFT"),
        ("cudnn.h", "cudnnHandle_t h; cudnnCreate(&h);", "cudnnCreate", "cuDNN"),
        ("cusparse.h", "cusparseHandle_t h = 0;", "cusparseHandle_t", "cuSPARSE"),
        ("cusolverDn.h", "cusolverDnHandle_t h; cusolverDnCreate(&h);", "cusolverDnCreate", "cuSOLVER"),
        ("nccl.h", "ncclComm_t c; ncclCommInitAll(&c, 1, 0);", "ncclCommInitAll", "NCCL"),
        ("mpi.h", 'puts("MPI_Wrong(");\n  MPI_Init(0, 0);', "MPI_Init", "MPI"),
        ("nvml.h", "nvmlInit();", "nvmlInit", "NVML"),
        ("GL/glut.h", "glutInit(0, 0);", "glutInit", "OpenGL"),
        ("npp.h", "nppiAddC_8u_C1RSfs(0);", "nppiAddC_8u_C1RSfs", "NPP"),
        ("nvjpeg.h", "nvjpegHandle_t h; nvjpegCreateSimple(&h);", "nvjpegCreateSimple", "nvJPEG"),
        ("opencv2/opencv.hpp", "cv::Mat m;", "cv", "OpenCV"),
        ("cutlass/gemm.h", "cutlass::Status s;", "cutlass", "CUTLASS"),
        ("torch/extension.h", "torch::Tensor t;", "torch", "PyTorch"),
    ],
)
def test_the_first_use_is_named_with_its_place(
    header: str, body: str, name: str, library: str, oracle: Oracle, source: Make
) -> None:
    line = f"  {body}\n"
    made = source(f"#include <cstdio>\n#include <{header}>\n{KERNEL}int main() {{\n{line}}}\n")
    diagnostic = refused(oracle, made)
    assert diagnostic.code == "oracle.unsupported-library"
    assert f"{name} belongs to {library}," in diagnostic.message
    assert diagnostic.hint
    assert diagnostic.span is not None
    text = made.raw.split("\n")[diagnostic.span.line - 1]
    assert text[diagnostic.span.column - 1 :].startswith(name)


def test_a_header_that_nobody_uses_does_no_harm(oracle: Oracle, source: Make) -> None:
    headers = ("cublas_v2.h", "cufft.h", "cudnn.h", "nccl.h", "mpi.h", "nvml.h", "cutlass/cutlass.h", "GL/glew.h")
    text = "".join(f"#include <{h}>\n" for h in headers) + '#include "cusparse.h"\n#include <cstdio>\n'
    result = oracle.run_program(
        source(text + KERNEL + 'int main() { puts("cufftPlan1d(cublasCreate)"); }  // MPI_Init()\n')
    )
    assert result.stdout == "cufftPlan1d(cublasCreate)\n"


def test_names_of_the_program_may_look_like_a_librarys(oracle: Oracle, source: Make) -> None:
    text = """#include <cstdio>
        #include <cublas_v2.h>
        void cublasCheck(cublasStatus_t s) { if (s != CUBLAS_STATUS_SUCCESS) puts("bad"); }
        struct Plan { cublasHandle_t cublasHandle, *others; };
        """
    main = """int main() {
          Plan plan;
          cublasHandle_t cublasHandle = 0;
          cublasStatus_t cublasStatus = cublasCreate(&cublasHandle);
          plan.cublasHandle = cublasHandle;
          cublasCheck(cublasStatus);
          cublasCheck(cublasDestroy(plan.cublasHandle));
          puts("done");
        }"""
    assert oracle.run_program(source(text + KERNEL + main)).stdout == "done\n"


def test_kernels_beside_a_library_can_be_judged_alone(oracle: Oracle, source: Make) -> None:
    import numpy as np

    from cuport.case import Buffer, Case, PointerArg

    made = source("#include <cufft.h>\n" + KERNEL + "int main() { cufftHandle h; cufftPlan1d(&h, 8, CUFFT_C2C, 1); }\n")
    case = Case(
        "k", "k", (1, 1, 1), (4, 1, 1), 0, (PointerArg(0, 0, "float32"),), (Buffer("o", np.zeros(4, np.float32)),)
    )
    assert oracle.replay(made, [case])[0].outputs[0].tolist() == [1, 1, 1, 1]


def test_thrust_without_its_headers_says_what_to_install(
    oracle: Oracle, source: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = source(f"#include <cstdio>\n#include <thrust/device_vector.h>\n{KERNEL}int main() {{ }}\n")
    monkeypatch.setattr(libraries, "find_cccl", lambda: None)
    diagnostic = refused(oracle, made)
    assert (diagnostic.code, diagnostic.span.line if diagnostic.span else 0) == ("oracle.missing-cccl", 2)
    assert "pip install" in diagnostic.hint
    monkeypatch.setattr("cuport.doctor.find_cccl", lambda: None)
    assert [f.state for f in findings() if f.what == "thrust"] == ["limited"]


def test_headers_are_found_in_a_toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both layouts: include/thrust, and include/cccl/thrust of newer toolkits, which goes first."""
    for place, version in (("include", 200200), ("include/cccl", 300100)):
        (tmp_path / place / "thrust").mkdir(parents=True)
        (tmp_path / place / "thrust" / "version.h").write_text(f"#define THRUST_VERSION {version} // macro\n")
    monkeypatch.setattr(libraries.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    libraries.find_cccl.cache_clear()
    try:
        assert libraries.find_cccl() == (tmp_path / "include" / "cccl", "3.1.0")
    finally:
        monkeypatch.undo()
        libraries.find_cccl.cache_clear()
