"""From the CUDA syntax tree to the IR: one class, built up in layers, a file a layer.

context      what is being built: statements, variables, scopes, diagnostics
typenames    type specifiers and declarators
places       objects in variables and memory: loads, stores, pointers, structs
expressions  operators
calls        device functions, methods, lambdas: inlined
intrinsics   CUDA's own functions
statements   declarations and control flow
"""
