#include "tests/fault/disk.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define SECTOR      512u
#define NODES_MAX   64
#define PENDING_MAX 16384
#define NAMES_MAX   16
#define NAME_MAX_   64

struct name {
    char text[NAME_MAX_];
    uint64_t file;
};

/* The names of a folder; a value. */
struct names {
    size_t count;
    struct name list[NAMES_MAX];
};

/* A file or a folder: what is durable, and what is on its way. */
struct node {
    uint64_t id;
    bool folder;
    uint8_t *data;
    size_t size;
    size_t capacity;
    struct names names;
    size_t pending_count;
    size_t pending_max;
    const struct fault_event **pending;
};

struct disk {
    const struct fault_record *record;
    uint64_t event;
    uint64_t at; /* byte in the record */
    uint64_t top;
    const struct fault_event *mark;
    size_t node_count;
    struct node nodes[NODES_MAX];
    uint8_t *scratch; /* of an image's file */
    size_t scratch_size;
};

static void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static const char *name_of(const struct fault_event *event)
{
    return (const char *)(event + 1);
}

static const uint8_t *data_of(const struct fault_event *event)
{
    return (const uint8_t *)(event + 1) + event->name;
}

static const struct node *find(const struct disk *disk, uint64_t id)
{
    size_t i;
    for (i = disk->node_count; i-- > 0;) { /* inode numbers come again */
        if (disk->nodes[i].id == id) {
            return &disk->nodes[i];
        }
    }
    return NULL;
}

static struct node *make(struct disk *disk, uint64_t id, bool folder)
{
    struct node *node;
    SG_ASSERT(disk->node_count < NODES_MAX);
    node = &disk->nodes[disk->node_count++];
    memset(node, 0, sizeof *node);
    node->id = id;
    node->folder = folder;
    return node;
}

/* A file that was there before the record began: the folder around the store,
 * and nothing else. */
static struct node *find_or_make(struct disk *disk, uint64_t id)
{
    struct node *node = (struct node *)(uintptr_t)find(disk, id);
    return node != NULL ? node : make(disk, id, true);
}

/* --- Contents ------------------------------------------------------------- */

static void grow(uint8_t **data, size_t *capacity, size_t size)
{
    if (*data == NULL || size > *capacity) {
        size_t wanted = size * 2 + SECTOR;
        *data = sg_realloc(*data, wanted);
        if (*data == NULL) {
            give_up("memory");
        }
        *capacity = wanted;
    }
}

static void put(uint8_t **data, size_t *size, size_t *capacity, size_t at,
                const uint8_t *from, size_t count)
{
    grow(data, capacity, at + count);
    if (at > *size) {
        memset(*data + *size, 0, at - *size);
    }
    if (count > 0) {
        memcpy(*data + at, from, count);
    }
    if (at + count > *size) {
        *size = at + count;
    }
}

static void resize(uint8_t **data, size_t *size, size_t *capacity, size_t to)
{
    grow(data, capacity, to);
    if (to > *size) {
        memset(*data + *size, 0, to - *size);
    }
    *size = to;
}

static void name_del(struct names *names, const char *text, size_t size)
{
    size_t i;
    for (i = 0; i < names->count; i++) {
        if (strlen(names->list[i].text) == size &&
            memcmp(names->list[i].text, text, size) == 0) {
            names->list[i] = names->list[--names->count];
            return;
        }
    }
}

static void name_put(struct names *names, const char *text, size_t size,
                     uint64_t file)
{
    struct name *name;
    name_del(names, text, size);
    SG_ASSERT(names->count < NAMES_MAX && size < NAME_MAX_);
    name = &names->list[names->count++];
    memset(name, 0, sizeof *name);
    memcpy(name->text, text, size);
    name->file = file;
}

static void apply_name(struct names *names, const struct fault_event *event)
{
    const char *text = name_of(event);
    if (event->op != FAULT_MAKE) {
        name_del(names, text, event->name);
    }
    if (event->op == FAULT_MAKE) {
        name_put(names, text, event->name, event->file);
    }
    if (event->op == FAULT_MOVE) {
        name_put(names, text + event->name, event->data, event->file);
        if (event->file2 != 0) {
            name_put(names, text, event->name, event->file2);
        }
    }
}

/* --- Replaying ------------------------------------------------------------ */

static void postpone(struct node *node, const struct fault_event *event)
{
    if (node->pending_count == node->pending_max) {
        size_t wanted = node->pending_max * 2 + 64;
        node->pending =
            sg_realloc(node->pending, wanted * sizeof *node->pending);
        if (node->pending == NULL) {
            give_up("memory");
        }
        node->pending_max = wanted;
    }
    node->pending[node->pending_count++] = event;
}

static void settle(struct node *node)
{
    size_t i;
    for (i = 0; i < node->pending_count; i++) {
        const struct fault_event *event = node->pending[i];
        if (event->op == FAULT_WRITE) {
            put(&node->data, &node->size, &node->capacity, event->at,
                data_of(event), event->data);
        } else if (event->op == FAULT_SIZE) {
            resize(&node->data, &node->size, &node->capacity, event->at);
        } else {
            apply_name(&node->names, event);
        }
    }
    node->pending_count = 0;
}

static void step(struct disk *disk, const struct fault_event *event)
{
    switch ((enum fault_op)event->op) {
    case FAULT_WRITE:
    case FAULT_SIZE:
        postpone(find_or_make(disk, event->file), event);
        break;
    case FAULT_SYNC:
        settle(find_or_make(disk, event->file));
        break;
    case FAULT_MAKE:
        (void)make(disk, event->file, event->at != 0);
        if (disk->top == 0) {
            disk->top = event->folder;
        }
        postpone(find_or_make(disk, event->folder), event);
        break;
    case FAULT_MOVE:
        SG_ASSERT(event->folder == event->folder2);
        postpone(find_or_make(disk, event->folder), event);
        break;
    case FAULT_DROP:
        postpone(find_or_make(disk, event->folder), event);
        break;
    default:
        disk->mark = event;
    }
}

static const struct fault_event *event_at(const struct fault_record *record,
                                          uint64_t at)
{
    return (const struct fault_event *)(const void *)(record->bytes + at);
}

uint64_t disk_events(const struct fault_record *record)
{
    uint64_t at = 0, count = 0;
    for (; at < record->size; at += event_at(record, at)->size) {
        count++;
    }
    return count;
}

void disk_replay(struct disk *disk, uint64_t event)
{
    SG_ASSERT(event >= disk->event);
    while (disk->event < event && disk->at < disk->record->size) {
        const struct fault_event *next = event_at(disk->record, disk->at);
        step(disk, next);
        disk->at += next->size;
        disk->event++;
    }
}

const void *disk_mark(const struct disk *disk, size_t size)
{
    if (disk->mark == NULL) {
        return NULL;
    }
    SG_ASSERT(disk->mark->data == size);
    return data_of(disk->mark);
}

struct disk *disk_new(const struct fault_record *record)
{
    struct disk *disk = sg_calloc(1, sizeof *disk);
    if (disk == NULL) {
        give_up("memory");
    }
    disk->record = record;
    return disk;
}

void disk_free(struct disk *disk)
{
    size_t i;
    for (i = 0; i < disk->node_count; i++) {
        sg_free(disk->nodes[i].data);
        sg_free(disk->nodes[i].pending);
    }
    sg_free(disk->scratch);
    sg_free(disk);
}

/* --- Images --------------------------------------------------------------- */

/* Lets some sectors of a write reach the disk. */
static void tear(struct disk *disk, size_t *size, struct sg_prng *prng,
                 const struct fault_event *event, unsigned permille)
{
    size_t from = event->at, end = event->at + event->data;
    while (from < end) {
        size_t to = (from / SECTOR + 1) * SECTOR;
        to = to < end ? to : end;
        if (sg_prng_chance(prng, permille)) {
            put(&disk->scratch, size, &disk->scratch_size, from,
                data_of(event) + (from - event->at), to - from);
        }
        from = to;
    }
}

/* Fills the scratch with what is left of NODE; returns its size. */
static size_t survive(struct disk *disk, const struct node *node,
                      struct sg_prng *prng)
{
    static const unsigned moods[] = {0, 1000, 500, 900, 100};
    unsigned mood = moods[sg_prng_below(prng, 5)];
    size_t size = 0, longest = 0, i;

    put(&disk->scratch, &size, &disk->scratch_size, 0, node->data, node->size);
    for (i = 0; i < node->pending_count; i++) {
        const struct fault_event *event = node->pending[i];
        unsigned kept = event->durable                ? 1000
                        : sg_prng_below(prng, 3) == 0 ? 500
                        : sg_prng_chance(prng, mood)  ? 1000
                                                      : 0;
        if (event->op == FAULT_SIZE && kept > 0) {
            resize(&disk->scratch, &size, &disk->scratch_size, event->at);
        } else if (event->op == FAULT_WRITE) {
            tear(disk, &size, prng, event, kept);
            longest = event->at + event->data > longest
                          ? event->at + event->data
                          : longest;
        }
    }
    if (longest > size && sg_prng_chance(prng, 500)) {
        resize(&disk->scratch, &size, &disk->scratch_size, longest);
    }
    return size;
}

static void write_file(struct disk *disk, const struct node *node,
                       struct sg_prng *prng, const char *path)
{
    size_t size = survive(disk, node, prng);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, disk->scratch, size) != (ssize_t)size) {
        give_up(path);
    }
    (void)close(fd);
}

static void write_folder(struct disk *disk, const struct node *node,
                         struct sg_prng *prng, const char *path)
{
    struct names names = node->names;
    size_t kept = sg_prng_below(prng, node->pending_count + 1), i;

    for (i = 0; i < kept; i++) {
        apply_name(&names, node->pending[i]);
    }
    for (i = 0; i < names.count; i++) {
        const struct node *child = find(disk, names.list[i].file);
        char below[PATH_MAX];
        SG_ASSERT(child != NULL);
        (void)snprintf(below, sizeof below, "%s/%s", path, names.list[i].text);
        if (!child->folder) {
            write_file(disk, child, prng, below);
            continue;
        }
        if (mkdir(below, 0700) != 0) {
            give_up(below);
        }
        write_folder(disk, child, prng, below);
    }
}

void disk_image(const struct disk *disk, struct sg_prng *prng, const char *dir)
{
    const struct node *top = find(disk, disk->top);
    if (top != NULL) {
        write_folder((struct disk *)(uintptr_t)disk, top, prng, dir);
    }
}
