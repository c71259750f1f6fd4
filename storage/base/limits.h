/* Limits: every maximum of the system, by name, with its reason.
 *
 * A bound that a format or a queue has stands here and nowhere else, and each
 * has a test that sees it refuse (SG_ERR_LIMIT unless said otherwise). Sizes
 * are bytes. It is not configuration: what an operator may lower is in the
 * node's settings and never above these.
 */
#ifndef SG_STORAGE_BASE_LIMITS_H
#define SG_STORAGE_BASE_LIMITS_H

#include <stdint.h>

/* Records and entries (FORMAT.md, RECORDS.md) */

/* A record before sealing: a person with all attributes is about 2 KiB. */
#define SG_RECORD_SIZE_MAX 65536
/* A payload as kept: the entry header gives its length up to this. */
#define SG_PAYLOAD_SIZE_MAX 65536
/* Nesting of a msgpack value: records use 4; the rest is room. */
#define SG_MSGPACK_DEPTH_MAX 16
/* Records that one record replaces: a merge of a crowd of conflicts. */
#define SG_PARENTS_MAX 16
/* A name or another short text of a person, UTF-8. */
#define SG_NAME_SIZE_MAX 256
/* Combining characters that follow each other in a text: UAX #15 calls a text
 * with at most 30 safe for streams; no language needs as many. */
#define SG_TEXT_MARKS_MAX 30
/* Days off beyond the weekly rest in one year, and days worked for them: a
 * year has about 20. */
#define SG_CALENDAR_DAYS_MAX 60
/* A legal time limit, in days: the longest is 12 months. */
#define SG_CALENDAR_LIMIT_MAX 3660
/* The text of a card's QR: its seven fields take about 250 bytes. */
#define SG_CARD_QR_SIZE_MAX 1024
/* Scopes that one content key is wrapped for: u8 on disk, 88 bytes each. */
#define SG_WRAPS_MAX 64

/* Logs (FORMAT.md) */

/* Entries of one log that one LMDB transaction commits: three flushes bear
 * thousands of entries as easily as one. */
#define SG_COMMIT_ENTRIES_MAX 4096
/* Time that an entry waits for company in a commit, in milliseconds: an officer
 * does not notice it. */
#define SG_COMMIT_MS_MAX 50
/* Epochs under one certificate: honest machines need one per restored backup,
 * and a thief must not fill the peers' tables with logs. */
#define SG_EPOCHS_MAX 64
/* Branches of one forked log that are kept, the first included: two prove the
 * fork, the rest save what citizens filed; more is an attack. */
#define SG_BRANCHES_MAX 8

/* Signed notes (C2SP signed-note: at least 16 signatures of up to 5 KiB). */
#define SG_NOTE_SIZE_MAX 262144
/* Signature lines of one note: checking them is bounded work. */
#define SG_NOTE_SIGNATURES_MAX 100
/* One signature without its key id: the largest of the post-quantum ones in
 * FIPS 205's small sets is 7,856. */
#define SG_NOTE_SIGNATURE_SIZE_MAX 8192
/* A checkpoint that a witness signs: three lines, and what extensions other
 * logs may add. */
#define SG_COSIGNED_TEXT_SIZE_MAX 4096

/* Store (storage/lmdb) */

/* Map of the log environment at open; sparse, grown by doubling. */
#define SG_MAP_SIZE (UINT64_C(8) << 30)
/* And never beyond: 1 TiB is three times a country of 100 M persons. */
#define SG_MAP_SIZE_MAX (UINT64_C(1) << 40)
/* Free space that ordinary work leaves to revocations, erasures and audits;
 * 5 % of the volume where that is less. */
#define SG_RESERVE_SIZE (UINT64_C(256) << 20)
/* Room written ahead behind the last page: a thousand appends one by one, and
 * little to wait for when it is written. */
#define SG_AHEAD_SIZE (UINT64_C(256) << 10)

/* Replication (PROTOCOL.md) */

/* Entries of one package: one complete subtree of level 8. */
#define SG_PACKAGE_ENTRIES_MAX 256
/* Open wants of one session, each of another log. */
#define SG_WANTS_MAX 256
/* Logs that one `stored` names: a commit's pushes and wants, or a piece of a
 * bundle's. */
#define SG_STORED_MAX 1024
/* Entries that a want or a push has at most to go before bulk: what a few
 * officers write in a minute. */
#define SG_SMALL_ENTRIES_MAX 64
#define SG_SMALL_SIZE_MAX    16384
/* A session without progress while something is owed, and its stage 1: 4,096
 * bytes take 17 s at 2 kbit/s. */
#define SG_PROGRESS_MS_MAX 60000
#define SG_STAGE1_MS_MAX   60000
/* Bytes of packages that a session may send before the first `credit`. */
#define SG_CREDIT_INITIAL 262144
/* A package of one entry at the most: what a credit must have room for. */
#define SG_PACKAGE_ONE_SIZE_MAX 69632
/* What one writer may send before it is the next one's turn. */
#define SG_OUTBOX_QUANTUM 16384
/* Logs that one session has packages of to send: the peer's wants, and as many
 * pushes. */
#define SG_OUTBOX_STREAMS_MAX 512
/* Small messages about logs (cosignatures and the like) that wait. */
#define SG_OUTBOX_NOTES_MAX     256
#define SG_OUTBOX_NOTE_SIZE_MAX 256
/* Messages of priority 0 and of 1 that wait: the largest fits, and answers
 * besides. */
#define SG_OUTBOX_URGENT_SIZE  (SG_MESSAGE_SIZE_MAX / 3)
#define SG_OUTBOX_CONTROL_SIZE (SG_MESSAGE_SIZE_MAX + 65536)
/* Scopes whose payloads a node asks for: a district has its communes. */
#define SG_SUBSCRIBE_SCOPES_MAX 256
/* Forked logs that are named unasked at the start of a session. */
#define SG_FORKED_LOGS_MAX 64
/* A message between peers, whole: a package of common records fits. */
#define SG_MESSAGE_SIZE_MAX 262144
/* A Noise transport message, its tag included (Noise, section 3). */
#define SG_NOISE_SIZE_MAX 65535
/* A message of the handshake: ours have 228 bytes at most, and later minor
 * versions have room. */
#define SG_HANDSHAKE_SIZE_MAX 512
/* Bodies of all messages of stage 1, a direction: they come from somebody who
 * is not judged yet. */
#define SG_STAGE1_SIZE_MAX 4096
/* Memory of a connection whose peer is not authenticated. */
#define SG_PREAUTH_SIZE_MAX 16384
/* A certificate: it is in every handshake, slip and bundle. */
#define SG_CERTIFICATE_SIZE 152
/* Logs that a node knows, closed ones included: 700 districts and the offices
 * above them, with their epochs of many years. */
#define SG_LOGS_MAX 262144
/* Claims in one message about heads, and logs that one session introduces. */
#define SG_HEADS_MAX 16384
/* Short refs in one question for logs. */
#define SG_ASKS_MAX 1024
/* Messages about heads that one exchange may take, each way: a tree walk of 64
 * nibbles, narrow and wide, and room. */
#define SG_EXCHANGE_MESSAGES_MAX 256
/* Of them those that send cells or ask for them, before the tree is walked:
 * each makes us sum over all logs. An honest peer needs 8, or 50 where his
 * queue is small. */
#define SG_EXCHANGE_SKETCHES_MAX 64
/* Cells of one sketch: blocks 0 to 13, good for 10,000 differences. */
#define SG_CELLS_MAX 16383
/* Logs in one list of a tree walk: a longer list is a node. */
#define SG_TREE_LIST_MAX 64
/* Root keys that one `chain` shows: no more fit into stage 1, since the keys,
 * ids and signatures of one rotation alone take 234 bytes. */
#define SG_CHAIN_LINKS_MAX 17
/* Authority logs that one `authority` message lists: epochs and generations of
 * the authority. */
#define SG_AUTHORITY_LISTED_MAX 256
/* Sessions of one node at a time: a district has its neighbours, the centre
 * its 27; memory per peer is taken at creation. */
#define SG_PEERS_MAX 64

/* A file of a bundle: FAT and every tool take so much. */
#define SG_BUNDLE_SIZE_MAX 2147483647u
/* Nodes that one bundle is sealed for: a country's. */
#define SG_BUNDLE_DESTINATIONS_MAX 1024u

/* Units (RECORDS.md 13) */

/* Units of all times: the country has 11,000 communes. */
#define SG_UNITS_MAX 65536
/* Edges from one unit: what an authority's statement may list. */
#define SG_UNIT_EDGES_MAX 64
/* The name of a unit and the act that made it, UTF-8. */
#define SG_UNIT_NAME_SIZE_MAX 96
#define SG_UNIT_ACT_SIZE_MAX  64
/* Edges of all units: most have one, or none. */
#define SG_UNIT_ALL_EDGES_MAX (2 * SG_UNITS_MAX)
/* All texts of a table: every unit and edge with the longest, so that the
 * other limits are met first. */
#define SG_UNIT_TEXTS_SIZE_MAX                                       \
    (SG_UNITS_MAX * (SG_UNIT_NAME_SIZE_MAX + SG_UNIT_ACT_SIZE_MAX) + \
     SG_UNIT_ALL_EDGES_MAX * SG_UNIT_ACT_SIZE_MAX)
/* Acts that move a territory, units and cuts of one: a reform of the whole
 * country moves 700 districts. */
#define SG_REHOMES_MAX      4096
#define SG_REHOME_UNITS_MAX 256
#define SG_REHOME_CUTS_MAX  64

/* The merge (RECORDS.md 13) */

/* Applied records of one subject: who is whose ancestor takes n * n / 8 bytes.
 * Beyond it those with the largest ids are not applied (A15). */
#define SG_SUBJECT_RECORDS_MAX 8192
/* Refs that the handovers of one subject bring in; a further one sets nothing.
 */
#define SG_SUBJECT_HANDED_MAX 8192
/* Persons that decisions link into one, and those that are looked at to find
 * out: of a larger crowd none is linked. */
#define SG_CLUSTER_MEMBERS_MAX 64
#define SG_CLUSTER_SEEN_MAX    1024
/* Persons with one personal number that a conflict names. */
#define SG_PIN_HOLDERS_MAX 64
/* A row: one of a person takes 1 KiB; all records of a subject contend in less
 * than 300. */
#define SG_ROW_SIZE_MAX (1 << 20)

/* The authority's state (RECORDS.md 6) */

/* Statements held: 65,536 officers granted three times, 11,000 communes and
 * their successors. */
#define SG_AUTHORITY_STATEMENTS_MAX (1 << 18)
/* Logs that statements lie in or that a position counts: one for each machine
 * that an authority has ever had; `authority` (PROTOCOL.md 6) lists them all.
 */
#define SG_AUTHORITY_LOGS_MAX 256

/* Cryptography (crypto.h) */

/* A message signed for a purpose: it stands behind its block on the stack. The
 * formats sign ids and short fixed layouts; the longest, a slip, has 234. */
#define SG_SIGN_PURPOSE_SIZE_MAX 4096
/* What one seal holds: a whole backup fits, and the ciphers' own bound of
 * 2^38 - 64 is never met. */
#define SG_SEAL_SIZE_MAX (1 << 30)
/* A passphrase, in bytes: a long sentence in Vietnamese. */
#define SG_PASSPHRASE_SIZE_MAX 1024
/* What a key file may ask of Argon2id before it is refused as INVALID: 16
 * passes over 1 GiB take about 10 s. The least memory is libsodium's. */
#define SG_ARGON2ID_PASSES_MAX     16
#define SG_ARGON2ID_MEMORY_KIB_MIN 8
#define SG_ARGON2ID_MEMORY_KIB_MAX (1 << 20)

/* Passes of Argon2id that a key file may ask for (FORMAT.md section 9): fewer
 * than crypto.h can do, because the file may have been put there by a thief. */
#define SG_KEY_FILE_PASSES_MAX 8

#endif
