"""Which headers come with the system (C, C++, CUDA) and which macros they are known to define.

System headers are never opened while reading: they stay `#include` lines. What user code asks the preprocessor about
them (`#ifndef M_PI`, `#if CUDART_VERSION >= 11000`) is answered from the tables here.
"""

from __future__ import annotations

import re

CUDA_VERSION = 12080

_C = """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
stdatomic stdbool stddef stdint stdio stdlib string strings tgmath threads time uchar wchar wctype unistd
malloc memory alloca fcntl getopt dirent pthread sched semaphore dlfcn endian byteswap values omp mpi sys/time
sys/types sys/stat sys/mman sys/resource sys/times sys/wait sys/sysinfo sys/ioctl immintrin emmintrin
xmmintrin smmintrin x86intrin nmmintrin windows io direct process intrin GL/gl GL/glut GL/glu GL/glew
GL/freeglut"""
_CPP = """algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes
climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdalign
cstdarg cstdbool cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution
filesystem format forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream
iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream queue
random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack
stdexcept stop_token streambuf string string_view strstream syncstream system_error thread tuple type_traits
typeindex typeinfo unordered_map unordered_set utility valarray variant vector version"""
_CUDA = re.compile(
    r"""(?x)
    (cuda|cooperative_groups|thrust|cub|nv|crt|curand|cublas|cusparse|cusolver|cufft|nvtx3|nccl|cutensor|cudnn)
        (_[a-z0-9_]+)? (/[\w/.-]+)? (\.(h|hpp|cuh))?
    | cu(da|rand|blas|sparse|solver|fft|pti|Complex|dnn|tensor)\w*\.(h|hpp|cuh)
    | (vector_types|vector_functions|device_functions|device_functions_decls|device_launch_parameters|device_types
       |device_atomic_functions|driver_types|driver_functions|host_defines|host_config|builtin_types|channel_descriptor
       |texture_types|texture_fetch_functions|texture_indirect_functions|surface_types|surface_functions
       |surface_indirect_functions|math_constants|math_functions|math_functions_dbl_ptx3|common_functions|library_types
       |mma|nvrtc|nvml|nvToolsExt\w*|fatbinary|sm_\d\d_\w+|func_macro|nccl|nvfunctional|nvJitLink)(\.(h|hpp))?
    | helper_(cuda|functions|timer|string|math|image|gl|cuda_drvapi|cuda_gl|multiprocess|cusolver)\.h
    | drvapi_error_string\.h
    """
)
_STANDARD = {name + ".h" for name in _C.split()} | set(_CPP.split())
# Only ever found beside the program: a system that has no such header would not help anyone.
_SAMPLE_HELPERS = re.compile(r"helper_\w+\.h|drvapi_error_string\.h")


def is_system(name: str) -> bool:
    """Whether a header of this name belongs to C, C++, POSIX or the CUDA toolkit (its samples' helpers included)."""
    return name in _STANDARD or _CUDA.fullmatch(name) is not None


def is_toolkit(name: str) -> bool:
    """Like `is_system`, without the samples' helper headers, which programs often carry in their own copy."""
    return is_system(name) and not _SAMPLE_HELPERS.fullmatch(name)


# A macro that expands to itself answers `#ifdef` and stays in the text.
_MATH = "M_E M_LOG2E M_LOG10E M_LN2 M_LN10 M_PI M_PI_2 M_PI_4 M_1_PI M_2_PI M_2_SQRTPI M_SQRT2 M_SQRT1_2"
ALWAYS = f"{_MATH} INFINITY NAN HUGE_VAL HUGE_VALF NULL RAND_MAX EXIT_SUCCESS EXIT_FAILURE"
_FLOAT_NAMES = "MAX MIN EPSILON DIG MANT_DIG MAX_EXP MIN_EXP MAX_10_EXP MIN_10_EXP TRUE_MIN"
_FLOAT = " ".join(f"{t}_{n}" for t in ("FLT", "DBL", "LDBL") for n in _FLOAT_NAMES.split())
_LIMITS = """CHAR_BIT CHAR_MAX CHAR_MIN SCHAR_MAX SCHAR_MIN UCHAR_MAX SHRT_MAX SHRT_MIN USHRT_MAX INT_MAX INT_MIN
UINT_MAX LONG_MAX LONG_MIN ULONG_MAX LLONG_MAX LLONG_MIN ULLONG_MAX"""
_STDINT = " ".join(f"{s}INT{n}_{e}" for s in ("", "U") for n in (8, 16, 32, 64) for e in ("MAX", "MIN")) + " SIZE_MAX"
_CUDART_NAMES = """INF NAN MIN_DENORM MAX_NORMAL NEG_ZERO ZERO ONE SQRT_HALF SQRT_TWO THIRD PIO4 PIO2 3PIO4 2_OVER_PI
SQRT_2_OVER_PI PI L2E L2T LG2 LGE LN2 LNT LNPI TWO_TO_M126 TWO_TO_126"""
_CUDART = " ".join(f"CUDART_{n}{f}" for n in _CUDART_NAMES.split() for f in ("", "_F"))
MACROS_OF_HEADER: dict[str, str] = {
    "float.h": _FLOAT,
    "cfloat": _FLOAT,
    "limits.h": _LIMITS,
    "climits": _LIMITS,
    "stdint.h": _STDINT,
    "cstdint": _STDINT,
    "inttypes.h": _STDINT,
    "cinttypes": _STDINT,
    "assert.h": "assert",
    "cassert": "assert",
    "math_constants.h": _CUDART,
    "stdio.h": "EOF BUFSIZ",
    "cstdio": "EOF BUFSIZ",
}

# What nvcc predefines. One text serves host and device, so `__CUDA_ARCH__` is defined for both.
PREDEFINED: tuple[str, ...] = (
    "__CUDACC__=1",
    "__NVCC__=1",
    "__CUDA_ARCH__=900",
    "__CUDA_ARCH_LIST__=900",
    "__CUDACC_VER_MAJOR__=12",
    "__CUDACC_VER_MINOR__=8",
    "__CUDACC_VER_BUILD__=93",
    "__CUDACC_RELAXED_CONSTEXPR__=1",
    "__CUDACC_EXTENDED_LAMBDA__=1",
    f"CUDART_VERSION={CUDA_VERSION}",
    f"CUDA_VERSION={CUDA_VERSION}",
    f"__CUDART_API_VERSION={CUDA_VERSION}",
    *(f"{name}={name}" for name in ALWAYS.split()),
    *(f"{name}=" for name in ("CUDART_CB", "CUDARTAPI", "CUDAAPI", "CUDA_CB")),
    *(f"__{name}__=__{name}__" for name in ["global", "device", "host", "shared", "constant", "managed"]),
)

# Macros that change what system headers declare: their #define lines stay in the text.
PASSED_ON = re.compile(
    r"NDEBUG|_USE_MATH_DEFINES|_(GNU|POSIX|XOPEN|DEFAULT|BSD|ISOC99|CRT)_\w+|__STDC_\w+|__CUDA_NO_\w+"
    r"|(CUB|THRUST|CCCL|LIBCUDACXX)_\w+|CUDA_API_PER_THREAD_DEFAULT_STREAM|_FILE_OFFSET_BITS"
)
