// Under its second name.
#pragma once
#include "../nvToolsExt.h"
