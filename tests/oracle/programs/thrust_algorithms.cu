// thrust's algorithms and iterators on small inputs whose results can be read off.
#include <cstdio>
#include <initializer_list>
#include <thrust/adjacent_difference.h>
#include <thrust/binary_search.h>
#include <thrust/complex.h>
#include <thrust/count.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/extrema.h>
#include <thrust/find.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/gather.h>
#include <thrust/generate.h>
#include <thrust/host_vector.h>
#include <thrust/inner_product.h>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/discard_iterator.h>
#include <thrust/iterator/permutation_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/logical.h>
#include <thrust/merge.h>
#include <thrust/partition.h>
#include <thrust/random.h>
#include <thrust/reduce.h>
#include <thrust/remove.h>
#include <thrust/replace.h>
#include <thrust/scan.h>
#include <thrust/scatter.h>
#include <thrust/sequence.h>
#include <thrust/set_operations.h>
#include <thrust/sort.h>
#include <thrust/tabulate.h>
#include <thrust/transform.h>
#include <thrust/transform_reduce.h>
#include <thrust/transform_scan.h>
#include <thrust/tuple.h>
#include <thrust/unique.h>

template <class V>
void show(const char* what, const V& v, int n) {
  printf("%s:", what);
  for (int i = 0; i < n; i++) printf(" %g", (double)v[i]);
  printf("\n");
}
thrust::device_vector<int> ints(std::initializer_list<int> values) { return thrust::device_vector<int>(values.begin(), values.end()); }

struct Even {
  __host__ __device__ bool operator()(int x) const { return x % 2 == 0; }
};
struct Multiply {
  template <typename Tuple>
  __host__ __device__ void operator()(Tuple t) {
    thrust::get<2>(t) = thrust::get<0>(t) * thrust::get<1>(t);
  }
};
struct Area {
  __host__ __device__ int operator()(const thrust::tuple<int, int>& t) const { return thrust::get<0>(t) * thrust::get<1>(t); }
};
struct Uniform {
  __device__ float operator()(int n) const {
    thrust::default_random_engine rng(42);
    thrust::uniform_real_distribution<float> u(2.0f, 3.0f);
    rng.discard(n);
    return u(rng);
  }
};
__global__ void twice(int* p, int n) {
  int i = threadIdx.x;
  if (i < n) p[i] *= 2;
}

int main() {
  using namespace thrust::placeholders;
  const int n = 6;
  thrust::device_vector<int> a = ints({5, 3, 9, 1, 4, 1}), b(n), keys = ints({1, 1, 2, 3, 3, 3}), ko(n), vo(n);
  thrust::device_vector<int> s = a;
  thrust::sort(s.begin(), s.end());
  show("sort", s, n);
  thrust::sequence(b.begin(), b.end());
  s = a;
  thrust::stable_sort_by_key(s.begin(), s.end(), b.begin(), thrust::greater<int>());
  show("places", b, n);
  printf("%d %d %d\n", thrust::reduce(a.begin(), a.end()), thrust::reduce(a.begin(), a.end(), 0, thrust::maximum<int>()),
         thrust::transform_reduce(a.begin(), a.end(), [] __host__ __device__(int x) { return x * x; }, 0, thrust::plus<int>()));
  printf("%d\n", thrust::inner_product(a.begin(), a.end(), keys.begin(), 0));
  thrust::inclusive_scan(a.begin(), a.end(), b.begin());
  show("inclusive", b, n);
  thrust::exclusive_scan(a.begin(), a.end(), b.begin(), 10);
  show("exclusive", b, n);
  thrust::inclusive_scan_by_key(keys.begin(), keys.end(), a.begin(), b.begin());
  show("by key", b, n);
  thrust::transform_inclusive_scan(a.begin(), a.end(), b.begin(), thrust::negate<int>(), thrust::plus<int>());
  show("negated", b, n);
  auto ends = thrust::reduce_by_key(keys.begin(), keys.end(), a.begin(), ko.begin(), vo.begin());
  show("keys", ko, ends.first - ko.begin());
  show("sums", vo, ends.second - vo.begin());
  int kept = thrust::copy_if(a.begin(), a.end(), b.begin(), Even()) - b.begin();
  show("even", b, kept);
  s = keys;
  s.erase(thrust::unique(s.begin(), s.end()), s.end());
  show("unique", s, s.size());
  s = a;
  s.resize(thrust::remove_if(s.begin(), s.end(), _1 > 4) - s.begin());
  show("removed", s, s.size());
  s = a;
  thrust::stable_partition(s.begin(), s.end(), Even());
  show("partition", s, n);
  thrust::replace(s.begin(), s.end(), 1, -1);
  thrust::adjacent_difference(a.begin(), a.end(), b.begin());
  show("differences", b, n);
  thrust::device_vector<int> map = ints({5, 4, 3, 2, 1, 0});
  thrust::gather(map.begin(), map.end(), a.begin(), b.begin());
  show("gather", b, n);
  thrust::scatter(a.begin(), a.end(), map.begin(), b.begin());
  show("scatter", b, n);
  auto most = thrust::max_element(a.begin(), a.end());
  auto both = thrust::minmax_element(a.begin(), a.end());
  printf("%d %d %d %d\n", (int)(most - a.begin()), (int)*both.first, (int)thrust::count(a.begin(), a.end(), 1),
         (int)(thrust::find(a.begin(), a.end(), 9) - a.begin()));
  printf("%d %d\n", thrust::all_of(a.begin(), a.end(), _1 > 0), thrust::any_of(a.begin(), a.end(), Even()));
  s = ints({1, 3, 5, 7});
  thrust::device_vector<int> queries = ints({0, 3, 8});
  thrust::lower_bound(s.begin(), s.end(), queries.begin(), queries.end(), b.begin());
  show("bounds", b, 3);
  thrust::device_vector<int> t = ints({3, 4, 5});
  thrust::merge(s.begin(), s.end(), t.begin(), t.end(), thrust::make_discard_iterator());
  int common = thrust::set_intersection(s.begin(), s.end(), t.begin(), t.end(), b.begin()) - b.begin();
  show("both", b, common);

  thrust::device_vector<float> x(4, 2.f), y(4), z(4);
  thrust::sequence(y.begin(), y.end(), 1.f, 0.5f);
  thrust::transform(x.begin(), x.end(), y.begin(), z.begin(), 3.f * _1 + _2);
  show("saxpy", z, 4);
  thrust::for_each(thrust::make_zip_iterator(thrust::make_tuple(x.begin(), y.begin(), z.begin())),
                   thrust::make_zip_iterator(thrust::make_tuple(x.end(), y.end(), z.end())), Multiply());
  show("zip", z, 4);
  auto first = thrust::make_zip_iterator(thrust::make_tuple(a.begin(), keys.begin()));
  printf("%d\n", thrust::transform_reduce(first, first + n, Area(), 0, thrust::plus<int>()));
  auto chosen = thrust::make_permutation_iterator(a.begin(), map.begin());
  printf("%d %d\n", (int)chosen[0], thrust::reduce(chosen, chosen + 2));
  auto squares = thrust::make_transform_iterator(thrust::counting_iterator<int>(1), _1 * _1);
  printf("%d %d\n", thrust::reduce(squares, squares + 4),
         thrust::reduce(thrust::make_constant_iterator(3), thrust::make_constant_iterator(3) + 5));
  thrust::tabulate(thrust::device, b.begin(), b.end(), _1 * 10);
  twice<<<1, 32>>>(thrust::raw_pointer_cast(b.data()), n);
  show("tabulate", b, n);
  thrust::device_vector<float> r(100);
  thrust::transform(thrust::counting_iterator<int>(0), thrust::counting_iterator<int>(100), r.begin(), Uniform());
  auto range = thrust::minmax_element(r.begin(), r.end());
  thrust::minstd_rand engine;  // the ten thousandth number of minstd_rand is fixed by the C++ standard
  engine.discard(9999);
  printf("%d %u\n", *range.first >= 2.f && *range.second < 3.f, (unsigned)engine());
  thrust::complex<float> i(0, 1), w = i * i + thrust::complex<float>(3, 4);
  printf("%g %g %g\n", w.real(), w.imag(), thrust::abs(thrust::complex<float>(3, 4)));
  printf("PASS\n");
}
// expect: sort: 1 1 3 4 5 9
// expect: places: 2 0 4 1 3 5
// expect: 23 9 133
// expect: 44
// expect: inclusive: 5 8 17 18 22 23
// expect: exclusive: 10 15 18 27 28 32
// expect: by key: 5 8 9 1 5 6
// expect: negated: -5 -8 -17 -18 -22 -23
// expect: keys: 1 2 3
// expect: sums: 8 9 6
// expect: even: 4
// expect: unique: 1 2 3
// expect: removed: 3 1 4 1
// expect: partition: 4 5 3 9 1 1
// expect: differences: 5 -2 6 -8 3 -3
// expect: gather: 1 4 1 9 3 5
// expect: scatter: 1 4 1 9 3 5
// expect: 2 1 2 2
// expect: 1 1
// expect: bounds: 0 1 4
// expect: both: 3 5
// expect: saxpy: 7 7.5 8 8.5
// expect: zip: 2 3 4 5
// expect: 44
// expect: 1 5
// expect: 30 15
// expect: tabulate: 0 20 40 60 80 100
// expect: 1 399268537
// expect: 2 4 5
// expect: PASS
