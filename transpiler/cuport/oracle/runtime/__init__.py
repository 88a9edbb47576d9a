"""The C++ headers that CUDA programs are built against on a CPU. Data: `cuport.oracle.build` finds them here."""
