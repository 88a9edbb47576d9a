// thrust::system_error with the category of CUDA's errors, which device code's headers bring along in nvcc.
#pragma once
#include_next <thrust/system_error.h>
#include <thrust/system/cuda/error.h>
