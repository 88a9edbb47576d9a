"""An interpreter for Triton's own intermediate representation (TTIR).

The front end of Triton turns a `@triton.jit` function and one launch's specialisation into TTIR; its code generators
turn that same TTIR into PTX or AMDGCN. Here it is run with numpy instead: type promotion, specialisation, control flow
and everything that the compiler rejects are the compiler's, by construction, and only the meaning of about a hundred
operations is ours.

    syntax        text of the IR in MLIR's generic form -> Module, Function, Block, Op
    generate      Module -> one Python function a kernel
    operations    the table: operation name -> how it is computed; scalar, shape and control operations
    casts         conversions between number types as the hardware does them
    functions     `math.*` and libdevice functions by symbol
    collective    reduce, scan, gather, histogram, dot
    memory        buffers, bounds, loads, stores, atomics
    hints         promises to the compiler, checked
    races         lanes that meet without a barrier
    machine       the state of a run and the loop over programs
"""
