/* What nodes sign about logs, and the messages of it: what is accepted is
 * written again as the same bytes, and is not believed without a signature. The
 * first byte says which of them. */
#include "replication/cosignature.h"
#include "replication/holding.h"
#include "replication/statement.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

static const struct sg_registry_id registry = {{{0x22}}};

static void is_same(const struct sg_writer *writer, struct sg_bytes bytes)
{
    SG_ASSERT(writer->err == SG_OK);
    SG_ASSERT(sg_bytes_equal(sg_writer_written(writer), bytes));
}

static void try_cosignature(struct sg_bytes body, struct sg_writer *writer)
{
    struct sg_cosignature cosignature;

    if (sg_cosignature_decode(body, &cosignature) != SG_OK)
        return;
    sg_cosignature_encode(&cosignature, writer);
    is_same(writer, body);
}

static void try_holding(struct sg_bytes bytes, struct sg_writer *writer)
{
    struct sg_holding holding;
    uint8_t *room;

    if (sg_holding_decode(bytes, &holding) != SG_OK)
        return;
    room = sg_writer_room(writer, SG_HOLDING_SIZE);
    SG_ASSERT(room != NULL);
    sg_holding_encode(&holding, room);
    is_same(writer, bytes);
    SG_ASSERT(sg_holding_verify(&holding, &registry) != SG_OK);
}

/* The key id in it is of no key that anybody has: all but that is the same. */
static void try_holding_message(struct sg_bytes body, struct sg_writer *writer)
{
    static const struct sg_log_id log = {{{1}}};
    static const struct sg_hash root = {{2}};
    static const uint8_t key[SG_KEY_SIZE] = {3};
    struct sg_holding_message message;
    struct sg_holding holding;

    if (sg_holding_message_decode(body, &message) != SG_OK)
        return;
    sg_holding_rebuild(&message, &log, &root, key, &holding);
    sg_holding_message_encode(&holding, &registry, writer);
    SG_ASSERT(writer->err == SG_OK);
    SG_ASSERT(writer->size == body.size);
    SG_ASSERT(sg_holding_verify(&holding, &registry) != SG_OK);
}

static void try_statement(struct sg_bytes bytes, struct sg_writer *writer)
{
    struct sg_statement statement;
    uint8_t *room;

    if (sg_statement_decode(bytes, &statement) != SG_OK)
        return;
    room = sg_writer_room(writer, SG_STATEMENT_SIZE);
    SG_ASSERT(room != NULL);
    sg_statement_encode(&statement, room);
    is_same(writer, bytes);
    SG_ASSERT(sg_statement_verify(&statement, &registry) != SG_OK);
    SG_ASSERT(!sg_statement_contradicts(&statement, &statement));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct sg_bytes, struct sg_writer *) = {
        try_cosignature,
        try_holding,
        try_holding_message,
        try_statement,
    };
    uint8_t room[512];
    struct sg_writer writer;
    enum sg_err err = sg_crypto_init();

    SG_ASSERT(err == SG_OK);
    if (size == 0)
        return 0;
    sg_writer_init_array(&writer, room, sizeof room);
    tries[data[0] % (sizeof tries / sizeof tries[0])](
        sg_bytes(data + 1, size - 1), &writer);
    return 0;
}
