// Replays recorded launches: reads a file of cases, runs each on the kernels of this unit, writes what the buffers hold
// afterwards. Included at the end of a unit build (cuda/rewrite: unit_text), which registers each kernel instance.
//
// Usage of the built program: UNIT CASES RESULTS [--schedule forward|reverse|random] [--seed N]
//
// CASES is text lines, each buffer line followed by its raw bytes and a newline:
//     cuport-cases 1
//     case <number> <instance>            `instance` is the registered C++ spelling and reaches to the end of the line
//     grid <x> <y> <z>
//     block <x> <y> <z>
//     shared <bytes>
//     buffer <bytes> <name>\n<raw>\n      numbered from 0 in order of appearance
//     global <buffer> <qualified name>    a __constant__ or __device__ variable and the buffer with its contents
//     arg s <hex>                         a scalar's bytes in memory order
//     arg p <buffer> <byte offset>        a pointer into a buffer; buffer -1 is nullptr
//     end
// Arguments are leaves in order of declaration: a struct by value gives one line for each scalar or pointer member, an
// array one for each element, float4 four. An opaque struct (a union, a class of another header) is one `s`.
// Offsets and sizes count bytes of plain CUDA; `io<T>` (cuport/cases/io.h) translates when T is not its own bytes.
//
// RESULTS, flushed after each case:
//     cuport-results 1
//     case <number>
//     buffer <buffer> <bytes>\n<raw>\n
//     stream <buffer> <n>\n<n f64 values><n f64 bounds><n u8 touched><n u8 tainted>\n      where io<T>::streams
//     fault <kind> <bx> <by> <bz> <tx> <ty> <tz> <code address, hex> <message>
//     note <message>                      something that lowers the worth of the result
//     error <code> <message>              the launch failed (invalid configuration, trap, illegal address ...)
//     end
#pragma once
#include "cuport/cases/replay_run.h"
