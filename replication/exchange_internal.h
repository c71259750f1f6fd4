/* What exchange.c, exchange_list.c and exchange_tree.c share; for them alone.
 *
 * A call of the exchange gathers what is to be sent: logs to introduce and
 * questions first, then one last message, which gives the peer the turn. */
#ifndef SG_REPLICATION_EXCHANGE_INTERNAL_H
#define SG_REPLICATION_EXCHANGE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replication/cells.h"
#include "replication/exchange.h"
#include "replication/head_message.h"

/* Logs that one short ref may name; where more begin alike it is asked. */
#define SG_EXCHANGE_GROUP_MAX 64u

/* A set of logs so small that it is named rather than sketched. */
#define SG_EXCHANGE_COMPLETE_MAX 64u

/* What of send_max is for introductions, questions, and one list or walk. */
#define SG_EXCHANGE_INTRODUCE_SHARE(send_max) ((send_max) / 2)
#define SG_EXCHANGE_ASK_SHARE(send_max)       ((send_max) / 8)
#define SG_EXCHANGE_LIST_SHARE(send_max)      ((send_max) / 8 * 3)

struct sg_exchange_room {
    uint8_t body[SG_MESSAGE_SIZE_MAX];
    uint8_t introduced[SG_MESSAGE_SIZE_MAX];
    struct sg_head_cell cells[SG_CELLS_MAX];
    struct sg_cells_work work;
    uint32_t numbers[SG_CELLS_MAX];
    uint32_t asks[SG_ASKS_MAX];
    uint32_t refs[SG_HEADS_MAX];
    struct sg_head_message_claim claims[SG_HEADS_MAX];
};

/* What follows once our questions are answered. */
enum sg_exchange_next {
    SG_EXCHANGE_NOTHING,
    SG_EXCHANGE_TELL_CHANGES, /* own changes, with judge */
    SG_EXCHANGE_TELL_REST,    /* what a complete list lacks, with judge */
    SG_EXCHANGE_TELL_LARGER, /* own claims larger than the peer's, with judge */
    SG_EXCHANGE_JUDGE,       /* compare the judge that came */
    SG_EXCHANGE_END,         /* say that nothing is left */
};

struct sg_exchange {
    struct sg_log_table *table;
    struct sg_exchange_room *room;
    struct sg_claims *claims;
    size_t send_max;
    struct sg_exchange_session session;

    /* The peer has been told of own changes up to this number. */
    bool has_told;
    uint64_t told;

    bool is_open;
    bool root_sent;       /* and not yet answered */
    uint64_t open_change; /* own changes when the exchange was opened */
    bool is_closing;      /* this exchange began with the closing root */
    bool closing_due;     /* claims agreed; the next root is the closing one */
    bool auth_due;        /* the next last message carries the auth tag */
    bool tried_cells;
    unsigned received; /* messages of this exchange */
    unsigned sketches; /* of them those that make us work over all logs */
    /* A question is open: the refs asked, ascending. */
    bool is_asking;
    unsigned asked_width;
    uint32_t asked_count;
    uint32_t *asked;
    enum sg_exchange_next next;
    uint32_t judge[2]; /* that came */

    /* Sketches: how much of ours the peer has, and of which state; the peer's.
     */
    uint32_t cells_sent;
    uint64_t cells_versions[2];
    uint32_t cells_got;
    struct sg_head_cell *cells;

    /* Of one call. */
    const struct sg_exchange_sink *sink;
    struct sg_exchange_report *report;
    size_t budget;        /* bytes that may still be sent */
    size_t introduce_max; /* of them for introductions */
    struct sg_writer introduced;
    uint32_t ask_count;
    uint32_t list_count;
    size_t list_size;
    uint32_t untold[2]; /* what the peer lacks of the judge, for want of room */
};

/* --- exchange.c -------------------------------------------------------- */

/* Sends BODY after what is to be introduced and asked. */
void sg_exchange_send_last(struct sg_exchange *x, enum sg_message_type type,
                           struct sg_bytes body);

/* Gives a writer into the room for the last message. */
void sg_exchange_write_last(struct sg_exchange *x, struct sg_writer *writer);

/* Notes that LOG is to be introduced; false if there is no room. */
bool sg_exchange_introduce(struct sg_exchange *x, const struct sg_log *log);

/* Notes that REF is to be asked. All refs of one call have one width, which
 * goes to sg_exchange_flush. */
void sg_exchange_ask(struct sg_exchange *x, uint32_t ref);

/* Sends what is to be introduced and asked. */
void sg_exchange_flush(struct sg_exchange *x, unsigned width);

/* Ends the exchange by `same`: claims agree. */
void sg_exchange_agree(struct sg_exchange *x);

/* Does NEXT now, or when what was asked is answered. */
void sg_exchange_follow(struct sg_exchange *x, enum sg_exchange_next next);

/* Gives the auth tag for the last message, if it is due. */
struct sg_head_message_auth sg_exchange_auth(struct sg_exchange *x);

/* Gives what this node claims about LOG. */
struct sg_head_message_claim sg_exchange_own(const struct sg_exchange *x,
                                             const struct sg_log *log);

/* Gives the first WIDTH bits of a log id; all 32 are its number. */
uint32_t sg_exchange_short_ref(const struct sg_log_id *id, unsigned width);

/* Says whether the head tree has LOG, which may be NULL. */
bool sg_exchange_knows(const struct sg_log *log);

/* --- exchange_list.c: heads and cells ---------------------------------- */

/* Sends changes since the peer was told last; with judge in an answer. */
void sg_exchange_tell_changes(struct sg_exchange *x, bool has_judge);

/* Sends all that is known, as *complete*. */
void sg_exchange_tell_all(struct sg_exchange *x);

/* Sends what the complete list just received lacks or has smaller. */
void sg_exchange_tell_rest(struct sg_exchange *x);

/* Sends own claims larger than those just received. */
void sg_exchange_tell_larger(struct sg_exchange *x);

/* Sends cells FIRST to TO - 1 of the union map, from 0 if it has changed. */
void sg_exchange_send_cells(struct sg_exchange *x, uint32_t first, uint32_t to);

/* Says how many changes there are to tell, up to MAX. */
uint32_t sg_exchange_changes(const struct sg_exchange *x, uint32_t max);

/* Take the peer's message and answer. */
SG_USE_RESULT enum sg_err sg_exchange_take_heads(struct sg_exchange *x,
                                                 struct sg_bytes body);
SG_USE_RESULT enum sg_err sg_exchange_take_cells(struct sg_exchange *x,
                                                 struct sg_bytes body);

/* --- exchange_tree.c --------------------------------------------------- */

/* Begins the walk of the tree. */
void sg_exchange_tell_tree(struct sg_exchange *x);

SG_USE_RESULT enum sg_err sg_exchange_take_tree(struct sg_exchange *x,
                                                struct sg_bytes body);

#endif
