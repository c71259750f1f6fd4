#include "replication/flow.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"

static void check(struct sg_reader *reader, bool holds)
{
    if (!holds)
        sg_reader_fail(reader, SG_ERR_MALFORMED);
}

/* Whether a list "to the end" goes on; at its end, whether it had an item. Item
 * number MAX is one too many. */
static bool goes_on(struct sg_reader *reader, size_t count, size_t max)
{
    if (reader->err == SG_OK && reader->left.size == 0)
        check(reader, count > 0);
    if (reader->err != SG_OK || reader->left.size == 0)
        return false;
    if (count == max)
        sg_reader_fail(reader, SG_ERR_LIMIT);
    return count < max;
}

/* --- want ----------------------------------------------------------------- */

#define WANT_FILLING 1u
#define WANT_STACK   2u
#define WANT_BRANCH  4u
#define WANT_FLAGS   7u

static void write_want(struct sg_writer *writer,
                       const struct sg_flow_want *want)
{
    unsigned flags = (want->is_filling ? WANT_FILLING : 0) |
                     (want->has_stack ? WANT_STACK : 0) |
                     (want->has_branch ? WANT_BRANCH : 0);

    SG_ASSERT(want->number > 0);
    if (want->has_stack || want->has_branch)
        SG_ASSERT(want->to > 0);
    if (want->to > 0)
        SG_ASSERT(want->from < want->to);
    sg_writer_varint(writer, want->number);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(want->ref.bytes));
    sg_writer_u8(writer, (uint8_t)flags);
    sg_writer_varint(writer, want->from);
    sg_writer_varint(writer, want->to);
    if (want->has_branch)
        sg_writer_bytes(writer, SG_BYTES_ARRAY(want->branch));
}

void sg_flow_wants_encode(const struct sg_flow_want wants[], size_t count,
                          struct sg_writer *writer)
{
    SG_ASSERT(count > 0);
    SG_ASSERT(count <= SG_WANTS_MAX);
    for (size_t i = 0; i < count; i++)
        write_want(writer, &wants[i]);
}

static void read_want(struct sg_reader *reader, struct sg_flow_want *ret_want)
{
    unsigned flags;

    *ret_want = (struct sg_flow_want){.number = sg_reader_varint(reader)};
    check(reader, ret_want->number > 0);
    sg_reader_copy(reader, ret_want->ref.bytes, sizeof ret_want->ref.bytes);
    flags = sg_reader_u8(reader);
    check(reader, flags <= WANT_FLAGS);
    ret_want->is_filling = (flags & WANT_FILLING) != 0;
    ret_want->has_stack = (flags & WANT_STACK) != 0;
    ret_want->has_branch = (flags & WANT_BRANCH) != 0;
    ret_want->from = sg_reader_varint(reader);
    ret_want->to = sg_reader_varint(reader);
    if (ret_want->has_stack || ret_want->has_branch)
        check(reader, ret_want->to > 0);
    if (ret_want->to > 0)
        check(reader, ret_want->from < ret_want->to);
    if (ret_want->has_branch)
        sg_reader_copy(reader, ret_want->branch, sizeof ret_want->branch);
}

enum sg_err sg_flow_wants_decode(struct sg_bytes body,
                                 struct sg_flow_want ret_wants[SG_WANTS_MAX],
                                 size_t *ret_count)
{
    struct sg_reader reader;
    size_t count = 0;
    enum sg_err err;

    sg_reader_init(&reader, body);
    while (goes_on(&reader, count, SG_WANTS_MAX))
        read_want(&reader, &ret_wants[count++]);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_count = count;
    return err;
}

/* --- stored --------------------------------------------------------------- */

void sg_flow_stored_encode(const struct sg_flow_stored stored[], size_t count,
                           struct sg_writer *writer)
{
    SG_ASSERT(count > 0);
    SG_ASSERT(count <= SG_STORED_MAX);
    for (size_t i = 0; i < count; i++) {
        sg_writer_varint(writer, stored[i].number);
        if (stored[i].number == 0)
            sg_writer_bytes(writer, SG_BYTES_ARRAY(stored[i].ref.bytes));
        sg_writer_varint(writer, stored[i].held);
    }
}

enum sg_err sg_flow_stored_decode(
    struct sg_bytes body, struct sg_flow_stored ret_stored[SG_STORED_MAX],
    size_t *ret_count)
{
    struct sg_reader reader;
    size_t count = 0;
    enum sg_err err;

    sg_reader_init(&reader, body);
    while (goes_on(&reader, count, SG_STORED_MAX)) {
        struct sg_flow_stored *item = &ret_stored[count++];

        *item = (struct sg_flow_stored){.number = sg_reader_varint(&reader)};
        if (item->number == 0)
            sg_reader_copy(&reader, item->ref.bytes, sizeof item->ref.bytes);
        item->held = sg_reader_varint(&reader);
    }
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_count = count;
    return err;
}

/* --- credit, stop, ping and pong ------------------------------------------ */

void sg_flow_credit_encode(uint64_t total, struct sg_writer *writer)
{
    sg_writer_varint(writer, total);
}

enum sg_err sg_flow_credit_decode(struct sg_bytes body, uint64_t *ret_total)
{
    struct sg_reader reader;
    uint64_t total;
    enum sg_err err;

    sg_reader_init(&reader, body);
    total = sg_reader_varint(&reader);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_total = total;
    return err;
}

void sg_flow_stop_encode(const struct sg_flow_stop *stop,
                         struct sg_writer *writer)
{
    SG_ASSERT(stop->number > 0);
    SG_ASSERT(stop->reason <= SG_FLOW_NO_BRANCH);
    sg_writer_varint(writer, stop->number);
    sg_writer_u8(writer, (uint8_t)stop->reason);
}

enum sg_err sg_flow_stop_decode(struct sg_bytes body,
                                struct sg_flow_stop *ret_stop)
{
    struct sg_flow_stop stop;
    struct sg_reader reader;
    enum sg_err err;
    uint8_t reason;

    sg_reader_init(&reader, body);
    stop.number = sg_reader_varint(&reader);
    reason = sg_reader_u8(&reader);
    check(&reader, stop.number > 0);
    check(&reader, reason <= SG_FLOW_NO_BRANCH);
    stop.reason = (enum sg_flow_reason)reason;
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_stop = stop;
    return err;
}

enum sg_err sg_flow_ping_decode(struct sg_bytes body,
                                uint8_t ret_echo[SG_FLOW_PING_SIZE])
{
    if (body.size < SG_FLOW_PING_SIZE)
        return SG_ERR_TRUNCATED;
    if (body.size > SG_FLOW_PING_SIZE)
        return SG_ERR_TRAILING;
    memcpy(ret_echo, body.data, SG_FLOW_PING_SIZE);
    return SG_OK;
}

/* --- subscribe ------------------------------------------------------------ */

struct sg_flow_subscription sg_flow_subscription_default(void)
{
    return (struct sg_flow_subscription){.records = SG_FLOW_PAYLOADS_ALL,
                                         .audits = SG_FLOW_PAYLOADS_ALL};
}

static bool has_scopes(const struct sg_flow_subscription *subscription)
{
    return subscription->records == SG_FLOW_PAYLOADS_SCOPES ||
           subscription->audits == SG_FLOW_PAYLOADS_SCOPES;
}

void sg_flow_subscribe_encode(const struct sg_flow_subscription *subscription,
                              struct sg_writer *writer)
{
    SG_ASSERT(subscription->scope_count <= SG_SUBSCRIBE_SCOPES_MAX);
    if (!has_scopes(subscription))
        SG_ASSERT(subscription->scope_count == 0);
    sg_writer_u8(writer, (uint8_t)subscription->records);
    sg_writer_u8(writer, (uint8_t)subscription->audits);
    for (size_t i = 0; i < subscription->scope_count; i++) {
        const struct sg_key_id *scope = &subscription->scopes[i];

        if (i > 0)
            SG_ASSERT(sg_key_id_compare(scope - 1, scope) < 0);
        sg_writer_bytes(writer, SG_BYTES_ARRAY(scope->bytes));
    }
}

static enum sg_flow_payloads read_payloads(struct sg_reader *reader)
{
    uint8_t payloads = sg_reader_u8(reader);

    check(reader, payloads <= SG_FLOW_PAYLOADS_SCOPES);
    return (enum sg_flow_payloads)payloads;
}

enum sg_err sg_flow_subscribe_decode(
    struct sg_bytes body, struct sg_flow_subscription *ret_subscription)
{
    struct sg_flow_subscription subscription = {.scope_count = 0};
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, body);
    subscription.records = read_payloads(&reader);
    subscription.audits = read_payloads(&reader);
    while (reader.err == SG_OK && has_scopes(&subscription) &&
           reader.left.size > 0) {
        struct sg_key_id *scope = subscription.scopes;

        if (subscription.scope_count == SG_SUBSCRIBE_SCOPES_MAX)
            return SG_ERR_LIMIT;
        scope += subscription.scope_count;
        sg_reader_copy(&reader, scope->bytes, sizeof scope->bytes);
        if (subscription.scope_count++ > 0)
            check(&reader, sg_key_id_compare(scope - 1, scope) < 0);
    }
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_subscription = subscription;
    return err;
}

/* --- branches ------------------------------------------------------------- */

void sg_flow_branches_encode(const struct sg_flow_branches *branches,
                             struct sg_writer *writer)
{
    SG_ASSERT(branches->count > 0);
    SG_ASSERT(branches->count <= SG_BRANCHES_MAX);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(branches->ref.bytes));
    sg_writer_u8(writer, (uint8_t)branches->count);
    for (size_t i = 0; i < branches->count; i++) {
        const struct sg_flow_branch *branch = &branches->items[i];

        SG_ASSERT(branch->checkpoint.size > 0);
        SG_ASSERT(branch->lacks <= branch->checkpoint.size);
        sg_writer_varint(writer, branch->checkpoint.size);
        sg_writer_varint(writer, branch->lacks);
        sg_writer_bytes(writer, SG_BYTES_ARRAY(branch->checkpoint.root.bytes));
        sg_writer_bytes(writer, SG_BYTES_ARRAY(branch->checkpoint.signature));
    }
}

static void read_branch(struct sg_reader *reader, struct sg_flow_branch *ret)
{
    ret->checkpoint.size = sg_reader_varint(reader);
    ret->lacks = sg_reader_varint(reader);
    check(reader, ret->checkpoint.size > 0);
    check(reader, ret->lacks <= ret->checkpoint.size);
    sg_reader_copy(reader, ret->checkpoint.root.bytes,
                   sizeof ret->checkpoint.root.bytes);
    sg_reader_copy(reader, ret->checkpoint.signature,
                   sizeof ret->checkpoint.signature);
}

enum sg_err sg_flow_branches_decode(struct sg_bytes body,
                                    struct sg_flow_branches *ret_branches)
{
    struct sg_flow_branches branches;
    struct sg_reader reader;
    enum sg_err err;

    memset(&branches, 0, sizeof branches);
    sg_reader_init(&reader, body);
    sg_reader_copy(&reader, branches.ref.bytes, sizeof branches.ref.bytes);
    branches.count = sg_reader_u8(&reader);
    if (branches.count > SG_BRANCHES_MAX)
        sg_reader_fail(&reader, SG_ERR_LIMIT);
    check(&reader, branches.count > 0);
    for (size_t i = 0; reader.err == SG_OK && i < branches.count; i++)
        read_branch(&reader, &branches.items[i]);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_branches = branches;
    return err;
}

enum sg_err sg_flow_branches_verify(const struct sg_package_log *log,
                                    const struct sg_flow_branches *branches)
{
    for (size_t i = 0; i < branches->count; i++) {
        enum sg_err err = sg_checkpoint_verify(&log->hasher->registry, &log->id,
                                               log->core.node_key,
                                               &branches->items[i].checkpoint);
        if (err != SG_OK)
            return err;
    }
    return SG_OK;
}
