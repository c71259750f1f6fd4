#include "node/reads.h"

#include <string.h>

#include "storage/base/alloc.h"
#include "storage/base/check.h"

#define DAY_MS     UINT64_C(86400000)
#define VIETNAM_MS UINT64_C(25200000) /* 7 hours */
#define SLOTS_MIN  64u

/* Whom one officer was shown on one day: open addressing, a power of two, at
 * most half full; a uid of zeros is a free slot. */
struct shown {
    struct sg_key_id officer;
    uint64_t day;
    uint64_t today; /* without a permit */
    size_t count, capacity;
    struct sg_uid *slots;
};

struct permit {
    struct sg_reads_permit permit; /* persons 0: only heard of */
    uint64_t used;
};

struct sg_reads {
    size_t n_shown, n_permits;
    struct shown shown[SG_READS_OFFICERS_MAX];
    struct permit permits[SG_READS_PERMITS_MAX];
};

enum sg_err sg_reads_new(struct sg_reads **ret_reads)
{
    struct sg_reads *reads = sg_calloc(1, sizeof *reads);

    if (reads == NULL)
        return SG_ERR_NOMEM;
    *ret_reads = reads;
    return SG_OK;
}

void sg_reads_free(struct sg_reads *reads)
{
    if (reads == NULL)
        return;
    for (size_t i = 0; i < reads->n_shown; i++)
        sg_free(reads->shown[i].slots);
    sg_free(reads);
}

static uint64_t day_of(uint64_t ms)
{
    return (ms + VIETNAM_MS) / DAY_MS;
}

uint64_t sg_reads_day_begin(uint64_t ms)
{
    return day_of(ms) * DAY_MS - VIETNAM_MS;
}

/* --- Whom he was shown ----------------------------------------------------
 */

static const struct sg_uid nobody;

/* The slot of UID, or the free one where it would be. Uids are random. */
static struct sg_uid *slot_of(const struct shown *shown,
                              const struct sg_uid *uid)
{
    size_t at = (size_t)sg_bytes_get_u64be(uid->bytes);

    for (;; at++) {
        struct sg_uid *slot = &shown->slots[at & (shown->capacity - 1)];

        if (sg_uid_compare(slot, uid) == 0 ||
            sg_uid_compare(slot, &nobody) == 0)
            return slot;
    }
}

static bool has(const struct shown *shown, const struct sg_uid *uid)
{
    return shown->capacity > 0 && sg_uid_compare(slot_of(shown, uid), uid) == 0;
}

/* Makes room for one more. False: no memory, or too many. */
static bool grow(struct shown *shown)
{
    struct shown larger = *shown;

    if (2 * (shown->count + 1) <= shown->capacity)
        return true;
    larger.capacity = shown->capacity > 0 ? 2 * shown->capacity : SLOTS_MIN;
    if (larger.capacity > 2 * SG_READS_PERSONS_MAX)
        return false;
    larger.slots = sg_calloc(larger.capacity, sizeof larger.slots[0]);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < shown->capacity; i++)
        if (sg_uid_compare(&shown->slots[i], &nobody) != 0)
            *slot_of(&larger, &shown->slots[i]) = shown->slots[i];
    sg_free(shown->slots);
    *shown = larger;
    return true;
}

static const struct shown *find(const struct sg_reads *reads,
                                const struct sg_key_id *officer)
{
    for (size_t i = 0; i < reads->n_shown; i++)
        if (memcmp(&reads->shown[i].officer, officer, sizeof *officer) == 0)
            return &reads->shown[i];
    return NULL;
}

/* The place of OFFICER on DAY; NULL: there is none left today. */
static struct shown *place_of(struct sg_reads *reads,
                              const struct sg_key_id *officer, uint64_t day)
{
    const struct shown *found = find(reads, officer);
    struct shown *shown = NULL;

    if (found != NULL)
        shown = &reads->shown[found - reads->shown];
    else if (reads->n_shown < SG_READS_OFFICERS_MAX)
        shown = &reads->shown[reads->n_shown++];
    for (size_t i = 0; shown == NULL && i < reads->n_shown; i++)
        if (reads->shown[i].day < day)
            shown = &reads->shown[i];
    if (shown == NULL || (found != NULL && shown->day >= day))
        return shown;
    sg_free(shown->slots);
    *shown = (struct shown){.officer = *officer, .day = day};
    return shown;
}

bool sg_reads_is_counted(const struct sg_reads *reads,
                         const struct sg_key_id *officer,
                         const struct sg_uid *uid, uint64_t ms)
{
    const struct shown *shown = find(reads, officer);

    return shown != NULL && shown->day == day_of(ms) && has(shown, uid);
}

uint64_t sg_reads_today(const struct sg_reads *reads,
                        const struct sg_key_id *officer, uint64_t ms)
{
    const struct shown *shown = find(reads, officer);

    return shown != NULL && shown->day == day_of(ms) ? shown->today : 0;
}

/* --- Permits --------------------------------------------------------------
 */

static struct permit *find_permit(struct sg_reads *reads,
                                  const struct sg_ref *ref)
{
    for (size_t i = 0; i < reads->n_permits; i++)
        if (sg_ref_compare(&reads->permits[i].permit.ref, ref) == 0)
            return &reads->permits[i];
    return NULL;
}

/* The place of a permit: a new one takes that of the one that ended first. */
static struct permit *permit_place(struct sg_reads *reads,
                                   const struct sg_ref *ref)
{
    struct permit *permit = find_permit(reads, ref);

    if (permit != NULL)
        return permit;
    if (reads->n_permits < SG_READS_PERMITS_MAX) {
        permit = &reads->permits[reads->n_permits++];
    } else {
        permit = &reads->permits[0];
        for (size_t i = 1; i < reads->n_permits; i++)
            if (reads->permits[i].permit.until_ms < permit->permit.until_ms)
                permit = &reads->permits[i];
    }
    *permit = (struct permit){.permit = {.ref = *ref}};
    return permit;
}

void sg_reads_permit(struct sg_reads *reads,
                     const struct sg_reads_permit *permit)
{
    permit_place(reads, &permit->ref)->permit = *permit;
}

static uint64_t left_of(const struct permit *permit)
{
    return permit->permit.persons > permit->used
               ? permit->permit.persons - permit->used
               : 0;
}

/* Finds the permit by which COUNT more may be shown; of several the one with
 * most left. */
static const struct permit *choose(const struct sg_reads *reads,
                                   const struct sg_reads_asked *asked)
{
    const struct permit *best = NULL;

    for (size_t i = 0; i < reads->n_permits; i++) {
        const struct permit *permit = &reads->permits[i];
        const struct sg_reads_permit *said = &permit->permit;

        if (memcmp(&said->officer, &asked->officer, sizeof said->officer) !=
                0 ||
            said->until_ms <= asked->ms || said->purpose != asked->purpose ||
            !sg_bytes_equal(sg_bytes(said->matter, said->matter_size),
                            asked->matter) ||
            left_of(permit) == 0)
            continue;
        if (best == NULL || left_of(permit) > left_of(best))
            best = permit;
    }
    return best;
}

/* --- Counting -------------------------------------------------------------
 */

void sg_reads_count(struct sg_reads *reads, const struct sg_key_id *officer,
                    const struct sg_uid *uid, uint64_t ms,
                    const struct sg_ref *permit)
{
    struct shown *shown = place_of(reads, officer, day_of(ms));

    if (permit != NULL)
        permit_place(reads, permit)->used++;
    if (shown == NULL || shown->day != day_of(ms))
        return;
    if (has(shown, uid))
        return;
    shown->today += permit == NULL;
    if (!grow(shown))
        return; /* counted all the same; shown again it is counted again */
    *slot_of(shown, uid) = *uid;
    shown->count++;
}

void sg_reads_ask(struct sg_reads *reads, const struct sg_reads_asked *asked,
                  const struct sg_uid *uids, size_t count,
                  struct sg_reads_verdict *ret_verdict)
{
    uint64_t today = sg_reads_today(reads, &asked->officer, asked->ms);
    uint64_t free_left = asked->limit > today ? asked->limit - today : 0;
    const struct permit *permit = choose(reads, asked);
    uint64_t permit_left = permit == NULL ? 0 : left_of(permit);
    size_t n_new = 0;

    for (size_t i = 0; i < count; i++)
        n_new +=
            !sg_reads_is_counted(reads, &asked->officer, &uids[i], asked->ms);
    /* A screen is shown under the limit or under a permit, not half and half:
     * what a permit was used for stays plain. */
    *ret_verdict = (struct sg_reads_verdict){
        .may = n_new <= free_left || n_new <= permit_left,
        .has_permit = n_new > free_left && n_new <= permit_left,
        .left = free_left > permit_left ? free_left : permit_left,
    };
    if (ret_verdict->has_permit)
        ret_verdict->permit = permit->permit.ref;
}
