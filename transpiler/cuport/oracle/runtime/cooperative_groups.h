// Cooperative groups: the block, tiles of it, the coalesced lanes, the grid.
#pragma once
#include "cooperative_groups/details/block.h"
#include "cooperative_groups/details/lanes.h"
#include "cooperative_groups/details/tiles.h"
#include "cooperative_groups/details/partition.h"
