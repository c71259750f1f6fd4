/* One vector in a JSON file: reads its fields, remembers the first thing that
 * is wrong, and is counted once, at its end.
 *
 * Like a reader with a sticky error: a field that is missing or odd makes the
 * case bad and reads as nothing, so that a test is straight lines. Vectors come
 * from anywhere; none of them may crash the program.
 */
#ifndef SG_TESTS_CONFORMANCE_CASE_H
#define SG_TESTS_CONFORMANCE_CASE_H

#include <stdint.h>

#include <jansson.h>

#include "storage/base/bytes.h"
#include "tests/conformance/run.h"

#define CASE_FIELDS_MAX 16

struct test_case {
    struct run *run;
    const char *file;
    const json_t *json;
    char id[48];
    char reason[256]; /* empty as long as all is well */
    void *owned[CASE_FIELDS_MAX];
    size_t owned_count;
};

/* Begins a case. Its id is ID_FIELD of JSON and its value, or the place INDEX
 * in the list where JSON has no such integer. Borrows FILE and JSON until
 * case_end. */
void case_begin(struct test_case *c, struct run *run, const char *file,
                const json_t *json, const char *id_field, size_t index);

/* Gives the bytes that FIELD of OBJECT spells in hex, until case_end. */
struct sg_bytes case_hex(struct test_case *c, const json_t *object,
                         const char *field);

/* Gives the bytes that TEXT spells in hex, with '-' between the pairs or
 * without, until case_end. */
struct sg_bytes case_hex_of(struct test_case *c, const char *text);

/* Gives the bytes that FIELD of OBJECT, or TEXT, spells in base64, until
 * case_end. */
struct sg_bytes case_base64(struct test_case *c, const json_t *object,
                            const char *field);
struct sg_bytes case_base64_of(struct test_case *c, const char *text);

/* Gives FIELD of the case as text, as an integer from 0 to MAX. */
const char *case_text(struct test_case *c, const char *field);
size_t case_size(struct test_case *c, const char *field, size_t max);

/* Gives FIELD of the case, an integer of 64 bits, as case_load_wide reads it.
 */
uint64_t case_u64(struct test_case *c, const char *field);

/* Gives what FILE holds, until case_end. */
struct sg_bytes case_file(struct test_case *c, const char *file);

/* Gives SIZE bytes to write to, until case_end; one at least. */
uint8_t *case_room(struct test_case *c, size_t size);

/* Makes the case bad, for this reason, when CONDITION is false. */
__attribute__((format(printf, 3, 4))) void case_expect(struct test_case *c,
                                                       bool condition,
                                                       const char *format, ...);

/* Says whether all is well so far. */
bool case_good(const struct test_case *c);

/* Counts the case and frees what it gave. */
void case_end(struct test_case *c);

/* Loads FILE, counting a failure when it is not JSON. Caller: json_decref. */
json_t *case_load(struct run *run, const char *file);

/* As case_load, but an integer of more digits than jansson's integers surely
 * hold is read as a text of its digits. */
json_t *case_load_wide(struct run *run, const char *file);

#endif
