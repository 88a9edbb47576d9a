// Part of CUB by its usual name.
#pragma once
#include "block_radix_sort.cuh"
