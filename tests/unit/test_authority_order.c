/* storage/registry/authority.h: properties over random books. The state is a
 * function of the set of copies: any order of arrival, with or without sealing
 * on the way, gives the same answers to everything that can be asked; and what
 * stands at a position is what a reading of the page by hand gives. */
#include <string.h>

#include "storage/base/prng.h"
#include "tests/lib/test.h"
#include "tests/unit/book_state.h"

#define WORLDS      40u
#define ORDERS      8u
#define STATEMENTS  70u
#define GENERATIONS 4u
#define LISTED_MAX  2u
#define POSITIONS   40u
#define SERIALS     12u

/* A generation as the test opened it, to be read by hand. */
struct opened {
    unsigned log;
    uint32_t generation;
    struct book_stand listed[LISTED_MAX];
    size_t n_listed;
};

struct world {
    struct book book;
    struct sg_prng prng;
    struct opened opened[BOOK_LOGS];
    size_t n_opened;
};

static uint64_t below(struct world *world, uint64_t n)
{
    return sg_prng_below(&world->prng, n);
}

/* Logs 0 to 5 are of nodes 0 to 2: of an authority, mostly; half of all goes
 * into the first two. */
static unsigned any_log(struct world *world)
{
    unsigned log = (unsigned)below(world, below(world, 2) == 0 ? 2 : 6);

    /* A quarter of the book is written before log 1 begins. */
    return log == 1 && world->book.n_entries < STATEMENTS / 4 ? 0 : log;
}

static uint64_t any_unit(struct world *world)
{
    static const uint64_t units[] = {0, BOOK_PROVINCE, BOOK_OLD, BOOK_NEW};

    return units[below(world, 4)];
}

static size_t any_stands(struct world *world, struct book_stand *ret_stands)
{
    unsigned first = (unsigned)below(world, 4);
    size_t count = below(world, LISTED_MAX + 1);

    for (size_t i = 0; i < count; i++)
        ret_stands[i] = (struct book_stand){
            first + (unsigned)i, below(world, 10), (uint8_t)below(world, 4)};
    return count;
}

static struct sg_ref any_ref(struct world *world)
{
    const struct book *book = &world->book;

    return sg_ref_of(&book->entries[below(world, book->n_entries)].id);
}

static void write_cut(struct world *world, unsigned log)
{
    struct book_stand stands[LISTED_MAX];
    size_t count = any_stands(world, stands);
    unsigned who = (unsigned)below(world, 3);

    if (below(world, 2) == 0)
        (void)book_cut_node(&world->book, log, who,
                            1 + (unsigned)below(world, 3), stands, count);
    else
        (void)book_cut_officer(&world->book, log, who,
                               below(world, 2) == 0 ? 1 : 3, stands, count);
}

static void write_codes(struct world *world, unsigned log)
{
    uint16_t codes[] = {(uint16_t)(1 + below(world, 3)), 0};

    codes[1] = (uint16_t)(codes[0] + 1);
    (void)book_codes(&world->book, log, SG_TABLE_ETHNIC,
                     (unsigned)below(world, 2), codes, 1 + below(world, 2),
                     20200101);
}

static void write_open(struct world *world, unsigned log)
{
    struct opened *opened = &world->opened[world->n_opened];

    if (log == 0 || world->book.sizes[log][0] != 1)
        return; /* only entry 1 opens */
    opened->log = log;
    opened->generation = 1 + (uint32_t)below(world, GENERATIONS - 1);
    do
        opened->n_listed = any_stands(world, opened->listed);
    while (opened->n_listed == 0);
    (void)book_open(&world->book, log, opened->generation, opened->listed,
                    opened->n_listed);
    world->n_opened++;
}

/* Statements that allow. */
static void write_allow(struct world *world, unsigned log, unsigned small)
{
    struct book *book = &world->book;

    switch (below(world, 9)) {
    case 0:
        (void)book_admit(book, log, small,
                         (enum sg_authority_role)(1 + below(world, 3)),
                         20300101);
        break;
    case 1:
        write_codes(world, log);
        break;
    case 2:
        (void)book_unit(book, log, BOOK_OLD + below(world, 2), BOOK_PROVINCE,
                        below(world, 2) == 0 ? 0 : 20250701, "Xã");
        break;
    case 3:
        (void)book_succession(book, log, BOOK_OLD, BOOK_OLD + below(world, 2),
                              SG_UNIT_PART);
        break;
    case 4:
        (void)book_block(book, log, small, 100 + (unsigned)below(world, 50),
                         160 + (unsigned)below(world, 50));
        break;
    default:
        (void)book_grant(book, log, small, 1 + (unsigned)below(world, 31),
                         any_unit(world), 20300101);
        break;
    }
}

/* Statements that deny, or let count what was denied. */
static void write_deny(struct world *world, unsigned log, unsigned small)
{
    struct book *book = &world->book;
    struct book_stand stand = {small, 1 + below(world, 9),
                               (uint8_t)below(world, 3)};

    switch (below(world, 4)) {
    case 0:
        (void)book_lift(book, log, any_ref(world));
        break;
    case 1:
        (void)book_endorse_range(book, log, &stand, below(world, 5), &small);
        break;
    case 2:
        (void)book_erase(book, log, small, below(world, 4), any_ref(world),
                         NULL, 0);
        break;
    default:
        write_cut(world, log);
        break;
    }
}

/* Statements for the whole cut. */
static void write_whole(struct world *world, unsigned log, unsigned small)
{
    struct book *book = &world->book;

    switch (below(world, 3)) {
    case 0:
        (void)book_policy(book, log, 1 + (unsigned)below(world, 9),
                          below(world, 100));
        break;
    case 1:
        (void)book_campaign(book, log, (uint8_t)(1 + small),
                            1 + (unsigned)below(world, 4),
                            14 + (unsigned)below(world, 2));
        break;
    default:
        (void)book_heartbeat(book, log,
                             BOOK_GENESIS_MS + below(world, 1000) * 86400000);
        break;
    }
}

static void write_one(struct world *world)
{
    unsigned log = any_log(world);
    unsigned small = (unsigned)below(world, 3);
    uint64_t what = below(world, 18);

    world->book.serial = below(world, SERIALS);
    if (what < 9)
        write_allow(world, log, small);
    else if (what < 13)
        write_deny(world, log, small);
    else if (what < 16)
        write_whole(world, log, small);
    else if (what < 17)
        book_file_again(&world->book, below(world, world->book.n_entries), log);
    else
        write_open(world, log);
}

/* A signature that is wrong, a rotation, a fork: now and then. */
static void spoil(struct world *world, size_t step)
{
    struct book *book = &world->book;
    struct book_stand stands[LISTED_MAX];
    struct book_entry *last = &book->entries[book->n_entries - 1];
    size_t count;

    if (step == STATEMENTS / 2 && below(world, 3) == 0)
        book_fork(book, (unsigned)below(world, 2));
    if (below(world, 15) == 0) /* the last byte of the signature */
        ((uint8_t *)(uintptr_t)last->payload.data)[last->payload.size - 2] ^= 1;
    if (below(world, 40) == 0) {
        count = any_stands(world, stands);
        (void)book_rotate(book, any_log(world), 0, 1,
                          1 + (unsigned)below(world, 3), stands, count);
        if (below(world, 2) == 0)
            book->root = 1;
    }
    /* What lies on a forked log after its fork point lies on a branch. */
    for (size_t i = 0; i < book->n_entries; i++) {
        struct book_entry *entry = &book->entries[i];

        if (entry->place.index >= book->forks[entry->log] &&
            entry->place.branch == 0)
            entry->place.branch = 1 + (uint32_t)(i % 2);
    }
}

static void make_world(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    sg_prng_init(&world->prng, seed);
    book_init(&world->book);
    (void)book_found(&world->book);
    for (unsigned node = 1; node < 3; node++)
        if (below(world, 4) != 0)
            (void)book_admit(&world->book, 0, node, SG_AUTHORITY_ROLE_AUTHORITY,
                             20300101);
    for (size_t i = 0; i < STATEMENTS; i++) {
        if (i == STATEMENTS / 4)
            write_open(world, 1);
        write_one(world);
        spoil(world, i);
    }
}

/* --- every answer, as one hash ----------------------------------------- */

static void take(struct sg_sha256 *hash, const void *bytes, size_t size)
{
    sg_crypto_sha256_update(hash, bytes, size);
}

static void take_number(struct sg_sha256 *hash, uint64_t number)
{
    take(hash, &number, sizeof(number));
}

static void take_position(struct sg_sha256 *hash, const struct book *book,
                          const struct sg_authority_at *at)
{
    const struct sg_unit_key old = {BOOK_OLD}, next = {BOOK_OLD + 1};

    take_number(hash, sg_authority_time_floor(at));
    for (unsigned i = 0; i < 3; i++) {
        const struct sg_authority_node *node =
            sg_authority_node(at, book->nodes[i].public);
        const struct sg_authority_grant *grant =
            sg_authority_grant(at, &book->officers[i].id);
        const struct sg_unit *unit =
            sg_authority_unit(at, (struct sg_unit_key){BOOK_OLD + i});
        const struct sg_date day = {20250801};

        if (node != NULL)
            take(hash, &node->statement, sizeof(node->statement));
        if (grant != NULL)
            take(hash, &grant->statement, sizeof(grant->statement));
        if (grant != NULL)
            take_number(hash, sg_authority_covers(at, grant, old));
        take_number(hash, unit == NULL ? 1 : unit->until.ymd);
        take_number(hash, sg_authority_has_code(at, SG_TABLE_ETHNIC,
                                                (uint16_t)(1 + i), day, day));
    }
    take_number(hash, sg_authority_is_part(at, old, next));
    for (size_t i = 0; i < book->n_entries; i++) {
        struct sg_ref ref = sg_ref_of(&book->entries[i].id);
        struct sg_pin_block block;

        for (unsigned serial = 105; serial < 210; serial += 10)
            take_number(hash, sg_authority_block(at, &ref, serial, &block));
    }
}

static void take_places(struct sg_sha256 *hash, const struct book *book,
                        const struct sg_authority *authority)
{
    for (unsigned log = 0; log < 6; log++)
        for (unsigned index = 0; index < 12; index++)
            for (uint32_t branch = 0; branch < 3; branch++) {
                struct sg_authority_place place = {book->logs[log], index,
                                                   branch};
                const struct sg_authority_erased *erased =
                    sg_authority_find_erased(authority, &place.log, index);

                for (unsigned i = 0; i < 3; i++) {
                    const struct sg_key_id *officer = &book->officers[i].id;

                    take_number(hash,
                                sg_authority_is_above_node(
                                    authority, book->nodes[i].public, &place));
                    take_number(hash, sg_authority_is_above_officer(
                                          authority, officer, &place));
                    take_number(hash, sg_authority_is_endorsed(
                                          authority, officer, &place));
                }
                if (erased != NULL)
                    take(hash, &erased->order, sizeof(erased->order));
            }
}

static void take_lists(struct sg_sha256 *hash,
                       const struct sg_authority *authority)
{
    const struct sg_authority_campaign *campaigns;
    const struct sg_authority_alarm *alarms;
    size_t count;

    campaigns = sg_authority_campaigns(authority, &count);
    for (size_t i = 0; i < count; i++) {
        struct sg_record record;

        assert_ok(sg_record_decode(campaigns[i].payload, &record));
        take(hash, &campaigns[i].uid, sizeof(campaigns[i].uid));
        take_number(hash, campaigns[i].state);
        take(hash, record.inner.data, record.inner.size);
    }
    alarms = sg_authority_alarms(authority, &count);
    for (size_t i = 0; i < count; i++) {
        take_number(hash, alarms[i].kind);
        take(hash, &alarms[i].statement, sizeof(alarms[i].statement));
        take(hash, &alarms[i].other, sizeof(alarms[i].other));
    }
}

/* Everything that can be asked, in one fixed order. */
static struct sg_hash answers(const struct book *book,
                              const struct sg_authority *authority)
{
    struct sg_authority_at at;
    struct sg_sha256 hash;
    struct sg_hash all;

    sg_crypto_sha256_init(&hash);
    sg_authority_at_cut(authority, &at);
    take_position(&hash, book, &at);
    for (uint64_t generation = 0; generation < GENERATIONS; generation++)
        for (uint64_t size = 0; size < POSITIONS; size++) {
            enum sg_err err =
                sg_authority_at(authority, generation << 32 | size, &at);

            take_number(&hash, err);
            if (err == SG_OK)
                take_position(&hash, book, &at);
        }
    take_places(&hash, book, authority);
    take_lists(&hash, authority);
    for (unsigned i = 1; i <= 9; i++)
        take_number(&hash, sg_authority_policy(authority,
                                               (enum sg_authority_policy)i, 0));
    take_number(&hash, sg_authority_hlc_max(authority));
    take_number(&hash, sg_authority_as_of(authority).ymd);
    take_number(&hash, sg_unit_table_size(sg_authority_units(authority)));
    for (size_t i = 0; i < book->n_entries; i++) {
        const struct book_entry *entry = &book->entries[i];
        struct sg_ref ref = sg_ref_of(&entry->id);
        struct sg_record record;

        assert_ok(sg_record_decode(entry->payload, &record));
        take_number(&hash,
                    sg_authority_judge(authority, &entry->id, &entry->place,
                                       record.copy.signature));
        take_number(&hash, sg_authority_find_bridge(authority, &ref) != NULL);
    }
    sg_crypto_sha256_final(&hash, &all);
    return all;
}

/* --- orders ------------------------------------------------------------ */

/* Adds the entries of the book in a random order, some twice, sealing now and
 * then on the way. */
static struct sg_authority *arrive(struct world *world)
{
    struct book *book = &world->book;
    size_t order[256];
    struct sg_authority *authority;

    assert_true(book->n_entries <= sizeof(order) / sizeof(order[0]));
    for (size_t i = 0; i < book->n_entries; i++) {
        size_t at = below(world, i + 1);

        order[i] = order[at];
        order[at] = i;
    }
    assert_ok(
        sg_authority_new(&book->registry, book_branch_of, book, &authority));
    for (unsigned i = 0; i < BOOK_LOGS; i++)
        assert_ok(sg_authority_hold(authority, &book->logs[i],
                                    book_longest(book, i)));
    for (size_t i = 0; i < book->n_entries; i++) {
        const struct book_entry *entry = &book->entries[order[i]];
        const uint8_t *node = book->nodes[book->node_of[entry->log]].public;

        for (unsigned k = 0; k < 1 + below(world, 2); k++)
            assert_ok(sg_authority_add(authority, entry->payload, &entry->place,
                                       node));
        if (below(world, 20) == 0)
            assert_ok(sg_authority_seal(authority));
    }
    assert_ok(sg_authority_seal(authority));
    return authority;
}

static void test_any_order_gives_one_state(void **state)
{
    struct world world;

    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct sg_authority *authority;
        struct sg_hash first, other;

        make_world(&world, seed);
        authority = book_authority(&world.book, NULL);
        first = answers(&world.book, authority);
        sg_authority_free(authority);
        for (unsigned i = 0; i < ORDERS; i++) {
            authority = arrive(&world);
            other = answers(&world.book, authority);
            sg_authority_free(authority);
            assert_memory_equal(&first, &other, sizeof(first));
        }
        book_clear(&world.book);
    }
}

/* --- by hand ----------------------------------------------------------- */

static bool is_listed(const struct book *book, const struct opened *opened,
                      const struct book_entry *entry)
{
    for (size_t i = 0; i < opened->n_listed; i++) {
        const struct book_stand *stand = &opened->listed[i];
        uint32_t branch =
            stand->size <= book->forks[stand->log] ? 0 : stand->branch;

        if (stand->log == entry->log && entry->place.index < stand->size &&
            (entry->place.branch == 0 || entry->place.branch == branch))
            return true;
    }
    return false;
}

/* Says whether LOG is the writer's and has the genesis as entry 1: log 0, and
 * perhaps his other one. */
static bool is_founded(const struct world *world, unsigned log)
{
    const struct book *book = &world->book;

    for (size_t i = 0; i < book->n_entries; i++)
        if (book->entries[i].log == log && book->entries[i].place.index == 1)
            return book->node_of[log] == 0 &&
                   memcmp(&book->entries[i].id, &book->entries[0].id,
                          sizeof(struct sg_hash)) == 0;
    return false;
}

/* Section 6.1, position (GENERATION, SIZE). */
static bool is_held(const struct world *world, const struct book_entry *entry,
                    uint64_t generation, uint64_t size)
{
    if (generation == 0)
        return is_founded(world, entry->log) && entry->place.index < size;
    for (size_t i = 0; i < world->n_opened; i++) {
        const struct opened *opened = &world->opened[i];

        if (opened->generation == generation &&
            ((opened->log == entry->log && entry->place.index < size) ||
             is_listed(&world->book, opened, entry)))
            return true;
    }
    return false;
}

/* The grant of OFFICER that stands, by looking at all of them. */
static const struct book_entry *find_grant(const struct world *world,
                                           const struct sg_authority *authority,
                                           unsigned officer,
                                           uint64_t generation, uint64_t size)
{
    const struct book *book = &world->book;
    const struct book_entry *best = NULL;
    uint64_t best_serial = 0;

    for (size_t i = 0; i < book->n_entries; i++) {
        const struct book_entry *entry = &book->entries[i];
        struct sg_record record;
        uint64_t serial;

        assert_ok(sg_record_decode(entry->payload, &record));
        if (record.type != SG_TYPE_OFFICER_GRANT ||
            memcmp(sg_record_bin(&record, SG_FIELD_OFFICER_GRANT_OFFICER).data,
                   book->officers[officer].public, SG_KEY_SIZE) != 0 ||
            sg_authority_judge(authority, &entry->id, &entry->place,
                               record.copy.signature) != SG_AUTHORITY_VALID ||
            !is_held(world, entry, generation, size))
            continue;
        /* The order: the root's generation, the serial, the id. */
        serial = sg_record_uint(&record, 0);
        if (memcmp(&record.officer, &book->roots[1].id,
                   sizeof(record.officer)) == 0)
            serial += 1000;
        if (best == NULL || serial > best_serial ||
            (serial == best_serial &&
             memcmp(&entry->id, &best->id, sizeof(entry->id)) > 0)) {
            best = entry;
            best_serial = serial;
        }
    }
    return best;
}

/* Says whether every log that the book opens does open its generation. */
static bool is_plain(const struct world *world,
                     const struct sg_authority *authority)
{
    const struct sg_authority_alarm *alarms;
    size_t count;

    alarms = sg_authority_alarms(authority, &count);
    for (size_t i = 0; i < count; i++)
        if (alarms[i].kind == SG_AUTHORITY_ALARM_GENERATION)
            return false;
    for (size_t i = 0; i < world->n_opened; i++) {
        const struct opened *opened = &world->opened[i];
        const struct book *book = &world->book;

        for (size_t k = 0; k < book->n_entries; k++) {
            const struct book_entry *entry = &book->entries[k];
            struct sg_record record;

            if (entry->log != opened->log || entry->place.index != 1)
                continue;
            assert_ok(sg_record_decode(entry->payload, &record));
            if (sg_authority_judge(authority, &entry->id, &entry->place,
                                   record.copy.signature) != SG_AUTHORITY_VALID)
                return false;
        }
    }
    return true;
}

static void test_positions_as_read_by_hand(void **state)
{
    struct world world;
    unsigned compared = 0, found = 0, later = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct sg_authority *authority;
        bool plain;

        make_world(&world, 1000 + seed);
        authority = book_authority(&world.book, NULL);
        plain = is_plain(&world, authority);
        for (uint64_t position = 0; position < GENERATIONS * POSITIONS;
             position++) {
            uint64_t generation = position / POSITIONS;
            uint64_t size = position % POSITIONS;
            struct sg_authority_at at;

            if ((generation > 0 && !plain) ||
                sg_authority_at(authority, generation << 32 | size, &at) !=
                    SG_OK)
                continue;
            for (unsigned i = 0; i < 3; i++) {
                const struct book_entry *mine =
                    find_grant(&world, authority, i, generation, size);
                const struct sg_authority_grant *grant =
                    sg_authority_grant(&at, &world.book.officers[i].id);

                compared++;
                assert_int_equal(mine != NULL, grant != NULL);
                if (mine == NULL)
                    continue;
                assert_memory_equal(&grant->statement, &mine->id,
                                    sizeof(grant->statement));
                found++;
                later += generation > 0;
            }
        }
        sg_authority_free(authority);
        book_clear(&world.book);
    }
    assert_true(compared > 500);
    assert_true(found > 200);
    assert_true(later > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_gives_one_state),
        cmocka_unit_test(test_positions_as_read_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
