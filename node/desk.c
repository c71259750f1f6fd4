#include "node/desk.h"

#include <string.h>

#include "node/desk_flight.h"
#include "storage/base/alloc.h"
#include "storage/base/check.h"
#include "storage/base/clock.h"

/* --- Papers ---------------------------------------------------------------
 */

static void row_clear(struct sg_desk_row *row)
{
    while (row->first != NULL) {
        struct sg_desk_paper *paper = row->first;

        row->first = paper->next;
        sg_desk_paper_free(paper);
    }
    sg_desk_row_init(row);
}

struct sg_desk_paper *sg_desk_paper_new(struct sg_bytes inner)
{
    struct sg_desk_paper *paper = sg_calloc(1, sizeof *paper + inner.size);

    if (paper == NULL)
        return NULL;
    paper->size = inner.size;
    if (inner.size > 0)
        memcpy(paper->inner, inner.data, inner.size);
    return paper;
}

void sg_desk_paper_free(struct sg_desk_paper *paper)
{
    if (paper == NULL)
        return;
    sg_crypto_wipe(paper->inner, paper->size);
    sg_free(paper);
}

/* --- Answering; the lock is held ------------------------------------------
 */

static void answer(struct sg_desk *desk, struct sg_desk_paper *paper)
{
    desk->counts.kept += paper->answer == SG_DESK_KEPT;
    desk->counts.again += paper->answer == SG_DESK_KEPT_BEFORE;
    desk->counts.refused +=
        paper->answer == SG_DESK_REFUSED || paper->answer == SG_DESK_USED;
    SG_ASSERT(desk->counts.waiting > 0);
    desk->counts.waiting--;
    sg_desk_row_put(&desk->answered, paper);
}

static void answer_kept(struct sg_desk *desk, struct sg_desk_row *row,
                        enum sg_desk_answer kept,
                        const struct sg_checkpoint *checkpoint)
{
    struct sg_desk_paper *paper;

    while ((paper = row->first) != NULL) {
        row->first = paper->next;
        SG_ASSERT(paper->index < checkpoint->size);
        paper->answer = kept;
        paper->checkpoint = *checkpoint;
        answer(desk, paper);
    }
    sg_desk_row_init(row);
}

static void rest(struct sg_desk *desk, struct sg_desk_flight *flight)
{
    sg_buf_truncate(&flight->payloads, 0);
    sg_desk_row_init(&flight->papers);
    sg_desk_row_init(&flight->again);
    flight->count = 0;
    flight->next = desk->free;
    desk->free = flight;
}

/* Says whether the desk's thread has something to do: who is woken for nothing
 * takes the processor from the keeper. */
static bool has_work(const struct sg_desk *desk)
{
    return desk->failed != NULL ||
           (desk->waiting.first != NULL && desk->free != NULL);
}

void sg_desk_settle(struct sg_desk *desk, const struct sg_keeper_job *job)
{
    struct sg_desk_flight *flight = job->append.owner;
    bool is_wanted;

    (void)pthread_mutex_lock(&desk->lock);
    SG_ASSERT(desk->n_flying > 0);
    desk->n_flying--;
    if (desk->newest == flight)
        desk->newest = NULL;
    flight->err = job->err;
    if (job->err == SG_OK) {
        answer_kept(desk, &flight->papers, SG_DESK_KEPT, &job->own.row.known);
        answer_kept(desk, &flight->again, SG_DESK_KEPT_BEFORE,
                    &job->own.row.known);
        rest(desk, flight);
    } else {
        flight->next = NULL;
        *desk->failed_last = flight;
        desk->failed_last = &flight->next;
    }
    is_wanted = has_work(desk);
    (void)pthread_mutex_unlock(&desk->lock);
    if (is_wanted)
        (void)pthread_cond_signal(&desk->changed);
}

/* --- What is not kept; the desk's thread ----------------------------------
 */

/* Where the log really ends. What is still with the keeper was sealed for
 * places behind the one that failed and fails as well. */
static void correct(struct sg_desk *desk, const struct sg_desk_flight *flight)
{
    struct sg_store_log log;

    if (flight->round != desk->round)
        return;
    desk->round++;
    sg_write_key_drop(desk->keys, flight->first);
    if (sg_store_get(desk->config.store, desk->log.number, &log) == SG_OK)
        desk->next = log.row.known.size;
}

/* Takes FLIGHT back from the keeper: papers that only came to the wrong place
 * go to the head of those that wait, before all that came later. */
static void take_back(struct sg_desk *desk, struct sg_desk_flight *flight)
{
    struct sg_desk_row rows;
    struct sg_desk_paper *paper;

    correct(desk, flight);
    sg_desk_row_init(&rows);
    (void)pthread_mutex_lock(&desk->lock);
    while ((paper = flight->papers.first) != NULL) {
        flight->papers.first = paper->next;
        sg_filed_drop(desk->filed, &paper->submit);
        if (flight->err == SG_ERR_STATE) {
            sg_desk_row_put(&rows, paper);
            continue;
        }
        paper->answer =
            flight->err == SG_ERR_FULL ? SG_DESK_FULL : SG_DESK_UNABLE;
        paper->err = flight->err;
        answer(desk, paper);
    }
    sg_desk_row_init(&flight->papers);
    sg_desk_row_move(&flight->again, &rows);
    sg_desk_row_move(&desk->waiting, &rows);
    sg_desk_row_move(&rows, &desk->waiting);
    rest(desk, flight);
    (void)pthread_mutex_unlock(&desk->lock);
}

/* --- A round of papers ----------------------------------------------------
 */

/* Nobody can be served now. */
static void turn_away(struct sg_desk_sorting *sorting,
                      struct sg_desk_row *papers, enum sg_err err)
{
    for (struct sg_desk_paper *paper = papers->first; paper != NULL;
         paper = paper->next) {
        paper->answer = SG_DESK_UNABLE;
        paper->err = err;
    }
    sg_desk_row_move(papers, &sorting->answered);
}

/* Says whether there is one paper, and nothing to do until it is durable. */
static bool is_alone(const struct sg_desk *desk,
                     const struct sg_desk_sorting *sorting)
{
    return sorting->flight->papers.first->next == NULL &&
           sorting->answered.first == NULL && sorting->again.first == NULL &&
           desk->waiting.first == NULL && desk->failed == NULL;
}

/* Gives the flight to the keeper; a flight without papers was for nothing. */
static enum sg_err send_off(struct sg_desk *desk,
                            const struct sg_desk_sorting *sorting)
{
    struct sg_desk_flight *flight = sorting->flight;
    bool is_single;
    const struct sg_keeper_append append = {
        .number = desk->log.number,
        .first = flight->first,
        .entries = flight->entries,
        .count = flight->count,
        .owner = flight,
    };

    if (flight->papers.first == NULL) {
        sg_write_key_drop(desk->keys, flight->first);
        return SG_ERR_NOTFOUND;
    }
    desk->next += flight->count;
    (void)pthread_mutex_lock(&desk->lock);
    desk->n_flying++;
    desk->newest = flight;
    is_single = is_alone(desk, sorting);
    (void)pthread_mutex_unlock(&desk->lock);
    return is_single ? sg_keeper_append_here(desk->config.keeper, &append)
                     : sg_keeper_append(desk->config.keeper, &append);
}

/* The keeper had no memory for it: as if he had failed. */
static void never_sent(struct sg_desk *desk, struct sg_desk_flight *flight,
                       enum sg_err err)
{
    const struct sg_keeper_job job = {
        .is_append = true, .append = {.owner = flight}, .err = err};

    sg_desk_settle(desk, &job);
}

/* Those that are on the disk already, or on their way there. Where something
 * failed meanwhile, they are looked at again after it was taken back. */
static void answer_again(struct sg_desk *desk, struct sg_desk_row *again)
{
    struct sg_store_log log;

    if (desk->failed != NULL ||
        sg_store_get(desk->config.store, desk->log.number, &log) != SG_OK) {
        sg_desk_row_move(again, &desk->waiting);
        return;
    }
    if (desk->newest != NULL)
        sg_desk_row_move(again, &desk->newest->again);
    else
        answer_kept(desk, again, SG_DESK_KEPT_BEFORE, &log.row.known);
}

static void serve(struct sg_desk *desk, struct sg_desk_row *papers,
                  struct sg_desk_sorting *sorting)
{
    struct sg_desk_flight *flight = sorting->flight;
    struct sg_desk_paper *paper;
    enum sg_err err = desk->err;

    sg_desk_row_init(&sorting->answered);
    sg_desk_row_init(&sorting->again);
    flight->first = desk->next;
    flight->round = desk->round;
    if (err == SG_OK && !desk->has_judge)
        err = SG_ERR_STATE;
    if (err != SG_OK)
        turn_away(sorting, papers, err);
    while ((paper = papers->first) != NULL) {
        papers->first = paper->next;
        sg_desk_sort(desk, sorting, paper);
    }
    sg_crypto_wipe(desk->body.data, desk->body.size);
    err = send_off(desk, sorting);
    (void)pthread_mutex_lock(&desk->lock);
    while ((paper = sorting->answered.first) != NULL) {
        sorting->answered.first = paper->next;
        answer(desk, paper);
    }
    answer_again(desk, &sorting->again);
    if (err == SG_ERR_NOTFOUND)
        rest(desk, flight);
    (void)pthread_mutex_unlock(&desk->lock);
    if (err != SG_OK && err != SG_ERR_NOTFOUND)
        never_sent(desk, flight, err);
}

/* --- The thread -----------------------------------------------------------
 */

/* Takes papers off those that wait; the lock is held. */
static void take_papers(struct sg_desk *desk, struct sg_desk_row *papers)
{
    size_t count = 0, size = 0;

    sg_desk_row_init(papers);
    while (desk->waiting.first != NULL && count < SG_DESK_FLIGHT_MAX &&
           size < SG_DESK_FLIGHT_SIZE) {
        struct sg_desk_paper *paper = desk->waiting.first;

        desk->waiting.first = paper->next;
        if (paper->next == NULL)
            desk->waiting.last = &desk->waiting.first;
        sg_desk_row_put(papers, paper);
        size += paper->size;
        count++;
    }
}

/* Says that papers are answered, where some are: most are when the keeper is
 * done, who says so himself. The lock is held before and after. */
static void tell(struct sg_desk *desk)
{
    if (desk->answered.first == NULL)
        return;
    (void)pthread_mutex_unlock(&desk->lock);
    desk->config.wake(desk->config.context);
    (void)pthread_mutex_lock(&desk->lock);
}

/* Serves those that wait; the lock is held before and after. */
static void turn(struct sg_desk *desk)
{
    struct sg_desk_flight *flight = desk->free;
    struct sg_desk_sorting sorting = {
        .flight = flight,
    };
    struct sg_desk_row papers;

    SG_ASSERT(flight != NULL);
    desk->free = flight->next;
    desk->is_stale = desk->is_told;
    take_papers(desk, &papers);
    (void)pthread_mutex_unlock(&desk->lock);
    if (desk->is_stale &&
        (!desk->has_judge ||
         sg_clock_mono().ms - desk->judged_ms >= SG_DESK_JUDGE_MS))
        sg_desk_sort_anew(desk);
    sorting.trust = sg_desk_sort_clock(desk);
    serve(desk, &papers, &sorting);
    (void)pthread_mutex_lock(&desk->lock);
    tell(desk);
}

static void take_back_one(struct sg_desk *desk)
{
    struct sg_desk_flight *flight = desk->failed;

    desk->failed = flight->next;
    if (desk->failed == NULL)
        desk->failed_last = &desk->failed;
    (void)pthread_mutex_unlock(&desk->lock);
    take_back(desk, flight);
    (void)pthread_mutex_lock(&desk->lock);
    tell(desk);
}

/* Recalls what the own log has. */
static enum sg_err begin(struct sg_desk *desk)
{
    enum sg_err err;

    if (desk->config.scope == NULL)
        return SG_ERR_NOTFOUND;
    desk->next = desk->log.row.known.size;
    err = sg_filed_load(desk->filed, desk->config.store, &desk->log, desk->next,
                        desk->unseal, &desk->hlc);
    return err == SG_OK
               ? sg_write_key_load(desk->keys, desk->next, SG_FILED_COUNT)
               : err;
}

static void *run(void *context)
{
    struct sg_desk *desk = context;

    desk->err = begin(desk);
    (void)pthread_mutex_lock(&desk->lock);
    while (!desk->is_stopping) {
        if (desk->failed != NULL)
            take_back_one(desk);
        else if (desk->waiting.first != NULL && desk->free != NULL)
            turn(desk);
        else
            (void)pthread_cond_wait(&desk->changed, &desk->lock);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return NULL;
}

/* --- Life, and the loop's thread ------------------------------------------
 */

static enum sg_err make_parts(struct sg_desk *desk)
{
    struct sg_store *store = desk->config.store;
    enum sg_err err =
        sg_store_get(store, sg_store_own(store, 0)->number, &desk->log);

    if (err == SG_OK && desk->config.scope != NULL)
        err = sg_write_key_new(store, desk->config.scope, desk->log.number,
                               &desk->log.id, &desk->keys);
    if (err == SG_OK)
        err = sg_readers_new(&desk->readers);
    if (err == SG_OK)
        err = sg_gazette_new(store, &desk->gazette);
    if (err == SG_OK)
        err = sg_filed_new(&desk->filed);
    if (err == SG_OK)
        err = sg_unseal_new(store, desk->config.scope, &desk->unseal);
    if (err == SG_OK)
        err = sg_seal_sealer_new(&desk->sealer);
    /* All at once: records are secrets, and what moves is not wiped. */
    if (err == SG_OK)
        err = sg_buf_reserve(&desk->body, SG_RECORD_SIZE_MAX);
    for (unsigned i = 0; i < SG_DESK_FLIGHTS_MAX && err == SG_OK; i++) {
        struct sg_desk_flight *flight = sg_calloc(1, sizeof *flight);

        if (flight == NULL)
            return SG_ERR_NOMEM;
        desk->flights[i] = flight;
        sg_buf_init(&flight->payloads, SG_DESK_PAYLOADS_MAX);
        sg_desk_row_init(&flight->papers);
        sg_desk_row_init(&flight->again);
        rest(desk, flight);
        err = sg_buf_reserve(&flight->payloads, SG_DESK_PAYLOADS_MAX);
    }
    return err;
}

enum sg_err sg_desk_new(const struct sg_desk_config *config,
                        struct sg_desk **ret_desk)
{
    struct sg_desk *desk = sg_calloc(1, sizeof *desk);
    enum sg_err err;

    if (desk == NULL)
        return SG_ERR_NOMEM;
    desk->config = *config;
    desk->has_stopped = true;
    desk->is_told = true;
    sg_desk_row_init(&desk->waiting);
    sg_desk_row_init(&desk->answered);
    desk->failed_last = &desk->failed;
    sg_buf_init(&desk->body, SG_RECORD_SIZE_MAX);
    (void)pthread_mutex_init(&desk->lock, NULL);
    (void)pthread_cond_init(&desk->changed, NULL);
    err = make_parts(desk);
    if (err == SG_OK && pthread_create(&desk->thread, NULL, run, desk) != 0)
        err = SG_ERR_NOMEM;
    if (err != SG_OK) {
        sg_desk_free(desk);
        return err;
    }
    desk->has_stopped = false;
    *ret_desk = desk;
    return SG_OK;
}

void sg_desk_stop(struct sg_desk *desk)
{
    if (desk == NULL || desk->has_stopped)
        return;
    (void)pthread_mutex_lock(&desk->lock);
    desk->is_stopping = true;
    (void)pthread_cond_signal(&desk->changed);
    (void)pthread_mutex_unlock(&desk->lock);
    (void)pthread_join(desk->thread, NULL);
    desk->has_stopped = true;
}

static void flight_free(struct sg_desk_flight *flight)
{
    if (flight == NULL)
        return;
    row_clear(&flight->papers);
    row_clear(&flight->again);
    sg_buf_clear(&flight->payloads);
    sg_free(flight);
}

void sg_desk_free(struct sg_desk *desk)
{
    if (desk == NULL)
        return;
    SG_ASSERT(desk->has_stopped);
    for (unsigned i = 0; i < SG_DESK_FLIGHTS_MAX; i++)
        flight_free(desk->flights[i]);
    row_clear(&desk->waiting);
    row_clear(&desk->answered);
    sg_buf_wipe(&desk->body);
    sg_seal_sealer_free(desk->sealer);
    sg_unseal_free(desk->unseal);
    sg_filed_free(desk->filed);
    sg_gazette_free(desk->gazette);
    sg_readers_free(desk->readers);
    sg_write_key_free(desk->keys);
    (void)pthread_cond_destroy(&desk->changed);
    (void)pthread_mutex_destroy(&desk->lock);
    sg_free(desk);
}

/* Takes the COUNT papers of ROW where no more than MAX wait then. */
static enum sg_err put(struct sg_desk *desk, struct sg_desk_row *row,
                       size_t count, size_t max)
{
    enum sg_err err = SG_OK;
    bool is_wanted = false;

    (void)pthread_mutex_lock(&desk->lock);
    if (desk->counts.waiting + count > max) {
        err = SG_ERR_LIMIT;
    } else {
        desk->counts.waiting += count;
        sg_desk_row_move(row, &desk->waiting);
        is_wanted = has_work(desk);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    /* After the lock: who is woken within it only waits for it. */
    if (is_wanted)
        (void)pthread_cond_signal(&desk->changed);
    return err;
}

enum sg_err sg_desk_put(struct sg_desk *desk, struct sg_desk_paper *paper)
{
    struct sg_desk_row row;

    sg_desk_row_init(&row);
    sg_desk_row_put(&row, paper);
    return put(desk, &row, 1, SG_DESK_WAITING_MAX);
}

enum sg_err sg_desk_put_all(struct sg_desk *desk, struct sg_desk_paper *papers)
{
    struct sg_desk_row row = {.first = papers, .last = &row.first};
    size_t count = 0;

    for (; *row.last != NULL; row.last = &(*row.last)->next)
        count++;
    return put(desk, &row, count, SG_DESK_WAITING_MAX - SG_DESK_WAITING_SPARE);
}

void sg_desk_judge(struct sg_desk *desk, uint64_t position, uint64_t floor_ms)
{
    (void)pthread_mutex_lock(&desk->lock);
    desk->is_told = true;
    desk->told_position = position;
    desk->told_floor_ms = floor_ms;
    (void)pthread_mutex_unlock(&desk->lock);
}

uint64_t sg_desk_floor(struct sg_desk *desk)
{
    uint64_t ms;

    (void)pthread_mutex_lock(&desk->lock);
    ms = desk->known_floor_ms > desk->told_floor_ms ? desk->known_floor_ms
                                                    : desk->told_floor_ms;
    (void)pthread_mutex_unlock(&desk->lock);
    return ms;
}

struct sg_desk_paper *sg_desk_take(struct sg_desk *desk)
{
    struct sg_desk_paper *papers;

    (void)pthread_mutex_lock(&desk->lock);
    papers = desk->answered.first;
    sg_desk_row_init(&desk->answered);
    (void)pthread_mutex_unlock(&desk->lock);
    return papers;
}

void sg_desk_count(struct sg_desk *desk, struct sg_desk_counts *ret_counts)
{
    (void)pthread_mutex_lock(&desk->lock);
    *ret_counts = desk->counts;
    (void)pthread_mutex_unlock(&desk->lock);
}
