/* Index: by what a subject is found: the entries of all indexes for one sheet.
 * The inside of the view.
 */
#ifndef SG_NODE_VIEW_INDEX_H
#define SG_NODE_VIEW_INDEX_H

#include "node/view/pile.h"

/* As bytes, entries are in the order of their databases and keys: what is
 * behind a key is zero, and all keys of one database have one size. */
struct sg_index_entry {
    uint8_t db;
    uint8_t size;
    uint8_t key[14];
};

_Static_assert(sizeof(struct sg_index_entry) == 16, "nothing in between");

/* Entries of one sheet at one time. Lies in an arena; all zero when empty. */
struct sg_index_list {
    struct sg_index_entry *entries;
    size_t count, capacity;
    /* Those of the name and the buckets, and what they were made of. */
    struct sg_index_entry names[8];
    size_t n_names;
    struct sg_bytes name; /* as encoded */
    struct sg_date birth;
    struct sg_unit_key unit;
    bool is_counted;
};

/* What is told of a name: which words of it. */
enum sg_index_name {
    SG_INDEX_WHOLE = 1,
    SG_INDEX_SHORT = 2, /* family and given name */
    SG_INDEX_GIVEN = 3, /* with a unit */
};

/* Stands in the place of a uid where subjects with endorses are listed. */
extern const struct sg_uid sg_index_endorse;

/* Collects the entries of SHEET at TIME, SUBJECT being what was folded of it
 * then; sorted. What is the same as in LIKE, if any, is taken from there.
 * Errors: NOMEM; those of the pile. */
SG_USE_RESULT enum sg_err sg_index_collect(struct sg_pile *pile,
                                           struct sg_pile_sheet *sheet,
                                           enum sg_pile_time time,
                                           const struct sg_subject *subject,
                                           const struct sg_index_list *like,
                                           struct sg_index_list *ret_list);

/* Collects those entries alone that follow from what is stored beside the
 * records: units, conflicts, kin; as it is on disk, and now. Errors: NOMEM. */
SG_USE_RESULT enum sg_err sg_index_collect_stored(
    struct sg_pile *pile, struct sg_pile_sheet *sheet,
    struct sg_index_list *ret_old, struct sg_index_list *ret_now);

/* Compares two entries as sorted. */
int sg_index_compare(const void *a, const void *b);

/* Sorts many entries; ROOM has room for as many more. */
void sg_index_sort(struct sg_index_entry *entries, struct sg_index_entry *room,
                   size_t count);

/* Gives the key under which WORDS (search keys joined by blanks) of a name lie,
 * without a number. */
struct sg_inside_key sg_index_name_key(const struct sg_view *view,
                                       enum sg_index_name which,
                                       struct sg_unit_key unit,
                                       struct sg_bytes words);

/* The search keys of a name, each of its parts as words joined by blanks: made
 * once, and hashed for names and buckets. */
#define SG_INDEX_WORDS_MAX 512u
struct sg_index_spelling {
    uint8_t room[3 * SG_INDEX_WORDS_MAX];
    struct sg_bytes parts[3]; /* family, middle, given; borrow ROOM */
    bool is_bad[3];           /* it has no key */
};

void sg_index_spell(const struct sg_record_name *name,
                    struct sg_index_spelling *ret);

/* Appends the words of the COUNT parts that WHICH lists to WRITER, each behind
 * a blank but one at the very beginning; false when one has no key, or there is
 * no room. */
bool sg_index_write_words(struct sg_writer *writer,
                          const struct sg_index_spelling *spelling,
                          const unsigned *which, size_t count);

/* As sg_view_bucket_of. */
size_t sg_index_buckets(const struct sg_index_spelling *spelling,
                        struct sg_date birth,
                        uint32_t ret[SG_VIEW_BUCKETS_MAX]);

/* Writes the search key of TEXT as words joined by single blanks. Errors: TEXT,
 * LIMIT. */
SG_USE_RESULT enum sg_err sg_index_words(struct sg_writer *writer,
                                         struct sg_bytes text);

/* Give the name and the birth date that stand of SUBJECT; false when none does.
 */
bool sg_index_birth_of(const struct sg_subject *subject,
                       struct sg_date *ret_birth);
bool sg_index_name_of(const struct sg_subject *subject,
                      struct sg_record_name *ret_name);

#endif
