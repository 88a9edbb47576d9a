// The release whose interface these headers follow.
#pragma once
#define CUB_VERSION 200700
#define CUB_MAJOR_VERSION 2
#define CUB_MINOR_VERSION 7
#define CUB_SUBMINOR_VERSION 0
#define CUB_PATCH_NUMBER 0
