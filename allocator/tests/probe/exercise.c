/* What a C program does with the allocator; the answer is the line of the first check that fails, or 0. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(x) do { if (!(x)) return __LINE__; } while (0)

static int is(const unsigned char *at, size_t len, unsigned char byte) {
    for (size_t i = 0; i < len; i++)
        if (at[i] != byte) return 0;
    return 1;
}

static void fill(unsigned char *at, size_t len, unsigned char byte) {
    for (size_t i = 0; i < len; i++) at[i] = byte;
}

struct node { struct node *next; int value; };

int exercise(void) {
    CHECK(malloc(0) == NULL);
    free(NULL);
    CHECK(malloc_usable_size(NULL) == 0);
    CHECK(calloc(0, 8) == NULL && calloc(8, 0) == NULL);
    CHECK(calloc(65536, 65536) == NULL);
    CHECK(malloc((size_t)-1) == NULL);
    CHECK(malloc((size_t)-9) == NULL);

    for (size_t size = 1; size < 5000; size = size * 3 / 2 + 1) {
        unsigned char *block = malloc(size);
        CHECK(block && (size_t)block % 16 == 0 && malloc_usable_size(block) >= size);
        fill(block, size, 0xEE);
        free(block);
        block = calloc(size, 1);
        CHECK(block && is(block, size, 0));
        fill(block, size, 0xDD);
        block = realloc(block, 2 * size);
        CHECK(block && is(block, size, 0xDD) && malloc_usable_size(block) >= 2 * size);
        block = realloc(block, size / 2 + 1);
        CHECK(block && is(block, size / 2 + 1, 0xDD));
        CHECK(realloc(block, 0) == NULL);
    }

    unsigned char *from_null = realloc(NULL, 10);
    CHECK(from_null);
    fill(from_null, 10, 7);
    CHECK(realloc(from_null, (size_t)-20) == NULL && is(from_null, 10, 7));
    free(from_null);

    for (size_t align = 1; align <= 65536; align *= 2) {
        unsigned char *block = aligned_alloc(align, 100);
        CHECK(block && (size_t)block % align == 0);
        fill(block, 100, 0xAA);
        block = realloc(block, 3000);
        CHECK(block && is(block, 100, 0xAA));
        free(block);
        void *out = &block;
        int error = posix_memalign(&out, align, 50);
        if (align < sizeof(void *)) {
            CHECK(error == 22 && out == &block);
        } else {
            CHECK(error == 0 && (size_t)out % align == 0);
            free(out);
        }
    }
    CHECK(aligned_alloc(3, 10) == NULL && aligned_alloc(0, 10) == NULL);
    void *out = NULL;
    CHECK(posix_memalign(&out, 24, 10) == 22);
    CHECK(posix_memalign(&out, 16, (size_t)-40) == 12);

    errno = 0;
    CHECK(malloc((size_t)-9) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(calloc(65536, 65536) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(aligned_alloc(24, 10) == NULL && errno == EINVAL);
    errno = 7;
    CHECK(malloc(0) == NULL && errno == 7);
    free(malloc(10));
    CHECK(errno == 7);

    unsigned char *lines = memalign(256, 30);
    CHECK(lines && (size_t)lines % 256 == 0 && malloc_size(lines) >= 30);
    free(lines);
    CHECK(memalign(3, 30) == NULL && errno == EINVAL);

    unsigned char *array = reallocarray(NULL, 10, 4);
    CHECK(array);
    fill(array, 40, 5);
    array = reallocarray(array, 1000, 4);
    CHECK(array && is(array, 40, 5));
    errno = 0;
    CHECK(reallocarray(array, 65536, 65537) == NULL && errno == ENOMEM && is(array, 40, 5));
    free(array);

    char *word = strdup("a word");
    CHECK(word && memcmp(word, "a word", 7) == 0);
    free(word);
    word = strndup("a word", 3);
    CHECK(word && memcmp(word, "a w", 4) == 0);
    free(word);
    word = strndup("a word", 100);
    CHECK(word && memcmp(word, "a word", 7) == 0);
    free(word);
    word = strdup("");
    CHECK(word && *word == 0);
    free(word);

    struct node *list = NULL;
    for (int i = 0; i < 1000; i++) {
        struct node *node = malloc(sizeof *node);
        CHECK(node);
        node->next = list;
        node->value = i;
        list = node;
    }
    for (int i = 999; i >= 0; i--) {
        struct node *next = list->next;
        CHECK(list->value == i);
        free(list);
        list = next;
    }
    /* 60 MB in all, of which a megabyte lives at a time. */
    for (int i = 0; i < 60; i++) {
        unsigned char *block = malloc(1000000);
        CHECK(block);
        block[999999] = 1;
        free(block);
    }
    return 0;
}
