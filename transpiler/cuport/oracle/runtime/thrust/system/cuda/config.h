// Part of thrust's CUDA system, which is its sequential C++ system here.
#pragma once
#include <thrust/detail/config.h>
