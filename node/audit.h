/* The audit: writes down who was shown what, who unlocked a key, who let whom
 * read more, in this node's own log of kind audit, before it happens.
 *
 *     note = sg_audit_note_new()
 *     sg_audit_add(audit, note, &entry, officer's key)   one for each person
 *     sg_audit_put(audit, note)
 *     ... the keeper commits; the loop calls sg_audit_settle ...
 *     sg_audit_take(audit)      err OK: it is durable and signed; now show it
 *
 * Whoever is killed between has written down what nobody saw; nobody ever sees
 * what is not written down (DESIGN.md D15; threats.md row 28). Notes that come
 * while one commit is under way go into the next together: a screen full of
 * persons costs the flushes of one.
 *
 * Entries are records of types 64 to 66 (RECORDS.md 7.18), sealed for the home
 * commune and the centre. They are signed with the officer's key when the note
 * is made, for it may be locked when it is written. It does not decide who may
 * read: officers.h and reads.h do. Context: the loop's thread.
 */
#ifndef SG_NODE_AUDIT_H
#define SG_NODE_AUDIT_H

#include "node/keeper.h"
#include "node/roll.h"
#include "storage/log/key_file.h"
#include "storage/registry/record.h"

struct sg_audit;

/* Entries of one note: a screen of persons. */
#define SG_AUDIT_NOTE_MAX 128u
/* Notes that wait; more are not taken. */
#define SG_AUDIT_WAITING_MAX 256u
/* The number of a matter, bytes (RECORDS.md 7.18). */
#define SG_AUDIT_MATTER_MAX 48u

/* What was shown (field `what` of access). */
enum sg_audit_shown {
    SG_AUDIT_PERSON = 1,
    SG_AUDIT_SEARCH,
    SG_AUDIT_LIST,
    SG_AUDIT_EXPORT,
    SG_AUDIT_PRINT,
    SG_AUDIT_PROOF,
};

/* What became of a key (field `what` of session). */
enum sg_audit_key {
    SG_AUDIT_UNLOCKED = 1,
    SG_AUDIT_LOCKED,
    SG_AUDIT_TIMED_OUT,
    SG_AUDIT_FAILED,
};

/* Where it was asked (field `channel`). */
enum sg_audit_channel {
    SG_AUDIT_PAGE = 1,
    SG_AUDIT_CLI,
    SG_AUDIT_API,
};

/* What is written down once. Borrowed for the call of sg_audit_add. */
struct sg_audit_entry {
    enum sg_type type; /* SG_TYPE_ACCESS, _SESSION or _PERMIT */
    struct sg_key_id officer;
    struct sg_unit_key capture; /* where the officer serves */
    unsigned what;              /* of access and session, see above */
    /* Access and permit. */
    unsigned purpose;       /* 1 to 9 */
    struct sg_bytes matter; /* up to SG_AUDIT_MATTER_MAX; may be none */
    uint64_t persons;       /* of a query, and of a permit */
    /* Access. */
    struct sg_uid subject; /* zero: a query that showed nobody */
    struct sg_unit_key home;
    enum sg_audit_channel channel;
    bool has_permit;
    struct sg_ref permit;
    /* Permit. */
    struct sg_key_id permitted;
    uint64_t until_ms;
};

/* Entries on their way together. */
struct sg_audit_note {
    struct sg_audit_note *next;
    void *owner;     /* not looked at here */
    enum sg_err err; /* when it comes back */
    size_t count;
    struct sg_hash last;    /* the record id of the entry added last */
    struct sg_buf payloads; /* of records, without their outer parts */
    size_t ends[SG_AUDIT_NOTE_MAX];
};

/* Gives an empty note; free takes NULL. NULL: no memory. */
struct sg_audit_note *sg_audit_note_new(void);
void sg_audit_note_free(struct sg_audit_note *note);

struct sg_audit_config {
    struct sg_store *store; /* its second own log is the audit */
    struct sg_keeper *keeper;
    const struct sg_key *scope;
    struct sg_roll *roll;      /* says for whom entries are sealed */
    uint8_t node[SG_KEY_SIZE]; /* the node's public key */
};

/* Makes one; reads what the log needs to go on. Borrows: what CONFIG points to.
 * Caller frees, after the keeper; free takes NULL. Errors: NOTFOUND (there is
 * no such log, or no scope key); NOMEM; DAMAGED. */
SG_USE_RESULT enum sg_err sg_audit_new(const struct sg_audit_config *config,
                                       struct sg_audit **ret_audit);
void sg_audit_free(struct sg_audit *audit);

/* Says what new records are to say of the authority, and below which no clock
 * goes. */
void sg_audit_judge(struct sg_audit *audit, uint64_t position,
                    uint64_t floor_ms);

/* Gives the time that the next entry will have, ms: it never goes back. */
uint64_t sg_audit_now(const struct sg_audit *audit);

/* Adds ENTRY to NOTE, signed with KEY; NULL: it is locked. Errors: LIMIT (the
 * note is full), NOMEM, INVALID (it does not fit its type). */
SG_USE_RESULT enum sg_err sg_audit_add(const struct sg_audit *audit,
                                       struct sg_audit_note *note,
                                       const struct sg_audit_entry *entry,
                                       const struct sg_key *key);

/* Takes NOTE, which has an entry at least. Errors: LIMIT (too many wait), and
 * NOTE stays the caller's. */
SG_USE_RESULT enum sg_err sg_audit_put(struct sg_audit *audit,
                                       struct sg_audit_note *note);

/* Takes what the keeper says of an append. False: it was not this log's. */
bool sg_audit_settle(struct sg_audit *audit, const struct sg_keeper_job *job);

/* Gives a note that is durable, or failed: FULL; STATE (the authority has not
 * been heard); CLOSED. NULL: there is none. The caller frees it. */
struct sg_audit_note *sg_audit_take(struct sg_audit *audit);

#endif
