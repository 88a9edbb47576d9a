// Everything the CUDA samples' host code shares.
#pragma once
#include <assert.h>
#include <math.h>
#include <algorithm>
#include <iostream>
#include <vector>
#include "exception.h"
#include "helper_image.h"
#include "helper_string.h"
#include "helper_timer.h"
