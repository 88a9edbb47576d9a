// What a program that includes any thrust header may use without another: older releases brought all of it along.
#pragma once
#include <thrust/advance.h>
#include <thrust/copy.h>
#include <thrust/distance.h>
#include <thrust/equal.h>
#include <thrust/execution_policy.h>
#include <thrust/fill.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/iterator/iterator_traits.h>
#include <thrust/pair.h>
#include <thrust/swap.h>
#include <thrust/transform.h>
#include <thrust/tuple.h>
