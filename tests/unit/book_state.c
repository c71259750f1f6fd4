#include "tests/unit/book_state.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "tests/lib/test.h"

#define NEW      BOOK_NEW
#define CAPTURE  SG_ROLE_CAPTURE
#define DISTRICT SG_AUTHORITY_ROLE_DISTRICT

int book_setup(void **state)
{
    struct book_state *fixture = sg_calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    book_init(&fixture->book);
    (void)book_found(&fixture->book);
    *state = fixture;
    return 0;
}

int book_teardown(void **state)
{
    struct book_state *fixture = *state;

    sg_authority_free(fixture->authority);
    book_clear(&fixture->book);
    sg_free(fixture);
    return 0;
}

const struct sg_authority *book_seal(struct book_state *fixture)
{
    sg_authority_free(fixture->authority);
    fixture->authority = book_authority(&fixture->book, NULL);
    return fixture->authority;
}

struct sg_authority_at book_at_cut(const struct sg_authority *authority)
{
    struct sg_authority_at at;

    sg_authority_at_cut(authority, &at);
    return at;
}

struct sg_authority_at book_at(const struct sg_authority *authority,
                               uint32_t generation, uint32_t size)
{
    struct sg_authority_at at;

    assert_ok(
        sg_authority_at(authority, (uint64_t)generation << 32 | size, &at));
    return at;
}

unsigned book_get_roles(const struct book_state *fixture,
                        const struct sg_authority_at *at, unsigned officer)
{
    const struct sg_authority_grant *grant =
        sg_authority_grant(at, &fixture->book.officers[officer].id);

    return grant == NULL ? 0 : grant->roles;
}

unsigned book_get_role(const struct book_state *fixture,
                       const struct sg_authority_at *at, unsigned node)
{
    const struct sg_authority_node *found =
        sg_authority_node(at, fixture->book.nodes[node].public);

    return found == NULL ? 0 : found->role;
}

size_t book_count_alarms(const struct sg_authority *authority,
                         enum sg_authority_alarm_kind kind)
{
    const struct sg_authority_alarm *alarms;
    size_t count, found = 0;

    alarms = sg_authority_alarms(authority, &count);
    for (size_t i = 0; i < count; i++)
        found += alarms[i].kind == kind;
    return found;
}

struct sg_authority_place book_place(const struct book_state *fixture,
                                     unsigned log, uint64_t index,
                                     uint32_t branch)
{
    return (struct sg_authority_place){fixture->book.logs[log], index, branch};
}

enum sg_authority_verdict book_verdict(const struct book_state *fixture,
                                       size_t entry)
{
    const struct book_entry *found = &fixture->book.entries[entry];
    struct sg_record record;

    assert_ok(sg_record_decode(found->payload, &record));
    return sg_authority_judge(fixture->authority, &found->id, &found->place,
                              record.copy.signature);
}

/* --- records and admission --------------------------------------------- */

int book_setup_district(void **state)
{
    struct book_state *fixture;
    struct book *book;

    if (book_setup(state) != 0)
        return -1;
    fixture = *state;
    book = &fixture->book;
    book_write_units(book);                               /* 2 to 5 */
    (void)book_admit(book, 0, 1, DISTRICT, 20300101);     /* 6 */
    (void)book_grant(book, 0, 0, CAPTURE, NEW, 20300101); /* 7 */
    return 0;
}

struct sg_record_build *book_begin_person(struct book *book, unsigned officer)
{
    const struct sg_record_name name = {
        SG_BYTES_TEXT("Nguyễn"), SG_BYTES_TEXT("Thị"), SG_BYTES_TEXT("Hoa")};
    struct sg_record_build *build =
        book_record(book, SG_TYPE_PERSON, officer, 1, BOOK_HERE, NEW);

    sg_record_build_name(build, SG_FIELD_PERSON_NAME, &name);
    sg_record_build_uint(build, SG_FIELD_PERSON_BIRTH, 19880315);
    sg_record_build_uint(build, SG_FIELD_PERSON_SEX, 2);
    return build;
}

size_t book_write_person(struct book *book, unsigned log)
{
    sg_record_build_uint(&book->build, SG_FIELD_PERSON_REGISTERED, NEW);
    (void)book_write(book, log);
    return book->n_entries - 1;
}

size_t book_person(struct book *book, unsigned officer, unsigned log)
{
    (void)book_begin_person(book, officer);
    return book_write_person(book, log);
}

struct sg_admission_verdict book_judge(const struct book_state *fixture,
                                       const struct sg_admission_copy *copy)
{
    struct sg_admission_verdict verdict;
    struct sg_admission_judge judge;

    sg_admission_judge_init(&judge, fixture->authority,
                            &fixture->book.registry);
    sg_admission_judge(&judge, copy, &verdict);
    return verdict;
}

struct sg_admission_verdict book_judge_entry(struct book_state *fixture,
                                             size_t entry)
{
    struct sg_admission_copy copy = book_copy(&fixture->book, entry);

    (void)book_seal(fixture);
    return book_judge(fixture, &copy);
}
