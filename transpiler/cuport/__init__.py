"""cuport: CUDA kernels ported to Triton and JAX, accepted only on evidence."""

__version__ = "0.1.0"
