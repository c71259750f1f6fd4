/* The inside of the desk: what desk.c, which has the thread and the queues, and
 * desk_sort.c, which judges and seals, share. Not for anybody else: see desk.h.
 */
#ifndef SG_NODE_DESK_FLIGHT_H
#define SG_NODE_DESK_FLIGHT_H

#include <pthread.h>

#include "node/desk.h"
#include "node/filed.h"
#include "node/gazette.h"
#include "node/readers.h"
#include "node/write_key.h"
#include "storage/log/seal.h"

_Static_assert(SG_DESK_KNOWN == SG_FILED_COUNT, "what the header promises");

/* Flights that are with the keeper: while one is committed the next is sealed.
 * More would only make them smaller. */
#define SG_DESK_FLIGHTS_MAX 2u
/* The papers, and at worst a content key for each. */
#define SG_DESK_ENTRIES_MAX (2 * SG_DESK_FLIGHT_MAX)
/* Records, what a seal adds, and what compression may want in between. */
#define SG_DESK_PAYLOADS_MAX                               \
    (SG_DESK_FLIGHT_SIZE + SG_RECORD_SIZE_MAX +            \
     SG_DESK_FLIGHT_MAX * (256u + SG_WRITE_KEY_SIZE_MAX) + \
     2u * SG_PAYLOAD_SIZE_MAX)

_Static_assert(SG_DESK_ENTRIES_MAX <= SG_COMMIT_ENTRIES_MAX,
               "a flight is one append");

/* Papers in a row. */
struct sg_desk_row {
    struct sg_desk_paper *first, **last;
};

/* Papers that are sealed together and become durable together. */
struct sg_desk_flight {
    struct sg_desk_flight *next;
    struct sg_desk_row papers; /* whose entries these are, in their order */
    struct sg_desk_row
        again; /* that are in this flight or an earlier one already */
    uint64_t first;
    uint64_t round;
    enum sg_err err;
    size_t count;
    struct sg_buf payloads;
    struct sg_entry entries[SG_DESK_ENTRIES_MAX];
};

struct sg_desk {
    struct sg_desk_config config;
    pthread_t thread;
    struct sg_desk_flight
        *flights[SG_DESK_FLIGHTS_MAX]; /* all, wherever they are */

    /* The desk thread's own: */
    struct sg_gazette *gazette;
    struct sg_filed *filed;
    struct sg_unseal *unseal;
    struct sg_sealer *sealer;
    struct sg_admission_judge judge;
    bool has_judge;
    bool is_stale;      /* something was said since the judge was made */
    uint64_t judged_ms; /* when he was made, */
    uint64_t position;  /* and by what of the authority */
    uint64_t floor_ms;
    struct sg_store_log log; /* the own log, as it was found */
    struct sg_buf body;      /* a record in clear */
    struct sg_readers *readers;
    struct sg_write_key_ring *keys; /* NULL: there is no scope key */
    uint64_t next;     /* the index that the next entry will have */
    uint64_t round;    /* how often that had to be corrected */
    uint64_t hlc;      /* of the last record */
    uint64_t asked_ms; /* when the system was asked about its clock, */
    bool is_synced;    /* and what it said */
    enum sg_err err;   /* why nothing can be taken */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool is_stopping, has_stopped;
    struct sg_desk_row waiting;
    struct sg_desk_flight *free;   /* flights that are at rest */
    struct sg_desk_flight *newest; /* of those with the keeper */
    unsigned n_flying;
    struct sg_desk_flight *failed, **failed_last;
    struct sg_desk_row answered;
    bool is_told; /* what follows is new */
    uint64_t told_position, told_floor_ms;
    uint64_t known_floor_ms; /* read from the authority's logs */
    struct sg_desk_counts counts;
};

/* What a round of papers comes to. */
struct sg_desk_sorting {
    struct sg_desk_flight *flight;
    struct sg_desk_row answered;
    struct sg_desk_row again; /* of earlier flights */
    enum sg_record_trust trust;
};

static inline void sg_desk_row_init(struct sg_desk_row *row)
{
    row->first = NULL;
    row->last = &row->first;
}

static inline void sg_desk_row_put(struct sg_desk_row *row,
                                   struct sg_desk_paper *paper)
{
    paper->next = NULL;
    *row->last = paper;
    row->last = &paper->next;
}

/* Moves all of FROM to the end of TO. */
static inline void sg_desk_row_move(struct sg_desk_row *from,
                                    struct sg_desk_row *to)
{
    if (from->first == NULL)
        return;
    *to->last = from->first;
    to->last = from->last;
    sg_desk_row_init(from);
}

/* Makes the judge anew by what the authority has said until now; there is none
 * where nothing was heard. Context: the desk's thread. */
void sg_desk_sort_anew(struct sg_desk *desk);

/* Says what the clock is worth above the time floor; the system is asked once a
 * second. Context: the desk's thread. */
enum sg_record_trust sg_desk_sort_clock(struct sg_desk *desk);

/* Judges PAPER and puts it where it belongs: sealed into the flight, to those
 * that were filed before, or to those that are answered. Context: the desk's
 * thread. */
void sg_desk_sort(struct sg_desk *desk, struct sg_desk_sorting *sorting,
                  struct sg_desk_paper *paper);

#endif
