// Under its second name.
#pragma once
#include "cuda_pipeline.h"
