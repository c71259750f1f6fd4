/* Tidy: the house style as a program. It reads the source tree and says where
 * the tree breaks its own rules.
 *
 * It is not a compiler: it looks at text whose comments and strings have been
 * blanked, and at declarations on the outermost level. What a compiler flag
 * can find is left to the compiler.
 *
 * If you want to add a rule, start here: write a tidy_rule function in the
 * rule_*.c file it belongs to, name it in the table in tidy.c, and plant one
 * breach of it in test_tidy.c.
 */
#ifndef SG_TESTS_TIDY_TIDY_H
#define SG_TESTS_TIDY_TIDY_H

#include <stdbool.h>
#include <stddef.h>

#define TIDY_FILES_MAX     4096u
#define TIDY_FOLDER_MAX    1024u
#define TIDY_PATH_SIZE_MAX 256u
#define TIDY_ARENA_SIZE    (128u * 1024 * 1024)

enum tidy_kind {
    TIDY_SOURCE,   /* *.c */
    TIDY_HEADER,   /* *.h */
    TIDY_CMAKE,    /* CMakeLists.txt, *.cmake */
    TIDY_MARKDOWN, /* *.md */
    TIDY_SCRIPT,   /* begins with #! */
    TIDY_OTHER,    /* data: looked at by name only */
};

struct tidy_file {
    char path[TIDY_PATH_SIZE_MAX]; /* from the root, such as storage/log/a.c */
    const char *name;              /* the last part of path */
    enum tidy_kind kind;
    const char *text; /* the bytes, and a zero behind them */
    const char *code; /* text with comments and strings blanked; C only */
    size_t size;
};

/* What is in the tree, and what was found wrong. One per run; the texts live
 * in one arena that is given back when the program ends. */
struct tidy_tree {
    const char *root;
    struct tidy_file files[TIDY_FILES_MAX]; /* sorted by path within a folder */
    size_t n_files;
    char *arena;
    size_t arena_used;
    size_t n_findings;
    size_t n_long_lines; /* over 100 columns */
    size_t n_long_functions;
    size_t n_long_files;
};

/* What stands on the outermost level of a C file. */
enum tidy_decl_kind {
    TIDY_PROTOTYPE,
    TIDY_FUNCTION, /* with its body */
    TIDY_OBJECT,   /* a variable */
    TIDY_TYPE,     /* types, and what else has no external name */
};

struct tidy_decl {
    enum tidy_decl_kind kind;
    bool is_static;
    size_t begin; /* offsets into code */
    size_t end;
    size_t name; /* offset and size; size 0 when it has no name */
    size_t name_size;
};

/* --- tree.c: reading ------------------------------------------------- */

/* Reads every file below ROOT except .git, caches and top-level build folders.
 * Prints what is wrong and returns false when it cannot. */
bool tidy_tree_read(struct tidy_tree *tree, const char *root);

/* Finds a file by its path from the root; NULL when there is none. */
const struct tidy_file *tidy_tree_find(const struct tidy_tree *tree,
                                       const char *path);

/* Returns the size of the folder part of FILE's path; 0 at the top level. */
size_t tidy_folder_size(const struct tidy_file *file);

/* Tells whether PATH matches one of PATTERNS (fnmatch, a star crosses slashes);
 * the list ends with NULL. */
bool tidy_matches(const char *path, const char *const *patterns);

/* --- scan.c: looking at C -------------------------------------------- */

/* Copies SIZE bytes of TEXT to CODE with comments and the insides of strings
 * and character literals blanked, newlines kept: offsets stay the same. */
void tidy_blank(const char *text, size_t size, char *code);

/* Finds the next identifier at or behind *AT in CODE and moves *AT behind it;
 * false at the end. */
bool tidy_word_next(const char *code, size_t *at, size_t *ret_begin,
                    size_t *ret_size);

/* Finds the next declaration of FILE at or behind *AT and moves *AT behind it;
 * false at the end. Preprocessor lines are skipped. */
bool tidy_decl_next(const struct tidy_file *file, size_t *at,
                    struct tidy_decl *ret);

/* Finds the next #include line of FILE at or behind *AT: the name between the
 * quotes or angle brackets, and which of the two. False at the end. */
bool tidy_include_next(const struct tidy_file *file, size_t *at,
                       char ret_name[TIDY_PATH_SIZE_MAX], bool *ret_system,
                       size_t *ret_offset);

/* --- tidy.c: saying it ----------------------------------------------- */

/* Counts and prints a finding at OFFSET of FILE: "path:line: rule: text". */
void tidy_fail(struct tidy_tree *tree, const struct tidy_file *file,
               size_t offset, const char *rule, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Prints a remark that fails nothing. */
void tidy_note(const struct tidy_file *file, size_t offset, const char *rule,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* --- rule_*.c: the rules, called once for every file ------------------ */

typedef void tidy_rule(struct tidy_tree *tree, const struct tidy_file *file);

tidy_rule tidy_rule_arrow;    /* rule_include.c */
tidy_rule tidy_rule_library;  /* rule_include.c */
tidy_rule tidy_rule_guard;    /* rule_include.c */
tidy_rule tidy_rule_call;     /* rule_word.c */
tidy_rule tidy_rule_word;     /* rule_word.c */
tidy_rule tidy_rule_symbol;   /* rule_name.c */
tidy_rule tidy_rule_filename; /* rule_name.c */
tidy_rule tidy_rule_space;    /* rule_shape.c */
tidy_rule tidy_rule_length;   /* rule_shape.c */
tidy_rule tidy_rule_readme;   /* rule_house.c */
tidy_rule tidy_rule_tour;     /* rule_house.c */
tidy_rule tidy_rule_built;    /* rule_house.c */
tidy_rule tidy_rule_top;      /* rule_house.c */

/* Runs clang-format 14 over all C files; one finding per file that it would
 * change. Says so when that version is missing: a finding if REQUIRED. */
void tidy_format(struct tidy_tree *tree, bool required);

#endif
