#include "node/answer.h"

#include <string.h>

#include "replication/package.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/lmdb/fetch.h"
#include "storage/log/content_key.h"

/* Frontier and cover together, as the core takes them. */
#define HASHES_MAX (2 * SG_MERKLE_HASHES_MAX)

struct sg_answer {
    struct sg_fetch fetch;
    size_t size_max;           /* that FETCH was made for */
    struct sg_fetch key_fetch; /* of one content key entry */
    struct sg_hash hashes[HASHES_MAX];
    /* The content key entry looked at last, and whether it is wanted: the
     * entries of a package mostly share one. */
    uint64_t key_entry;
    bool is_wanted;
};

enum sg_err sg_answer_new(struct sg_answer **ret_answer)
{
    struct sg_answer *answer = sg_calloc(1, sizeof *answer);

    if (answer == NULL)
        return SG_ERR_NOMEM;
    answer->size_max = SG_MESSAGE_SIZE_MAX;
    sg_fetch_init(&answer->fetch, answer->size_max);
    sg_fetch_init(&answer->key_fetch, SG_PAYLOAD_SIZE_MAX);
    *ret_answer = answer;
    return SG_OK;
}

void sg_answer_free(struct sg_answer *answer)
{
    if (answer == NULL)
        return;
    sg_fetch_clear(&answer->fetch);
    sg_fetch_clear(&answer->key_fetch);
    sg_free(answer);
}

/* --- What a peer subscribed to ---------------------------------------------
 */

static bool has_reader(const struct sg_content_key *key,
                       const struct sg_sync_wants *filter)
{
    for (size_t i = 0; i < sg_content_key_reader_count(key); i++) {
        struct sg_key_id id = sg_content_key_reader_id(key, i);

        for (size_t k = 0; k < filter->n_scopes; k++)
            if (sg_key_id_compare(&id, &filter->scopes[k]) == 0)
                return true;
    }
    return false;
}

/* Says whether one of the scopes can open what KEY_ENTRY of LOG seals. A key
 * entry that cannot be read opens nothing. */
static bool is_for_scopes(struct sg_answer *answer, struct sg_store *store,
                          const struct sg_store_log *log, uint64_t key_entry,
                          const struct sg_sync_wants *filter)
{
    const struct sg_content_key_place place = {log->id, key_entry};
    struct sg_content_key key;

    if (answer->key_entry == key_entry)
        return answer->is_wanted;
    answer->key_entry = key_entry;
    answer->is_wanted =
        sg_fetch_range(store, log->number, key_entry, 1, &answer->key_fetch) ==
            SG_OK &&
        answer->key_fetch.count == 1 &&
        answer->key_fetch.entries[0].kind == SG_ENTRY_CONTENT_KEY &&
        sg_content_key_parse(answer->key_fetch.entries[0].payload, &place,
                             &key) == SG_OK &&
        has_reader(&key, filter);
    return answer->is_wanted;
}

static bool is_wanted(struct sg_answer *answer, struct sg_store *store,
                      const struct sg_store_log *log,
                      const struct sg_entry *entry,
                      const struct sg_sync_wants *filter)
{
    enum sg_sync_payloads what =
        log->row.core.kind == SG_LOG_AUDIT ? filter->audits : filter->records;

    if (entry->kind < SG_ENTRY_SEALED || what == SG_SYNC_PAYLOADS_ALL)
        return true;
    return what == SG_SYNC_PAYLOADS_SCOPES && entry->kind == SG_ENTRY_SEALED &&
           is_for_scopes(answer, store, log, entry->key_entry, filter);
}

/* --- Entries and hashes ------------------------------------------------------
 */

static size_t count_of(const struct sg_effect *effect)
{
    uint64_t count = effect->read.to - effect->read.first;
    uint64_t left =
        SG_PACKAGE_ENTRIES_MAX - effect->read.first % SG_PACKAGE_ENTRIES_MAX;

    if (effect->read.is_judged)
        left = SG_PACKAGE_ENTRIES_MAX;
    return (size_t)(count < left ? count : left);
}

static enum sg_err read_entries(struct sg_answer *answer,
                                struct sg_store *store,
                                const struct sg_store_log *log,
                                const struct sg_effect *effect,
                                const struct sg_sync_wants *filter)
{
    size_t count = count_of(effect);
    enum sg_err err;

    answer->fetch.count = 0;
    if (count == 0)
        return SG_OK;
    if (answer->size_max != effect->read.size_max) {
        sg_fetch_clear(&answer->fetch);
        answer->size_max = effect->read.size_max;
        sg_fetch_init(&answer->fetch, answer->size_max);
    }
    err = sg_fetch_range(store, log->number, effect->read.first, count,
                         &answer->fetch);
    answer->key_entry = UINT64_MAX;
    for (size_t i = 0; i < answer->fetch.count && err == SG_OK; i++) {
        struct sg_entry *entry = &answer->fetch.entries[i];

        if (entry->state != SG_PAYLOAD_PRESENT || filter == NULL ||
            is_wanted(answer, store, log, entry, filter))
            continue;
        entry->state = SG_PAYLOAD_NOT_HELD;
        entry->payload = sg_bytes(NULL, 0);
    }
    return err;
}

static enum sg_err read_frontier(struct sg_answer *answer,
                                 struct sg_store *store, uint32_t number,
                                 uint64_t size, size_t *ret_count)
{
    struct sg_frontier frontier;
    enum sg_err err = sg_fetch_frontier(store, number, size, &frontier);

    if (err != SG_OK)
        return err;
    *ret_count = sg_merkle_frontier_count(size);
    memcpy(answer->hashes, frontier.hashes,
           *ret_count * sizeof answer->hashes[0]);
    return SG_OK;
}

static enum sg_err read_hashes(struct sg_answer *answer, struct sg_store *store,
                               uint32_t number, const struct sg_effect *effect,
                               size_t *ret_count)
{
    uint64_t end = effect->read.first + answer->fetch.count;
    uint64_t reach = effect->read.prove_to;
    enum sg_err err = SG_OK;
    size_t count = 0;

    *ret_count = 0;
    if (effect->read.frontier)
        err =
            read_frontier(answer, store, number, effect->read.first, ret_count);
    else if (reach > 0)
        reach = sg_package_reach(effect->read.first, end, reach,
                                 effect->read.is_fresh);
    if (reach > effect->read.held)
        reach = effect->read.held;
    if (err == SG_OK && reach > end)
        err = sg_fetch_cover(store, number, end, reach,
                             answer->hashes + *ret_count, &count);
    *ret_count += count;
    SG_ASSERT(*ret_count <= HASHES_MAX);
    return err;
}

void sg_answer_read(struct sg_answer *answer, struct sg_store *store,
                    const struct sg_effect *effect,
                    const struct sg_sync_wants *filter,
                    struct sg_event *ret_event)
{
    struct sg_event event = {.kind = SG_EVENT_READ, .session = effect->session};
    struct sg_store_log log;
    enum sg_err err = sg_store_find(store, &effect->log, effect->branch, &log);

    if (err == SG_OK && (effect->read.to > log.row.frontier.size ||
                         effect->read.held > log.row.frontier.size))
        err = SG_ERR_NOTFOUND;
    if (err == SG_OK)
        err = read_entries(answer, store, &log, effect, filter);
    event.read.ticket = effect->ticket;
    event.read.first = effect->read.first;
    event.read.entries = answer->fetch.entries;
    event.read.hashes = answer->hashes;
    if (err == SG_OK) {
        event.read.count = answer->fetch.count;
        err = read_hashes(answer, store, log.number, effect,
                          &event.read.hash_count);
    }
    event.read.err = err;
    *ret_event = event;
}
