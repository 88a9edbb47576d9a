"""From the CUDA syntax tree to the IR: one class, built up in layers, a file a layer.

context      what is being built: statements, variables, scopes, diagnostics
typenames    type specifiers and declarators
places       objects in variables and memory: loads, stores, pointers, structs
pointers     (below places) pointer arithmetic, memory seen as other types
names        what identifiers refer to
operators    operators on values; access: memory, members, casts; expressions: the rest
overloads    which function a call means; calls: device functions, methods, lambdas inlined
intrinsics   CUDA's arithmetic functions (by the tables of `library`); parallel: barriers, atomics, warps, groups
dispatch     what a call is
declarations local declarations; statements: control flow
"""
