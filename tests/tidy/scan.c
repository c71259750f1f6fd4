#include "tests/tidy/tidy.h"

#include <ctype.h>
#include <string.h>

/* Blanks from AT to the end of a comment or literal; returns where it ends. */
static size_t blank_until(const char *text, size_t size, size_t at, char *code,
                          const char *end, bool escapes)
{
    size_t end_size = strlen(end);

    while (at < size && strncmp(text + at, end, end_size) != 0) {
        size_t step = escapes && text[at] == '\\' && at + 1 < size ? 2 : 1;
        for (; step > 0; step--, at++)
            code[at] = text[at] == '\n' ? '\n' : ' ';
    }
    return at;
}

void tidy_blank(const char *text, size_t size, char *code)
{
    size_t at = 0;

    while (at < size) {
        char c = text[at];
        if (strncmp(text + at, "/*", 2) == 0) {
            at = blank_until(text, size, at, code, "*/", false);
            for (int i = 0; i < 2 && at < size; i++)
                code[at++] = ' ';
        } else if (strncmp(text + at, "//", 2) == 0) {
            at = blank_until(text, size, at, code, "\n", true);
        } else if (c == '"' || c == '\'') {
            code[at++] = c;
            const char end[2] = {c, '\0'};
            at = blank_until(text, size, at, code, end, true);
            if (at < size)
                code[at++] = c;
        } else {
            code[at++] = c;
        }
    }
    code[size] = '\0';
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

bool tidy_word_next(const char *code, size_t *at, size_t *ret_begin,
                    size_t *ret_size)
{
    size_t begin = *at;

    while (code[begin] != '\0' && !is_word_char(code[begin]))
        begin++;
    if (code[begin] == '\0')
        return false;
    size_t end = begin;
    while (is_word_char(code[end]))
        end++;
    *ret_begin = begin;
    *ret_size = end - begin;
    *at = end;
    return true;
}

/* Returns the offset behind a preprocessor line and its continuations. */
static size_t skip_directive(const char *code, size_t at)
{
    while (code[at] != '\0') {
        if (code[at] == '\n' && code[at - 1] != '\\')
            return at + 1;
        at++;
    }
    return at;
}

/* Returns the offset of the bracket that closes the one at AT. */
static size_t skip_bracket(const char *code, size_t at)
{
    const char open = code[at], close = open == '(' ? ')' : '}';
    int depth = 0;

    for (; code[at] != '\0'; at++) {
        if (code[at] == open)
            depth++;
        else if (code[at] == close && --depth == 0)
            break;
    }
    return at;
}

/* What one declaration showed so far. */
struct reading {
    const char *code;
    struct tidy_decl *decl;
    size_t n_words;
    bool has_begun;
    bool is_tagged;  /* struct, union or enum */
    bool is_type;    /* typedef, _Static_assert */
    bool is_macro;   /* a macro call in capitals */
    bool has_name;   /* later words are no names */
    bool has_params; /* the name is followed by a parenthesis */
    bool has_value;  /* an equals sign was seen */
};

static bool word_is(const struct reading *r, size_t at, size_t size,
                    const char *word)
{
    return strlen(word) == size && memcmp(r->code + at, word, size) == 0;
}

static void read_word(struct reading *r, size_t at, size_t size)
{
    static const char *const tags[] = {"struct", "union", "enum"};
    static const char *const types[] = {"typedef", "_Static_assert"};

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        r->is_tagged |= word_is(r, at, size, tags[i]);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        r->is_type |= word_is(r, at, size, types[i]);
    if (word_is(r, at, size, "static")) {
        r->decl->is_static = true;
        return;
    }
    if (word_is(r, at, size, "__attribute__") ||
        word_is(r, at, size, "const") || word_is(r, at, size, "extern"))
        return;
    if (r->has_name || r->has_value)
        return;
    r->n_words++;
    r->decl->name = at;
    r->decl->name_size = size;
}

static bool is_capitals(const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (islower((unsigned char)word[i]))
            return false;
    }
    return true;
}

/* A parenthesis on the outermost level: the word before it is the function's
 * name, unless it is an attribute, a function pointer or a macro. */
static void read_paren(struct reading *r, size_t at)
{
    size_t before = at;

    while (before > r->decl->begin &&
           isspace((unsigned char)r->code[before - 1]))
        before--;
    size_t name_end = r->decl->name + r->decl->name_size;
    if (r->has_name || r->has_value || r->n_words == 0 || before != name_end)
        return;
    if (is_capitals(r->code + r->decl->name, r->decl->name_size)) {
        r->is_macro = true;
        return;
    }
    r->has_name = true;
    r->has_params = r->code[at + 1] != '*';
    r->is_type |= !r->has_params;
}

static void finish(struct reading *r, bool has_body)
{
    struct tidy_decl *decl = r->decl;
    size_t words_min = r->is_tagged ? 3 : 2;

    decl->kind = TIDY_TYPE;
    if (r->is_type)
        decl->name_size = 0;
    else if (r->has_params)
        decl->kind = has_body ? TIDY_FUNCTION : TIDY_PROTOTYPE;
    else if (!r->is_macro && r->n_words >= words_min)
        decl->kind = TIDY_OBJECT;
    else
        decl->name_size = 0;
}

bool tidy_decl_next(const struct tidy_file *file, size_t *at,
                    struct tidy_decl *ret)
{
    const char *code = file->code;
    struct reading r = {.code = code, .decl = ret};
    size_t i = *at, word, word_size;

    *ret = (struct tidy_decl){.begin = i};
    while (code[i] != '\0') {
        if (code[i] == '#') {
            i = skip_directive(code, i);
            continue;
        }
        if (is_word_char(code[i])) {
            if (!r.has_begun)
                ret->begin = i;
            r.has_begun = true;
            (void)tidy_word_next(code, &i, &word, &word_size);
            read_word(&r, word, word_size);
            continue;
        }
        if (code[i] == '(') {
            read_paren(&r, i);
            i = skip_bracket(code, i);
        } else if (code[i] == '{') {
            i = skip_bracket(code, i);
            if (r.has_params && !r.has_value)
                break;
        } else if (code[i] == '=' || code[i] == '[') {
            r.has_value = true;
        } else if (code[i] == ';') {
            break;
        }
        i += code[i] != '\0';
    }
    if (code[i] == '\0')
        return false;
    ret->end = i;
    *at = i + 1;
    finish(&r, code[i] == '}');
    return true;
}

bool tidy_include_next(const struct tidy_file *file, size_t *at,
                       char ret_name[TIDY_PATH_SIZE_MAX], bool *ret_system,
                       size_t *ret_offset)
{
    static const char word[] = "include";

    while (file->code[*at] != '\0') {
        size_t i = *at, line_size = strcspn(file->code + i, "\n");
        *at = i + line_size + (file->code[i + line_size] == '\n');
        *ret_offset = i;
        i += strspn(file->code + i, " \t");
        if (file->code[i++] != '#')
            continue;
        i += strspn(file->code + i, " \t");
        if (strncmp(file->code + i, word, sizeof(word) - 1) != 0)
            continue;
        i += sizeof(word) - 1;
        i += strspn(file->code + i, " \t");
        if (file->code[i] != '"' && file->code[i] != '<')
            continue;
        *ret_system = file->code[i] == '<';
        size_t size = strcspn(file->text + i + 1, *ret_system ? ">\n" : "\"\n");
        if (size >= TIDY_PATH_SIZE_MAX)
            size = TIDY_PATH_SIZE_MAX - 1;
        memcpy(ret_name, file->text + i + 1, size);
        ret_name[size] = '\0';
        return true;
    }
    return false;
}
