// Loads and stores with cache hints, which change nothing here.
#pragma once
#include "../util_type.cuh"

namespace cub {

enum CacheLoadModifier { LOAD_DEFAULT, LOAD_CA, LOAD_CG, LOAD_CS, LOAD_CV, LOAD_LDG, LOAD_VOLATILE };
enum CacheStoreModifier { STORE_DEFAULT, STORE_WB, STORE_CG, STORE_CS, STORE_WT, STORE_VOLATILE };

template <CacheLoadModifier M = LOAD_DEFAULT, class It>
inline internal::value_t<It> ThreadLoad(It at) { return *at; }
template <CacheStoreModifier M = STORE_DEFAULT, class It, class T>
inline void ThreadStore(It at, T value) { *at = value; }

}  // namespace cub
