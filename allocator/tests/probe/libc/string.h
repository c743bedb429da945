/* Of these `strdup` and `strndup` are the allocator's; the others are in every Rust program. */
#ifndef STRING_H
#define STRING_H
#include <stddef.h>

void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlen(const char *);
char *strdup(const char *);
char *strndup(const char *, size_t);

#endif
