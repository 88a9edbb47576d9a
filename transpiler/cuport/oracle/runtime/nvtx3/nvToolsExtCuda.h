// Names of CUDA resources for profilers: accepted, without effect.
#pragma once
#include "../nvToolsExt.h"
