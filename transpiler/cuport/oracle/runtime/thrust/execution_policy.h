// thrust::host, thrust::device and thrust::cuda::par, as a program compiled by nvcc gets them.
#pragma once
#include_next <thrust/execution_policy.h>
#include <thrust/system/cuda/execution_policy.h>
