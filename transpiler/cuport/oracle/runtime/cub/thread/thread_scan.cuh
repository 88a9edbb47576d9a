// Part of CUB by its usual name.
#pragma once
#include "thread_reduce.cuh"
