#include <stdlib.h>
int twice(int x) {
  int *p = malloc(sizeof *p); /* C, not C++ */
  *p = 2 * x;
  x = *p;
  free(p);
  return x;
}
