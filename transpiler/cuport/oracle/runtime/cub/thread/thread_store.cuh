// Part of CUB by its usual name.
#pragma once
#include "thread_load.cuh"
