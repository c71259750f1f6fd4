/* Plants one damage in a store that nobody has open, and says where.
 *
 *   plant --kind KIND [--seed N] DIR
 *   plant --kinds                    the list of kinds
 *
 * One bit is turned over where it matters: on a page in use, in a slot that is
 * written. What is planted follows from the seed and the store. One line of
 * JSON: kind, file below DIR, byte, bit, log and index where there are any.
 * Exit: 0 planted, 1 nothing of this kind is there, 2 usage or file.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/crypto.h"
#include "storage/base/prng.h"
#include "storage/base/text.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/store.h"
#include "storage/log/highwater.h"
#include "tests/fault/pages.h"

#define LOGS_MAX  4096u
#define PATH_SIZE 4096u
#define CHUNK     256u
#define LEAF_SIZE 32u
/* Where things lie in a log row (FORMAT.md section 10). */
#define ROW_CHANGE   76u
#define ROW_KNOWN    84u
#define ROW_FRONTIER (ROW_KNOWN + 104u)

struct plant {
    const char *dir;
    const char *kind;
    struct sg_prng prng;
    struct sg_store *store;
    size_t log_count;
    struct sg_store_log *logs; /* of which something is held */
    struct sg_fetch *fetch;

    char file[PATH_SIZE]; /* below dir */
    uint8_t *bytes;
    size_t size;
    struct pages pages;

    size_t at; /* what is planted */
    unsigned bit;
    bool is_cut; /* the file ends there */
    uint32_t log;
    uint64_t index;
    bool has_place;
};

typedef bool plant_fn(struct plant *plant);

/* --- Files ---------------------------------------------------------------- */

static bool load(struct plant *plant, const char *name)
{
    char path[2 * PATH_SIZE];
    struct stat stat_of;
    int fd;
    bool is_read;

    (void)snprintf(plant->file, sizeof plant->file, "%s", name);
    (void)snprintf(path, sizeof path, "%s/%s", plant->dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat_of) != 0 || stat_of.st_size == 0) {
        return false;
    }
    plant->size = (size_t)stat_of.st_size;
    plant->bytes = sg_alloc(plant->size);
    is_read = plant->bytes != NULL &&
              read(fd, plant->bytes, plant->size) == (ssize_t)plant->size;
    (void)close(fd);
    return is_read;
}

static bool load_pages(struct plant *plant, const char *name)
{
    return load(plant, name) &&
           pages_find(plant->bytes, plant->size, &plant->pages);
}

static bool write_back(const struct plant *plant)
{
    char path[2 * PATH_SIZE];
    uint8_t byte = (uint8_t)(plant->bytes[plant->at] ^ 1u << plant->bit);
    bool is_done;
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", plant->dir, plant->file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    is_done = plant->is_cut ? ftruncate(fd, (off_t)plant->at) == 0
                            : pwrite(fd, &byte, 1, (off_t)plant->at) == 1;
    return close(fd) == 0 && is_done;
}

/* Any bit of the SIZE bytes at AT. */
static bool aim(struct plant *plant, size_t at, size_t size)
{
    if (at == SIZE_MAX || size == 0) {
        return false;
    }
    plant->at = at + (size_t)sg_prng_below(&plant->prng, size);
    plant->bit = (unsigned)sg_prng_below(&plant->prng, 8);
    return true;
}

/* --- Entries -------------------------------------------------------------- */

/* Gives one that holds HELD entries at least. */
static const struct sg_store_log *any_log(struct plant *plant, uint64_t held)
{
    const struct sg_store_log *chosen = NULL;
    uint64_t seen = 0;
    for (size_t i = 0; i < plant->log_count; i++) {
        if (plant->logs[i].row.frontier.size >= held &&
            sg_prng_below(&plant->prng, ++seen) == 0) {
            chosen = &plant->logs[i];
        }
    }
    return chosen;
}

/* Gives where the row of some entry lies, with its size; and its payload's. */
static size_t any_entry(struct plant *plant, size_t *ret_size,
                        size_t *ret_payload)
{
    const struct sg_store_log *log = any_log(plant, 1);
    static uint8_t bytes[SG_ROW_ENTRY_MAX];
    struct sg_row_entry row;

    if (log == NULL || !load_pages(plant, "log/data.mdb")) {
        return SIZE_MAX;
    }
    plant->log = log->number;
    plant->index = sg_prng_below(&plant->prng, log->row.frontier.size);
    plant->has_place = true;
    if (sg_fetch_range(plant->store, log->number, plant->index, 1,
                       plant->fetch) != SG_OK) {
        return SIZE_MAX;
    }
    row.log = plant->log;
    row.index = plant->index;
    row.entry = plant->fetch->entries[0];
    row.leaf = sg_entry_leaf(&row.entry);
    *ret_size = sg_row_entry_size(&row);
    *ret_payload = row.entry.payload.size;
    sg_row_entry_encode(&row, bytes, *ret_size);
    return pages_search(&plant->pages, bytes, *ret_size, 0);
}

static bool plant_payload(struct plant *plant)
{
    size_t size = 0, payload = 0, at = any_entry(plant, &size, &payload);
    return at != SIZE_MAX && aim(plant, at + size - payload, payload);
}

static bool plant_leaf(struct plant *plant)
{
    size_t size = 0, payload = 0, at = any_entry(plant, &size, &payload);
    return at != SIZE_MAX &&
           aim(plant, at + size - payload - LEAF_SIZE, LEAF_SIZE);
}

/* What stands before the leaf: log, index, state, kind, key entry. */
static bool plant_head(struct plant *plant)
{
    size_t size = 0, payload = 0, at = any_entry(plant, &size, &payload);
    return at != SIZE_MAX && aim(plant, at, size - payload - LEAF_SIZE);
}

/* --- The tree and the log's row ------------------------------------------- */

static void put_number(uint8_t *at, uint64_t value, unsigned size)
{
    while (size-- > 0) {
        at[size] = (uint8_t)value;
        value >>= 8;
    }
}

static bool plant_node(struct plant *plant)
{
    const struct sg_store_log *log = any_log(plant, CHUNK);
    uint8_t row[13 + LEAF_SIZE];
    struct sg_frontier frontier;
    struct sg_hash root;
    uint64_t position;
    size_t i, at;

    if (log == NULL || !load_pages(plant, "log/data.mdb")) {
        return false;
    }
    position = sg_prng_below(&plant->prng, log->row.frontier.size / CHUNK);
    plant->log = log->number;
    plant->index = position * CHUNK;
    plant->has_place = true;
    memset(&frontier, 0, sizeof frontier);
    while (frontier.size < CHUNK) {
        if (sg_fetch_range(
                plant->store, log->number, plant->index + frontier.size,
                (size_t)(CHUNK - frontier.size), plant->fetch) != SG_OK) {
            return false;
        }
        for (i = 0; i < plant->fetch->count; i++) {
            struct sg_hash leaf = sg_entry_leaf(&plant->fetch->entries[i]);
            sg_merkle_append(&frontier, &leaf, NULL, NULL);
        }
    }
    root = sg_merkle_root(&frontier);
    put_number(row, log->number, 4);
    row[4] = 8;
    put_number(row + 5, position, 8);
    memcpy(row + 13, root.bytes, LEAF_SIZE);
    at = pages_search(&plant->pages, row, sizeof row, 0);
    return at != SIZE_MAX && aim(plant, at + 13, LEAF_SIZE);
}

static size_t any_row(struct plant *plant, size_t *ret_size)
{
    const struct sg_store_log *log = any_log(plant, 1);
    uint8_t bytes[SG_ROW_LOG_MAX];

    if (log == NULL || !load_pages(plant, "log/data.mdb")) {
        return SIZE_MAX;
    }
    plant->log = log->number;
    plant->has_place = true;
    *ret_size = sg_row_log_encode(&log->row, bytes);
    return pages_search(&plant->pages, bytes, *ret_size, 0);
}

/* But for the number of its last change: of the log that changed last any
 * number that is large enough is right. */
static bool plant_log_row(struct plant *plant)
{
    size_t size = 0, at = any_row(plant, &size);
    do {
        if (at == SIZE_MAX || !aim(plant, at, size)) {
            return false;
        }
    } while (plant->at >= at + ROW_CHANGE && plant->at < at + ROW_KNOWN);
    return true;
}

static bool plant_checkpoint(struct plant *plant)
{
    size_t size = 0, at = any_row(plant, &size);
    return at != SIZE_MAX &&
           aim(plant, at + ROW_KNOWN, ROW_FRONTIER - ROW_KNOWN);
}

static bool plant_frontier(struct plant *plant)
{
    size_t size = 0, at = any_row(plant, &size);
    return at != SIZE_MAX && aim(plant, at + ROW_FRONTIER, size - ROW_FRONTIER);
}

/* --- Rows that lead to rows ----------------------------------------------- */

/* Gives any row whose key and value have these sizes; 0: any key, and any value
 * but none. */
static bool any_of(struct plant *plant, size_t key_size, size_t value_size,
                   struct pages_row *ret)
{
    struct pages_row row;
    uint64_t seen = 0;
    size_t i;
    for (i = 0; pages_row(&plant->pages, i, &row); i++) {
        if ((key_size == 0 || row.key_size == key_size) &&
            (value_size == 0 ? row.value_size > 0
                             : row.value_size == value_size) &&
            sg_prng_below(&plant->prng, ++seen) == 0) {
            *ret = row;
        }
    }
    return seen > 0;
}

/* No other database has keys of 12 bytes and values of 8. */
static bool plant_extent(struct plant *plant)
{
    struct pages_row row;
    if (!load_pages(plant, "log/data.mdb") || !any_of(plant, 12, 8, &row)) {
        return false;
    }
    plant->log = sg_bytes_get_u32be(plant->bytes + row.key);
    plant->index = sg_bytes_get_u64be(plant->bytes + row.key + 4);
    plant->has_place = true;
    return aim(plant, row.value, row.value_size);
}

/* No other has keys of 33 bytes. */
static bool plant_log_id(struct plant *plant)
{
    struct pages_row row;
    if (!load_pages(plant, "log/data.mdb") || !any_of(plant, 33, 4, &row)) {
        return false;
    }
    plant->log = sg_bytes_get_u32be(plant->bytes + row.value);
    plant->has_place = true;
    return aim(plant, row.key, row.key_size + row.value_size);
}

static bool plant_view_row(struct plant *plant)
{
    struct pages_row row;
    return load_pages(plant, "view/data.mdb") && any_of(plant, 0, 0, &row) &&
           aim(plant, row.value, row.value_size);
}

/* --- Pages and files ------------------------------------------------------ */

/* What LMDB believes of a page: number, kind, bounds. */
static bool plant_page(struct plant *plant)
{
    static const uint8_t believed[] = {0, 1,  2,  3,  4,  5,  6,
                                       7, 10, 11, 12, 13, 14, 15};
    size_t number, tries;
    if (!load_pages(plant, "log/data.mdb")) {
        return false;
    }
    for (tries = 0; tries < 64 * plant->pages.count; tries++) {
        number = (size_t)sg_prng_below(&plant->prng, plant->pages.count);
        if (plant->pages.kinds[number] == PAGES_BRANCH ||
            plant->pages.kinds[number] == PAGES_LEAF) {
            return aim(
                plant,
                number * PAGES_SIZE +
                    believed[sg_prng_below(&plant->prng, sizeof believed)],
                1);
        }
    }
    return false;
}

static bool plant_truncated(struct plant *plant)
{
    if (!load_pages(plant, "log/data.mdb")) {
        return false;
    }
    plant->is_cut = true;
    return aim(plant, 0, (plant->pages.count - 1) * PAGES_SIZE);
}

/* A slot that is written. */
static bool plant_highwater(struct plant *plant)
{
    size_t slot = (size_t)sg_prng_below(&plant->prng, 2), at;
    unsigned tries;
    struct sg_highwater read;

    if (!load(plant, "highwater")) {
        return false;
    }
    for (tries = 0; tries < 2; tries++, slot = 1 - slot) {
        at = slot * SG_HIGHWATER_STRIDE;
        if (plant->size >= at + SG_HIGHWATER_SLOT_SIZE &&
            sg_highwater_decode(plant->bytes + at, &read) == SG_OK) {
            return aim(plant, at, SG_HIGHWATER_SLOT_SIZE);
        }
    }
    return false;
}

/* One of the key files. */
static bool plant_key(struct plant *plant)
{
    char path[PATH_SIZE], chosen[512] = "";
    struct dirent *item;
    uint64_t seen = 0;
    DIR *folder;

    (void)snprintf(path, sizeof path, "%s/keys", plant->dir);
    folder = opendir(path);
    while (folder != NULL && (item = readdir(folder)) != NULL) {
        if (item->d_name[0] != '.' &&
            sg_prng_below(&plant->prng, ++seen) == 0) {
            (void)snprintf(chosen, sizeof chosen, "keys/%s", item->d_name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return seen > 0 && load(plant, chosen) && aim(plant, 0, plant->size);
}

static bool plant_certificate(struct plant *plant)
{
    return load(plant, "certificate") && aim(plant, 0, plant->size);
}

static const struct {
    const char *name;
    plant_fn *fn;
} kinds[] = {
    {"payload", plant_payload},
    {"leaf", plant_leaf},
    {"head", plant_head},
    {"node", plant_node},
    {"frontier", plant_frontier},
    {"checkpoint", plant_checkpoint},
    {"log-row", plant_log_row},
    {"extent", plant_extent},
    {"log-id", plant_log_id},
    {"page", plant_page},
    {"truncated", plant_truncated},
    {"highwater", plant_highwater},
    {"key", plant_key},
    {"certificate", plant_certificate},
    {"view-row", plant_view_row},
};

#define N_KINDS (sizeof kinds / sizeof kinds[0])

/* --- The program ---------------------------------------------------------- */

static enum sg_err see_log(void *context, const struct sg_store_log *log)
{
    struct plant *plant = context;
    if (log->row.frontier.size > 0 && plant->log_count < LOGS_MAX) {
        plant->logs[plant->log_count++] = *log;
    }
    return SG_OK;
}

static int usage(void)
{
    (void)fputs("usage: plant --kind KIND [--seed N] DIR | plant --kinds\n",
                stderr);
    return 2;
}

static int list(void)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        (void)puts(kinds[i].name);
    }
    return 0;
}

static void show(const struct plant *plant)
{
    (void)printf("{\"kind\":\"%s\",\"file\":\"%s\",\"byte\":%zu,\"bit\":%u",
                 plant->kind, plant->file, plant->at, plant->bit);
    if (plant->has_place) {
        (void)printf(",\"log\":%" PRIu32 ",\"index\":%" PRIu64, plant->log,
                     plant->index);
    }
    (void)puts("}");
}

static int run(struct plant *plant)
{
    bool is_found = false;
    enum sg_err err = sg_store_open_beside(plant->dir, &plant->store);

    if (err == SG_OK) {
        err = sg_store_each(plant->store, see_log, plant);
    }
    if (err != SG_OK) {
        (void)fprintf(stderr, "plant: %s: %s\n", plant->dir, sg_err_name(err));
        return 2;
    }
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kinds[i].name, plant->kind) == 0) {
            is_found = kinds[i].fn(plant);
        }
    }
    sg_store_close(plant->store);
    if (!is_found) {
        (void)fprintf(stderr, "plant: nothing of this kind in %s\n",
                      plant->dir);
        return 1;
    }
    if (!write_back(plant)) {
        perror(plant->file);
        return 2;
    }
    show(plant);
    return 0;
}

static bool is_kind(const char *name)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct plant plant = {.kind = ""};
    uint64_t seed = 1;
    int code;

    if (argc == 2 && strcmp(argv[1], "--kinds") == 0) {
        return list();
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--kind") == 0 && i + 1 < argc) {
            plant.kind = argv[++i];
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            i++;
            if (sg_text_decimal_decode(sg_bytes(argv[i], strlen(argv[i])),
                                       &seed) != SG_OK) {
                return usage();
            }
        } else if (argv[i][0] != '-' && plant.dir == NULL) {
            plant.dir = argv[i];
        } else {
            return usage();
        }
    }
    if (plant.dir == NULL || !is_kind(plant.kind) ||
        sg_crypto_init() != SG_OK) {
        return usage();
    }
    sg_prng_init(&plant.prng, seed);
    plant.logs = sg_calloc(LOGS_MAX, sizeof *plant.logs);
    plant.fetch = sg_calloc(1, sizeof *plant.fetch);
    if (plant.logs == NULL || plant.fetch == NULL) {
        return 2;
    }
    sg_fetch_init(plant.fetch, SG_PAYLOAD_SIZE_MAX);
    code = run(&plant);
    sg_fetch_clear(plant.fetch);
    sg_free(plant.fetch);
    sg_free(plant.logs);
    sg_free(plant.pages.kinds);
    sg_free(plant.bytes);
    return code;
}
