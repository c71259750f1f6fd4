/* Bodies of messages about heads: what is accepted is written again as the same
 * bytes. The first byte is the message's type. */
#include <string.h>

#include "replication/frame.h"
#include "replication/head_message.h"
#include "storage/base/check.h"
#include "tests/fuzz/fuzz.h"

static uint8_t room[SG_MESSAGE_SIZE_MAX];

static void put_heads(struct sg_writer *writer, struct sg_bytes body)
{
    static uint32_t refs[SG_HEADS_MAX];
    static struct sg_head_message_claim claims[SG_HEADS_MAX];
    struct sg_head_message_heads heads;
    uint32_t count = 0;

    if (sg_head_message_heads_decode(body, &heads) != SG_OK)
        return;
    while (count < heads.count &&
           sg_head_message_heads_next(&heads, &refs[count], &claims[count]))
        count++;
    SG_ASSERT(count == heads.count);
    sg_head_message_heads_encode(writer, &heads, refs, claims);
}

static void put_ask(struct sg_writer *writer, struct sg_bytes body)
{
    uint32_t refs[SG_ASKS_MAX], count = 0;
    struct sg_head_message_ask ask;

    if (sg_head_message_ask_decode(body, &ask) != SG_OK)
        return;
    while (count < ask.count && sg_head_message_ask_next(&ask, &refs[count]))
        count++;
    SG_ASSERT(count == ask.count);
    sg_head_message_ask_encode(writer, ask.width, refs, count);
}

static void put_introduce(struct sg_writer *writer, struct sg_bytes body)
{
    struct sg_head_message_introduce introduce;
    struct sg_head_message_claim claim;
    struct sg_log_core core;

    if (sg_head_message_introduce_decode(body, &introduce) != SG_OK)
        return;
    while (sg_head_message_introduce_next(&introduce, &core, &claim))
        sg_head_message_introduce_put(writer, &core, &claim);
}

static void put_cells(struct sg_writer *writer, struct sg_bytes body)
{
    static struct sg_head_cell list[SG_CELLS_MAX + 1];
    struct sg_head_message_cells cells;
    uint32_t count = 0;

    if (sg_head_message_cells_decode(body, &cells) != SG_OK)
        return;
    while (sg_head_message_cells_next(&cells, &list[count]))
        count++;
    SG_ASSERT(count == cells.count);
    sg_head_message_cells_encode(writer, &cells.auth, cells.first, list, count);
}

static void put_record(struct sg_writer *writer,
                       struct sg_head_message_record *record)
{
    size_t size = record->is_wide ? SG_HEAD_WIDE_SIZE : SG_HEAD_NARROW_SIZE;
    struct sg_head_message_listed listed;
    struct sg_hash hashes[16] = {{{0}}};
    const uint8_t *at = record->hashes.data;

    if (record->kind != SG_HEAD_RECORD_NODE) {
        sg_head_message_tree_list(writer, record->kind, &record->prefix,
                                  record->count);
        while (sg_head_message_record_next(record, &listed))
            sg_head_message_tree_log(writer, record->is_wide, &listed);
        return;
    }
    for (unsigned c = 0; c < 16; c++) {
        if (!(record->bitmap >> c & 1))
            continue;
        memcpy(hashes[c].bytes, at, size);
        at += size;
    }
    sg_head_message_tree_node(writer, record->is_wide, &record->prefix,
                              record->bitmap, hashes);
}

static void put_tree(struct sg_writer *writer, struct sg_bytes body)
{
    struct sg_head_message_record record;
    struct sg_head_message_tree tree;

    if (sg_head_message_tree_decode(body, &tree) != SG_OK)
        return;
    sg_head_message_tree_begin(writer, &tree.auth, tree.is_wide);
    while (sg_head_message_tree_next(&tree, &record))
        put_record(writer, &record);
}

static void put_short(struct sg_writer *writer, unsigned type,
                      struct sg_bytes body)
{
    struct sg_head_message_root root;
    struct sg_head_message_mine mine;
    uint32_t to;

    if (type == SG_MESSAGE_MORE &&
        sg_head_message_more_decode(body, &to) == SG_OK)
        sg_head_message_more_encode(writer, to);
    if (type == SG_MESSAGE_ROOT &&
        sg_head_message_root_decode(body, &root) == SG_OK)
        sg_head_message_root_encode(writer, &root);
    if (type == SG_MESSAGE_MINE &&
        sg_head_message_mine_decode(body, &mine) == SG_OK)
        sg_head_message_mine_encode(writer, &mine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_writer writer;
    struct sg_bytes body;
    enum sg_err err;

    if (size == 0)
        return 0;
    body = sg_bytes(data + 1, size - 1);
    sg_writer_init_array(&writer, room, sizeof room);
    if (data[0] == SG_MESSAGE_HEADS)
        put_heads(&writer, body);
    else if (data[0] == SG_MESSAGE_ASK)
        put_ask(&writer, body);
    else if (data[0] == SG_MESSAGE_INTRODUCE)
        put_introduce(&writer, body);
    else if (data[0] == SG_MESSAGE_CELLS)
        put_cells(&writer, body);
    else if (data[0] == SG_MESSAGE_TREE)
        put_tree(&writer, body);
    else
        put_short(&writer, data[0], body);
    err = sg_writer_end(&writer);
    if (writer.size == 0)
        return 0;
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == body.size);
    SG_ASSERT(memcmp(room, body.data, body.size) == 0);
    return 0;
}
