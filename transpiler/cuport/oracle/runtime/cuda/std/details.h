// cuda::std is std with a few names of its own: everything here is C++ for one processor.
#pragma once
#include <type_traits>
namespace cuda {
namespace std {
using namespace ::std;
}
}  // namespace cuda
