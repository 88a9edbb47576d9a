// Part of CUB by its usual name.
#pragma once
#include "iterators.cuh"
