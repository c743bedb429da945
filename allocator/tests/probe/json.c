/* A JSON library at work on the allocator: documents are read, changed, written and read again. The answer is the line of the first
   check that fails, or 0. */

#include <stdlib.h>
#include <string.h>

#include "yyjson.h"

#define CHECK(x) do { if (!(x)) return __LINE__; } while (0)

static const char TEXT[] =
    "{\"name\":\"an order \\u00e9\",\"amounts\":[1,2.5,-3e10,18446744073709551615],\"open\":true,\"to\":null,"
    "\"nested\":{\"deep\":[[],{},[[\"x\"]]]}}";

/* Reads the text, adds an array of so many numbers to it, writes it; the text is the caller's. */
static char *grown(const char *text, size_t len, int count, size_t *out) {
    yyjson_doc *doc = yyjson_read(text, len, 0);
    if (!doc) return NULL;
    yyjson_mut_doc *copy = yyjson_doc_mut_copy(doc, NULL);
    yyjson_doc_free(doc);
    if (!copy) return NULL;
    yyjson_mut_val *numbers = yyjson_mut_arr(copy);
    for (int i = 0; i < count; i++) yyjson_mut_arr_add_int(copy, numbers, i);
    yyjson_mut_obj_add_val(copy, yyjson_mut_doc_get_root(copy), "numbers", numbers);
    char *written = yyjson_mut_write(copy, YYJSON_WRITE_PRETTY, out);
    yyjson_mut_doc_free(copy);
    return written;
}

int json(void) {
    for (int round = 0; round < 200; round++) {
        size_t len = 0;
        char *text = grown(TEXT, sizeof TEXT - 1, 20 * round, &len);
        CHECK(text && strlen(text) == len && malloc_usable_size(text) > len);
        yyjson_doc *doc = yyjson_read(text, len, 0);
        CHECK(doc);
        yyjson_val *root = yyjson_doc_get_root(doc);
        char *name = strdup(yyjson_get_str(yyjson_obj_get(root, "name")));
        CHECK(name && yyjson_equals_str(yyjson_obj_get(root, "name"), "an order \xC3\xA9"));
        yyjson_val *numbers = yyjson_obj_get(root, "numbers");
        CHECK(yyjson_arr_size(numbers) == (size_t)(20 * round));
        CHECK(round == 0 || yyjson_get_int(yyjson_arr_get_last(numbers)) == 20 * round - 1);
        CHECK(yyjson_get_uint(yyjson_arr_get_last(yyjson_obj_get(root, "amounts"))) == 18446744073709551615u);
        yyjson_doc_free(doc);
        free(text);
        CHECK(strlen(name) == 11 && memcmp(name, "an order \xC3\xA9", 12) == 0);
        free(name);
    }
    yyjson_read_err error;
    CHECK(!yyjson_read_opts("[1,", 3, 0, NULL, &error) && error.code != YYJSON_READ_ERROR_MEMORY_ALLOCATION);
    return 0;
}
