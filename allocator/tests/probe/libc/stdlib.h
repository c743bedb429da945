/* What C programs in this folder include of a C library: what the feature `c-api` exports. */
#ifndef STDLIB_H
#define STDLIB_H
#include <stddef.h>

void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void *reallocarray(void *, size_t, size_t);
void free(void *);
void *aligned_alloc(size_t, size_t);
void *memalign(size_t, size_t);
int posix_memalign(void **, size_t, size_t);
size_t malloc_usable_size(void *);
size_t malloc_size(const void *);

#endif
