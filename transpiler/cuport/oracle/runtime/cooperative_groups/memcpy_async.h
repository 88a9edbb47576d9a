// Copies by a group.
#pragma once
#include "../cooperative_groups.h"
#include "details/copy.h"
