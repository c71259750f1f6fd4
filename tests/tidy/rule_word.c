/* Words that do not belong: calls with a better replacement, and marks of
 * unfinished work. */
#include "tests/tidy/tidy.h"

#include <ctype.h>
#include <string.h>

/* Who may do what the others may not. */
#define ALLOCATOR              \
    {                          \
        "storage/base/alloc.c" \
    }
#define CLOCK                                                \
    {                                                        \
        "storage/base/clock.c", "tests/integration/mishap.c" \
    }
#define NOBODY \
    {          \
        NULL   \
    }

static const struct {
    const char *call;
    const char *instead;
    const char *only[3]; /* the files that may */
} calls[] = {
    {"sprintf", "snprintf", NOBODY},
    {"vsprintf", "vsnprintf", NOBODY},
    {"strcpy", "snprintf, or memcpy with a known size", NOBODY},
    {"stpcpy", "snprintf, or memcpy with a known size", NOBODY},
    {"strcat", "snprintf", NOBODY},
    {"strncpy", "snprintf, or memcpy with a known size", NOBODY},
    {"strncat", "snprintf", NOBODY},
    {"gets", "getline", NOBODY},
    {"strtok", "strcspn and strspn", NOBODY},
    {"atoi", "strtol with its end and errno checked", NOBODY},
    {"atol", "strtol with its end and errno checked", NOBODY},
    {"atoll", "strtoll with its end and errno checked", NOBODY},
    {"atof", "no floats from text", NOBODY},
    {"rand", "the seeded sg_prng_*, or sg_crypto_random for secrets", NOBODY},
    {"srand", "the seeded sg_prng_*", NOBODY},
    {"random", "the seeded sg_prng_*, or sg_crypto_random for secrets", NOBODY},
    {"srandom", "the seeded sg_prng_*", NOBODY},
    {"tmpnam", "mkstemp or mkdtemp", NOBODY},
    {"mktemp", "mkstemp or mkdtemp", NOBODY},
    {"tempnam", "mkstemp or mkdtemp", NOBODY},
    {"alloca", "a fixed array, or sg_alloc", NOBODY},
    {"malloc", "sg_alloc", ALLOCATOR},
    {"calloc", "sg_alloc", ALLOCATOR},
    {"realloc", "the reallocation of storage/base/alloc.h", ALLOCATOR},
    {"free", "sg_free", ALLOCATOR},
    {"strdup", "sg_alloc and memcpy", NOBODY},
    {"strndup", "sg_alloc and memcpy", NOBODY},
    {"asprintf", "snprintf", NOBODY},
    {"vasprintf", "vsnprintf", NOBODY},
    {"clock_gettime", "storage/base/clock.h", CLOCK},
    {"gettimeofday", "storage/base/clock.h", CLOCK},
    {"time", "storage/base/clock.h", CLOCK},
    {"ftime", "storage/base/clock.h", CLOCK},
    {"localtime", "storage/base/clock.h, in UTC", CLOCK},
    {"gmtime", "gmtime_r", NOBODY},
    {"ctime", "strftime in UTC", NOBODY},
    {"sleep", "a condition to wait for", NOBODY},
    {"usleep", "a condition to wait for", NOBODY},
    {"system", "posix_spawn", NOBODY},
    {"popen", "posix_spawn", NOBODY},
    {"setjmp", "an enum sg_err", NOBODY},
    {"longjmp", "an enum sg_err", NOBODY},
};

/* A call is a name with a parenthesis behind it that is not a member. */
static bool is_call(const char *code, size_t begin, size_t end)
{
    while (isspace((unsigned char)code[end]))
        end++;
    if (code[end] != '(')
        return false;
    while (begin > 0 && isspace((unsigned char)code[begin - 1]))
        begin--;
    if (begin > 0 && code[begin - 1] == '.')
        return false;
    return begin < 2 || memcmp(code + begin - 2, "->", 2) != 0;
}

void tidy_rule_call(struct tidy_tree *tree, const struct tidy_file *file)
{
    size_t at = 0, begin, size;

    if (file->code == NULL)
        return;
    while (tidy_word_next(file->code, &at, &begin, &size)) {
        for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
            if (strlen(calls[i].call) != size ||
                memcmp(calls[i].call, file->code + begin, size) != 0 ||
                !is_call(file->code, begin, at) ||
                tidy_matches(file->path, calls[i].only))
                continue;
            tidy_fail(tree, file, begin, "call", "%s(): use %s", calls[i].call,
                      calls[i].instead);
        }
    }
}

/* Split, so that this file does not find itself. */
static const char *const words[] = {"TO"
                                    "DO",
                                    "FIX"
                                    "ME",
                                    "XX"
                                    "X"};

void tidy_rule_word(struct tidy_tree *tree, const struct tidy_file *file)
{
    size_t at = 0, begin, size;

    if (file->kind == TIDY_OTHER)
        return;
    while (tidy_word_next(file->text, &at, &begin, &size)) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strlen(words[i]) == size &&
                memcmp(words[i], file->text + begin, size) == 0)
                tidy_fail(tree, file, begin, "word",
                          "%s: finish it, or write an issue", words[i]);
        }
    }
}
