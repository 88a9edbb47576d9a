// Products of small matrices, as tensor cores make them: of narrow numbers, summed wide and rounded once.
#pragma once

namespace cuport {

// Of a row that lies together and a column with a stride. Products of half, bfloat16 and tf32 are exact in double, and so
// is nearly every sum; hardware keeps fewer digits, in an order nobody promises.
template <class T>
static inline T sum_of_products(const T* row, const T* column, int n, int stride) {
  T sum = 0;
  for (int k = 0; k < n; ++k) sum += row[k] * column[k * stride];
  return sum;
}

}  // namespace cuport
