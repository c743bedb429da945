/* Only declared: what reads files is never called, and not linked. */
#ifndef STDIO_H
#define STDIO_H
#include <stddef.h>

typedef struct file FILE;
#define SEEK_SET 0
#define SEEK_END 2
FILE *fopen(const char *, const char *);
int fclose(FILE *);
size_t fread(void *, size_t, size_t, FILE *);
size_t fwrite(const void *, size_t, size_t, FILE *);
int fseek(FILE *, long, int);
long ftell(FILE *);

#endif
