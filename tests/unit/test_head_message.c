#include "replication/head_message.h"

#include "replication/field.h"
#include "replication/frame.h"
#include "storage/base/alloc.h"
#include "tests/lib/format.h"
#include "tests/lib/protocol.h"

/* What a body is written into. */
static uint8_t room[SG_MESSAGE_SIZE_MAX];
static struct sg_writer writer;

static void begin(void)
{
    sg_writer_init_array(&writer, room, sizeof room);
}

static struct sg_bytes written(void)
{
    assert_ok(sg_writer_end(&writer));
    return sg_bytes(room, writer.size);
}

/* The body of the example NAME: behind a type and a length of one byte. */
static struct sg_bytes example(const char *name)
{
    struct sg_bytes message = protocol_hex(name);

    assert_true(message.size >= 2);
    assert_int_equal(message.data[1], message.size - 2);
    return sg_bytes(message.data + 2, message.size - 2);
}

static void assert_same(struct sg_bytes bytes, struct sg_bytes expected)
{
    assert_string_equal(sg_hex_text(bytes), sg_hex_text(expected));
}

/* The tags of the example's two logs. */
static const uint8_t tag_a[] = {0x26, 0x4d, 0x94, 0x37};
static const uint8_t tag_b[] = {0xf5, 0x9a, 0xce, 0x8c};

/* --- Read and written again -------------------------------------------- */

/* Each of these decodes BODY, compares what it says with the decoded things
 * themselves (all of them, by writing them again), and gives the error. */
static enum sg_err heads_again(struct sg_bytes body)
{
    static uint32_t refs[SG_HEADS_MAX];
    static struct sg_head_message_claim claims[SG_HEADS_MAX];
    struct sg_head_message_heads heads;
    uint32_t count = 0;
    enum sg_err err = sg_head_message_heads_decode(body, &heads);

    if (err != SG_OK)
        return err;
    while (sg_head_message_heads_next(&heads, &refs[count], &claims[count]))
        count++;
    assert_int_equal(count, heads.count);
    begin();
    sg_head_message_heads_encode(&writer, &heads, refs, claims);
    assert_same(written(), body);
    return SG_OK;
}

static enum sg_err ask_again(struct sg_bytes body)
{
    uint32_t refs[SG_ASKS_MAX], count = 0;
    struct sg_head_message_ask ask;
    enum sg_err err = sg_head_message_ask_decode(body, &ask);

    if (err != SG_OK)
        return err;
    while (sg_head_message_ask_next(&ask, &refs[count]))
        count++;
    assert_int_equal(count, ask.count);
    begin();
    sg_head_message_ask_encode(&writer, ask.width, refs, count);
    assert_same(written(), body);
    return SG_OK;
}

static enum sg_err introduce_again(struct sg_bytes body)
{
    struct sg_head_message_introduce introduce;
    struct sg_head_message_claim claim;
    struct sg_log_core core;
    enum sg_err err = sg_head_message_introduce_decode(body, &introduce);

    if (err != SG_OK)
        return err;
    begin();
    while (sg_head_message_introduce_next(&introduce, &core, &claim))
        sg_head_message_introduce_put(&writer, &core, &claim);
    assert_same(written(), body);
    return SG_OK;
}

static enum sg_err cells_again(struct sg_bytes body)
{
    static struct sg_head_cell list[SG_CELLS_MAX];
    struct sg_head_message_cells cells;
    struct sg_head_cell cell;
    uint32_t count = 0;
    enum sg_err err = sg_head_message_cells_decode(body, &cells);

    if (err != SG_OK)
        return err;
    while (sg_head_message_cells_next(&cells, &cell))
        list[count++] = cell;
    assert_int_equal(count, cells.count);
    begin();
    sg_head_message_cells_encode(&writer, &cells.auth, cells.first, list,
                                 count);
    assert_same(written(), body);
    return SG_OK;
}

static enum sg_err more_again(struct sg_bytes body)
{
    uint32_t to;
    enum sg_err err = sg_head_message_more_decode(body, &to);

    if (err != SG_OK)
        return err;
    begin();
    sg_head_message_more_encode(&writer, to);
    assert_same(written(), body);
    return SG_OK;
}

static void put_record(struct sg_head_message_record *record)
{
    size_t size = record->is_wide ? SG_HEAD_WIDE_SIZE : SG_HEAD_NARROW_SIZE;
    const uint8_t *at = record->hashes.data;
    struct sg_head_message_listed listed;
    struct sg_hash hashes[16] = {{{0}}};
    uint32_t count = 0;

    if (record->kind == SG_HEAD_RECORD_NODE) {
        for (unsigned c = 0; c < 16; c++) {
            if (!(record->bitmap >> c & 1))
                continue;
            memcpy(hashes[c].bytes, at, size);
            at += size;
        }
        sg_head_message_tree_node(&writer, record->is_wide, &record->prefix,
                                  record->bitmap, hashes);
        return;
    }
    sg_head_message_tree_list(&writer, record->kind, &record->prefix,
                              record->count);
    while (sg_head_message_record_next(record, &listed)) {
        sg_head_message_tree_log(&writer, record->is_wide, &listed);
        count++;
    }
    assert_int_equal(count, record->count);
}

static enum sg_err tree_again(struct sg_bytes body)
{
    struct sg_head_message_record record;
    struct sg_head_message_tree tree;
    enum sg_err err = sg_head_message_tree_decode(body, &tree);

    if (err != SG_OK)
        return err;
    begin();
    sg_head_message_tree_begin(&writer, &tree.auth, tree.is_wide);
    while (sg_head_message_tree_next(&tree, &record))
        put_record(&record);
    assert_same(written(), body);
    return SG_OK;
}

static enum sg_err root_again(struct sg_bytes body)
{
    struct sg_head_message_root root;
    enum sg_err err = sg_head_message_root_decode(body, &root);

    if (err != SG_OK)
        return err;
    begin();
    sg_head_message_root_encode(&writer, &root);
    assert_same(written(), body);
    return SG_OK;
}

static enum sg_err mine_again(struct sg_bytes body)
{
    struct sg_head_message_mine mine;
    enum sg_err err = sg_head_message_mine_decode(body, &mine);

    if (err != SG_OK)
        return err;
    begin();
    sg_head_message_mine_encode(&writer, &mine);
    assert_same(written(), body);
    return SG_OK;
}

typedef enum sg_err again_fn(struct sg_bytes body);

static const struct {
    const char *name;
    again_fn *again;
    bool may_be_cut; /* some beginnings are bodies too */
} examples[] = {
    {"message-heads", heads_again, false},
    {"message-ask", ask_again, false},
    {"message-introduce", introduce_again, true},
    {"message-cells", cells_again, true},
    {"message-more", more_again, false},
    {"message-tree", tree_again, false},
    {"message-root", root_again, false},
    {"message-mine", mine_again, false},
};

#define EXAMPLES (sizeof examples / sizeof examples[0])

/* Every example of the page is read and is written again as it stands; cut
 * anywhere, or with a byte more, it is no body. */
static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        struct sg_bytes body = example(examples[i].name);
        uint8_t *longer = sg_alloc(body.size + 1);

        assert_ok(examples[i].again(body));
        memcpy(longer, body.data, body.size);
        longer[body.size] = 0;
        assert_int_not_equal(examples[i].again(sg_bytes(longer, body.size + 1)),
                             SG_OK);
        for (size_t size = 0; size < body.size; size++) {
            enum sg_err err = examples[i].again(sg_bytes(body.data, size));

            if (!examples[i].may_be_cut)
                assert_int_not_equal(err, SG_OK);
            else if (err == SG_OK)
                assert_true(size == 0 || (size - 6) % SG_HEAD_CELL_SIZE == 0);
        }
        sg_free(longer);
    }
}

/* The examples say what the page says of them. */
static void test_meaning(void **state)
{
    struct format_log made = format_log();
    struct sg_head_message_heads heads;
    struct sg_head_message_introduce introduce;
    struct sg_head_message_claim claim;
    struct sg_head_message_cells cells;
    struct sg_head_message_tree tree;
    struct sg_head_message_record record;
    struct sg_head_message_ask ask;
    struct sg_head_cell cell;
    struct sg_log_core core;
    uint32_t ref, to;

    (void)state;
    assert_ok(sg_head_message_heads_decode(example("message-heads"), &heads));
    assert_int_equal(heads.width, 9);
    assert_true(heads.auth.is_there);
    assert_true(heads.has_judge);
    assert_false(heads.is_complete);
    assert_true(sg_head_message_heads_next(&heads, &ref, &claim));
    assert_int_equal(ref, sg_bytes_get_u32be(made.log.hash.bytes) >> 23);
    assert_int_equal(claim.size, 3);
    assert_int_equal(claim.short_by, 0);
    assert_memory_equal(claim.tag, tag_a, 4);
    assert_int_equal(heads.judge[0], sg_field_add(sg_log_table_v(tag_a),
                                                  sg_log_table_v(tag_b)));
    assert_ok(sg_head_message_introduce_decode(example("message-introduce"),
                                               &introduce));
    assert_true(sg_head_message_introduce_next(&introduce, &core, &claim));
    assert_int_equal(core.epoch[15], 0xdd);
    assert_int_equal(claim.size, 1);
    assert_memory_equal(claim.tag, tag_b, 4);
    assert_ok(sg_head_message_ask_decode(example("message-ask"), &ask));
    assert_int_equal(ask.width, 32);
    assert_true(sg_head_message_ask_next(&ask, &ref));
    struct sg_log_id second = sg_entry_log_id(&made.registry, &core);
    assert_int_equal(ref, sg_bytes_get_u32be(second.hash.bytes));
    assert_ok(sg_head_message_cells_decode(example("message-cells"), &cells));
    assert_int_equal(cells.first, 0);
    assert_int_equal(cells.count, 7);
    assert_true(sg_head_message_cells_next(&cells, &cell));
    assert_memory_equal(cell.sums, heads.judge, sizeof heads.judge);
    assert_ok(sg_head_message_more_decode(example("message-more"), &to));
    assert_int_equal(to, 64);
    assert_ok(sg_head_message_tree_decode(example("message-tree"), &tree));
    assert_true(sg_head_message_tree_next(&tree, &record));
    assert_int_equal(record.kind, SG_HEAD_RECORD_NODE);
    assert_int_equal(record.bitmap, 0x8400);
    assert_memory_equal(record.hashes.data, tag_b, 4);
    assert_memory_equal(record.hashes.data + 4, tag_a, 4);
}

/* --- Refusals ---------------------------------------------------------- */

#define CORE                                                           \
    "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394" \
    "01dddddddddddddddddddddddddddddddd"
#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_NEXT \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"
#define CELL "000000010000000200000003"

static const struct {
    again_fn *again;
    enum sg_err err;
    const char *body;
} cases[] = {
    /* heads: flags, auth tag, count, refs, claims, judge. */
    {heads_again, SG_OK, "f800"},
    {heads_again, SG_OK, "0000"},
    {heads_again, SG_OK, "0401 01 0500 26262626"},
    {heads_again, SG_OK, "0002 0100 0505 26262626 0000 26262626"},
    {heads_again, SG_OK, "f801 ffffffff0f 0100 26262626"},
    {heads_again, SG_OK, "0200 fffffffa 00000000"},
    {heads_again, SG_ERR_TRUNCATED, ""},
    {heads_again, SG_ERR_TRUNCATED, "01000000"},
    {heads_again, SG_ERR_LIMIT, "00 818001"},
    {heads_again, SG_ERR_TRUNCATED, "00 03 00"},
    {heads_again, SG_ERR_NOTCANONICAL, "00 8100"},
    {heads_again, SG_ERR_MALFORMED, "0001 02 0500 26262626"}, /* 1 bit */
    {heads_again, SG_ERR_MALFORMED, "0002 0101 0500 26262626 0500 26262626"},
    {heads_again, SG_ERR_MALFORMED, "f801 8080808010 0100 26262626"},
    {heads_again, SG_ERR_MALFORMED, "0001 01 0506 26262626"}, /* short > size */
    {heads_again, SG_ERR_MALFORMED, "0001 01 0001 26262626"},
    {heads_again, SG_ERR_TRUNCATED, "0001 01 0500 262626"},
    {heads_again, SG_ERR_TRAILING, "000000"},
    {heads_again, SG_ERR_NOTCANONICAL, "0200 fffffffb 00000000"},
    {heads_again, SG_ERR_NOTCANONICAL, "0200 00000000 ffffffff"},
    {heads_again, SG_ERR_TRUNCATED, "0200 00000000 000000"},
    /* ask: width, count, refs. */
    {ask_again, SG_OK, "0000"},
    {ask_again, SG_OK, "0002 0001"},
    {ask_again, SG_ERR_MALFORMED, "2000"},
    {ask_again, SG_ERR_MALFORMED, "0002 0000"}, /* twice the same */
    {ask_again, SG_ERR_MALFORMED, "0001 02"},
    {ask_again, SG_ERR_LIMIT, "1f 8108"},
    {ask_again, SG_ERR_TRUNCATED, "1f01"},
    {ask_again, SG_ERR_TRAILING, "1f0000"},
    /* introduce: any number of logs. */
    {introduce_again, SG_OK, ""},
    {introduce_again, SG_OK, CORE "0100 26262626" CORE "0000 26262626"},
    {introduce_again, SG_ERR_TRUNCATED, CORE "0100 262626"},
    {introduce_again, SG_ERR_TRUNCATED, "00"},
    {introduce_again, SG_ERR_MALFORMED, CORE "0102 26262626"},
    {introduce_again, SG_ERR_MALFORMED, /* kind 3 */
     "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
     "03dddddddddddddddddddddddddddddddd 0100 26262626"},
    /* cells: flags, auth tag, first, cells. */
    {cells_again, SG_OK, "0000" CELL},
    {cells_again, SG_OK, "00fe7f" CELL}, /* the last one there is */
    {cells_again, SG_ERR_LIMIT, "00ff7f" CELL},
    {cells_again, SG_ERR_LIMIT, "00ffffffff0f" CELL},
    {cells_again, SG_ERR_LIMIT, "00ffffffffffffffffff01" CELL},
    {cells_again, SG_ERR_TRUNCATED, "0000"},
    {cells_again, SG_ERR_TRUNCATED, "0000 0000000100000002000000"},
    {cells_again, SG_ERR_MALFORMED, "0200" CELL},
    {cells_again, SG_ERR_NOTCANONICAL, "0000 00000001 fffffffb 00000000"},
    {cells_again, SG_ERR_NOTCANONICAL, "0000 00000001 00000000 fffffffb"},
    /* more */
    {more_again, SG_OK, "01"},
    {more_again, SG_OK, "ff7f"},
    {more_again, SG_ERR_LIMIT, "808001"},
    {more_again, SG_ERR_MALFORMED, "00"},
    {more_again, SG_ERR_TRAILING, "0100"},
    {more_again, SG_ERR_NOTCANONICAL, "8100"},
    /* tree: flags, auth tag, records. */
    {tree_again, SG_OK, "00 00 00 0001 26262626"},
    {tree_again, SG_OK, "01 00000000 01 00 00"},
    {tree_again, SG_OK, "00 01 01a0 01 abababab 0500 26262626"},
    {tree_again, SG_OK,
     "00 02 00 02 01010101 0500 26262626"
     "01010101 0000 26262626"},
    {tree_again, SG_OK, "02 01 40" ID "01" ID "05" ID},
    {tree_again, SG_OK, "02 01 01a0 02" ID "05" ID ID_NEXT "00" ID},
    {tree_again, SG_OK, "02 00 02ab 0003" ID},
    {tree_again, SG_ERR_TRUNCATED, "00"},
    {tree_again, SG_ERR_MALFORMED, "04 01 00 00"},
    {tree_again, SG_ERR_MALFORMED, "00 03 00 0001 26262626"},
    {tree_again, SG_ERR_MALFORMED, "00 00 00 0000"}, /* no child */
    {tree_again, SG_ERR_TRUNCATED, "00 00 00 0003 26262626"},
    {tree_again, SG_ERR_MALFORMED, "00 00 40" ID "0001 26262626"},
    {tree_again, SG_ERR_MALFORMED, "00 01 41" ID "aa 00"},
    {tree_again, SG_ERR_NOTCANONICAL, "00 01 01ab 00"},
    {tree_again, SG_ERR_LIMIT, "00 01 00 41"},
    {tree_again, SG_ERR_TRUNCATED, "00 01 00 01"},
    {tree_again, SG_ERR_MALFORMED, /* not below the prefix */
     "00 01 01a0 01 bbababab 0500 26262626"},
    {tree_again, SG_ERR_MALFORMED, "02 01 0aaaaaaaaabb 01" ID "05" ID},
    {tree_again, SG_ERR_MALFORMED, "02 01 0baaaaaaaaaab0 01" ID "05" ID},
    {tree_again, SG_ERR_MALFORMED, /* not ascending */
     "00 01 00 02 02010101 0500 26262626 01010101 0500 26262626"},
    {tree_again, SG_ERR_MALFORMED, "02 01 00 02" ID_NEXT "05" ID ID "05" ID},
    {tree_again, SG_ERR_MALFORMED, "02 01 00 02" ID "05" ID ID "05" ID},
    {tree_again, SG_ERR_MALFORMED, "00 01 00 01 02010101 0506 26262626"},
    /* root, mine */
    {root_again, SG_ERR_TRAILING, ID "00"},
    {root_again, SG_ERR_TRUNCATED, "00"},
    {mine_again, SG_OK, "01 0102030405060708"},
    {mine_again, SG_ERR_MALFORMED, "02 0102030405060708"},
};

/* A body that follows the page is taken and given back; every other is refused
 * by name. */
static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum sg_err err = cases[i].again(sg_hex(cases[i].body));

        if (err != cases[i].err)
            print_message("case %zu: %s\n", i, cases[i].body);
        assert_string_equal(sg_err_name(err), sg_err_name(cases[i].err));
    }
}

/* A list as long as the limits allow is read; a writer without room for it
 * says so. */
static void test_largest(void **state)
{
    static uint32_t refs[SG_HEADS_MAX];
    static struct sg_head_message_claim claims[SG_HEADS_MAX];
    static struct sg_head_cell cells[SG_CELLS_MAX];
    struct sg_head_message_heads heads = {.width = 32, .count = SG_HEADS_MAX};
    struct sg_head_message_auth auth = {.is_there = false};
    struct sg_bytes body;

    (void)state;
    for (uint32_t i = 0; i < SG_HEADS_MAX; i++) {
        refs[i] = i * 1000;
        claims[i] = (struct sg_head_message_claim){i, i / 2, {1, 2, 3, 4}};
    }
    begin();
    sg_head_message_heads_encode(&writer, &heads, refs, claims);
    body = written();
    assert_true(body.size > 150000);
    assert_ok(heads_again(body));
    begin();
    sg_head_message_ask_encode(&writer, 32, refs, SG_ASKS_MAX);
    assert_ok(ask_again(written()));
    begin();
    sg_head_message_cells_encode(&writer, &auth, 0, cells, SG_CELLS_MAX);
    body = written();
    assert_true(body.size <= 196608);
    assert_ok(cells_again(body));
    sg_writer_init_array(&writer, room, 1000);
    sg_head_message_heads_encode(&writer, &heads, refs, claims);
    assert_err(sg_writer_end(&writer), LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
