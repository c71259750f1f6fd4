/* The tables of RECORDS.md, once: what a record of each type may hold.
 *
 * From these lists come the enumerators of schema.h and the tables of schema.c,
 * and by them records are encoded, checked, named in JSON and merged. The rows
 * and columns are those of the page; tests/unit/test_schema.c reads the page
 * and compares every cell. To add a type, see RECORDS.md, section 17.
 *
 * It holds no code: what T_, V and the other words mean is said by schema.c.
 */
#ifndef SG_STORAGE_REGISTRY_SCHEMA_LIST_H
#define SG_STORAGE_REGISTRY_SCHEMA_LIST_H

/* clang-format off */

/* Section 5: row(NAME, number, name, entry, signers, readers, subject, object).
 * Signers in capitals must sign for a record to be applied: see schema.c. */
#define SG_SCHEMA_TYPES(row)                                                  \
    row(GENESIS, 1, genesis, PLAIN, ROOT, YES, ALL, ZERO, NONE)               \
    row(AUTHORITY_LOG, 2, authority_log, PLAIN, ROOT, YES, ALL, GENERATION,   \
      NONE)                                                                   \
    row(ROOT_ROTATE, 4, root_rotate, PLAIN, ROOT, YES, ALL, ZERO, NONE)       \
    row(HEARTBEAT, 5, heartbeat, PLAIN, ROOT, YES, ALL, ZERO, NONE)           \
    row(NODE_ADMIT, 6, node_admit, PLAIN, ROOT, YES, ALL, NODE, NONE)         \
    row(NODE_CUT, 7, node_cut, PLAIN, ROOT, YES, ALL, NODE, NONE)             \
    row(OFFICER_GRANT, 8, officer_grant, PLAIN, ROOT, YES, ALL, OFFICER_KEY,  \
      NONE)                                                                   \
    row(OFFICER_CUT, 9, officer_cut, PLAIN, ROOT, YES, ALL, OFFICER, NONE)    \
    row(LIFT, 10, lift, PLAIN, ROOT, YES, ALL, ZERO, NONE)                    \
    row(SCOPE_KEY, 11, scope_key, PLAIN, ROOT, YES, ALL, SCOPE_KEY, NONE)     \
    row(UNIT, 12, unit, PLAIN, ROOT, YES, ALL, UNIT, NONE)                    \
    row(UNIT_SUCCESSION, 13, unit_succession, PLAIN, ROOT, YES, ALL, UNIT,    \
      NONE)                                                                   \
    row(REHOME, 14, rehome, PLAIN, ROOT, YES, ALL, RANDOM, NONE)              \
    row(CODE_TABLE, 15, code_table, PLAIN, ROOT, YES, ALL, TABLE, NONE)       \
    row(CALENDAR, 16, calendar, PLAIN, ROOT, YES, ALL, NUMBER, NONE)          \
    row(CAMPAIGN, 17, campaign, PLAIN, ROOT, YES, ALL, UID, NONE)             \
    row(PIN_BLOCK, 18, pin_block, PLAIN, ROOT, YES, ALL, RANDOM, NONE)        \
    row(ERASURE, 19, erasure, PLAIN, ROOT, YES, ALL, RANDOM, NONE)            \
    row(RULES, 20, rules, PLAIN, ROOT, YES, ALL, NUMBER, NONE)                \
    row(POLICY, 21, policy, PLAIN, ROOT, YES, ALL, NUMBER, NONE)              \
    row(ENDORSE_RANGE, 22, endorse_range, PLAIN, ROOT, YES, ALL, LOG, NONE)   \
    row(ERASURE_DONE, 30, erasure_done, PLAIN, NODE, YES, ALL, ORDER, NONE)   \
    row(PERSON, 32, person, SEALED, 1 | 2 | 4, NO, C | H | Z, UID, SUBJECT)   \
    row(PIN, 33, pin, SEALED, 1 | 2 | 4, NO, C | H | Z, UID, NUMBER)          \
    row(OLD_ID, 34, old_id, SEALED, 1 | 2 | 4, NO, C | H | Z, UID, OLD_ID)    \
    row(RESIDENCE, 35, residence, SEALED, 1 | 2 | 4, NO, C | H | O | Z, UID,  \
      OPENING)                                                                \
    row(HOUSEHOLD, 36, household, SEALED, 1 | 2 | 4, NO, C | H | Z, UID,      \
      SUBJECT)                                                                \
    row(VITAL, 37, vital, SEALED, 1 | 2 | 4, NO, C | H | Z, UID, SUBJECT)     \
    row(DOSSIER, 38, dossier, SEALED, 1 | 2 | 4, NO, C | H | Z, UID, OPENING) \
    row(ACCOUNT, 39, account, SEALED, 1 | 2 | 4, NO, C | H | Z, UID, OPENING) \
    row(EXCLUSION, 40, exclusion, SEALED, 1 | 2 | 4, NO, C | H | Z, UID,      \
      OPENING)                                                                \
    row(REQUEST, 41, request, SEALED, 1 | 2 | 4, NO, C | H | Z, UID, OPENING) \
    row(DECISION, 42, decision, SEALED, 2 | 4, YES, C | H | Z, UID, NONE)     \
    row(DUPLICATE, 43, duplicate, SEALED, 1 | 2 | 4, NO, C | BOTH | Z,        \
      SMALLER, OTHER)                                                         \
    row(VERIFICATION, 44, verification, SEALED, 1 | 2 | 8, NO, C | H | Z,     \
      UID, NONE)                                                              \
    row(RECEIPT, 45, receipt, SEALED, 1 | 2, NO, C | H | Z, UID, NONE)        \
    row(HANDOVER, 46, handover, SEALED, 2 | 4, YES, O | H | Z, UID, NONE)     \
    row(RESETTLE, 47, resettle, SEALED, 1 | 2 | 4, NO, C | H | O | Z, UID,    \
      RESETTLE)                                                               \
    row(ENDORSE, 48, endorse, SEALED, 4, YES, ENDORSED, UID, NONE)            \
    row(ACCESS, 64, access, AUDIT, 1 | 2 | 4 | 8 | 16, NO, H | Z,             \
      UID_OR_ZERO, NONE)                                                      \
    row(SESSION, 65, session, AUDIT, 1 | 2 | 4 | 8 | 16, NO, C | Z, SIGNER,   \
      NONE)                                                                   \
    row(PERMIT, 66, permit, AUDIT, 2 | 4 | 16, YES, C | Z, OFFICER, NONE)


/* Section 6: row(TYPE, no, NAME, name, value, need, merge, rules). */

#define SG_SCHEMA_GENESIS(row)                                                \
    row(GENESIS, 0, SERIAL, serial, T_RANGE(1, 1), OPENING, A, 0)             \
    row(GENESIS, 1, FORMAT, format, T_RANGE(1, 1), OPENING, A, 0)             \
    row(GENESIS, 2, TITLE, title, T_STR(1, 64), OPENING, A, 0)                \
    row(GENESIS, 3, ROOTS, roots, T_ARRAY(1, 15, 1, T_KEY), OPENING, A, 0)    \
    row(GENESIS, 4, NEXT, next, T_HASH, OPENING, A, 0)                        \
    row(GENESIS, 5, WRITER, writer, T_KEY, OPENING, A, 0)                     \
    row(GENESIS, 6, THRESHOLD, threshold, T_RANGE(1, 15), OPENING, A, 0)      \
    row(GENESIS, 7, TEST, test, T_RANGE(0, 1), OPENING, A, 0)                 \
    row(GENESIS, 8, CENTRE, centre, T_UNIT, OPENING, A, 0)

#define SG_SCHEMA_AUTHORITY_LOG(row)                                          \
    row(AUTHORITY_LOG, 0, SERIAL, serial, T_UINT, OPENING, A, 0)              \
    row(AUTHORITY_LOG, 1, GENERATION, generation, T_RANGE(1, 4294967295u),    \
      OPENING, A, 0)                                                          \
    row(AUTHORITY_LOG, 2, LOG, log, T_LOG, OPENING, A, 0)                     \
    row(AUTHORITY_LOG, 3, STANDS_ON, stands_on, T_ARRAY(1, 64, 1,             \
      T_TUPLE({T_LOG}, {T_UINT}, {T_HASH})), OPENING, A, 0)

#define SG_SCHEMA_ROOT_ROTATE(row)                                            \
    row(ROOT_ROTATE, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                \
    row(ROOT_ROTATE, 1, GENERATION, generation, T_RANGE(1, 255), OPENING,     \
      A, 0)                                                                   \
    row(ROOT_ROTATE, 2, ROOT, root, T_KEY, OPENING, A, 0)                     \
    row(ROOT_ROTATE, 3, STANDS, stands, T_ARRAY(0, 64, 1, T_TUPLE({T_LOG},    \
      {T_UINT}, {T_HASH})), OPENING, A, 0)                                    \
    row(ROOT_ROTATE, 4, PROOF, proof, T_SIG, OPENING, A, 0)                   \
    row(ROOT_ROTATE, 5, REASON, reason, T_RANGE(1, 3), OPENING, A, 0)         \
    row(ROOT_ROTATE, 6, NEXT, next, T_HASH, OPENING, A, 0)

#define SG_SCHEMA_HEARTBEAT(row)                                              \
    row(HEARTBEAT, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                  \
    row(HEARTBEAT, 1, TIME, time, T_MS, OPENING, A, 0)

#define SG_SCHEMA_NODE_ADMIT(row)                                             \
    row(NODE_ADMIT, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                 \
    row(NODE_ADMIT, 1, CERTIFICATE, certificate, T_BIN(100, 160), OPENING, A, \
      0)                                                                      \
    row(NODE_ADMIT, 2, NODE, node, T_KEY, OPENING, A, 0)                      \
    row(NODE_ADMIT, 3, ROLE, role, T_RANGE(1, 5), OPENING, A, 0)              \
    row(NODE_ADMIT, 4, FROM, from, T_DAY, OPENING, A, 0)                      \
    row(NODE_ADMIT, 5, UNTIL, until, T_DAY, OPENING, A, 0)                    \
    row(NODE_ADMIT, 6, TERRITORY, territory, T_ARRAY(0, 256, 1, T_UNIT), MAY, \
      A, 0)                                                                   \
    row(NODE_ADMIT, 7, LABEL, label, T_STR(0, 32), MAY, A, 0)                 \
    row(NODE_ADMIT, 8, OFFLINE_DAYS, offline_days, T_RANGE(1, 400), MAY, A,   \
      0)                                                                      \
    row(NODE_ADMIT, 9, EPOCHS, epochs, T_RANGE(1, 64), MAY, A, 0)

#define SG_SCHEMA_NODE_CUT(row)                                               \
    row(NODE_CUT, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                   \
    row(NODE_CUT, 1, NODE, node, T_KEY, OPENING, A, 0)                        \
    row(NODE_CUT, 2, WHAT, what, T_RANGE(1, 3), OPENING, A, 0)                \
    row(NODE_CUT, 3, STANDS, stands, T_ARRAY(0, 256, 1, T_TUPLE({T_LOG},      \
      {T_UINT}, {T_HASH}, {T_SIG})), OPENING, A, 0)                           \
    row(NODE_CUT, 4, REASON, reason, T_RANGE(1, 7), OPENING, A, 0)            \
    row(NODE_CUT, 5, TEXT, text, T_STR(0, 160), MAY, A, 0)

#define SG_SCHEMA_OFFICER_GRANT(row)                                          \
    row(OFFICER_GRANT, 0, SERIAL, serial, T_UINT, OPENING, A, 0)              \
    row(OFFICER_GRANT, 1, OFFICER, officer, T_KEY, OPENING, A, 0)             \
    row(OFFICER_GRANT, 2, ROLES, roles, T_RANGE(1, 31), OPENING, A, 0)        \
    row(OFFICER_GRANT, 3, UNITS, units, T_ARRAY(1, 64, 1, T_UNIT), OPENING,   \
      A, 0)                                                                   \
    row(OFFICER_GRANT, 4, FROM, from, T_DAY, OPENING, A, 0)                   \
    row(OFFICER_GRANT, 5, UNTIL, until, T_DAY, OPENING, A, 0)                 \
    row(OFFICER_GRANT, 6, LABEL, label, T_STR(1, 32), OPENING, A, 0)

#define SG_SCHEMA_OFFICER_CUT(row)                                            \
    row(OFFICER_CUT, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                \
    row(OFFICER_CUT, 1, OFFICER, officer, T_KEYID, OPENING, A, 0)             \
    row(OFFICER_CUT, 2, WHAT, what, T_RANGE(1, 3), OPENING, A, 0)             \
    row(OFFICER_CUT, 3, STANDS, stands, T_ARRAY(0, 512, 1, T_TUPLE({T_LOG},   \
      {T_UINT}, {T_HASH})), OPENING, A, 0)                                    \
    row(OFFICER_CUT, 4, REASON, reason, T_RANGE(1, 7), OPENING, A, 0)

#define SG_SCHEMA_LIFT(row)                                                   \
    row(LIFT, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                       \
    row(LIFT, 1, OF, of, T_ARRAY(1, 64, 1, T_REF), OPENING, A, 0)

#define SG_SCHEMA_ENDORSE_RANGE(row)                                          \
    row(ENDORSE_RANGE, 0, SERIAL, serial, T_UINT, OPENING, A, 0)              \
    row(ENDORSE_RANGE, 1, LOG, log, T_LOG, OPENING, A, 0)                     \
    row(ENDORSE_RANGE, 2, FIRST, first, T_UINT, OPENING, A, 0)                \
    row(ENDORSE_RANGE, 3, SIZE, size, T_RANGE(1, UINT64_MAX), OPENING, A, 0)  \
    row(ENDORSE_RANGE, 4, ROOT, root, T_HASH, OPENING, A, 0)                  \
    row(ENDORSE_RANGE, 5, OFFICER, officer, T_KEYID, MAY, A, 0)               \
    row(ENDORSE_RANGE, 6, REASON, reason, T_STR(1, 160), OPENING, A, 0)

#define SG_SCHEMA_SCOPE_KEY(row)                                              \
    row(SCOPE_KEY, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                  \
    row(SCOPE_KEY, 1, UNIT, unit, T_UNIT, OPENING, A, 0)                      \
    row(SCOPE_KEY, 2, PUBLIC, public, T_KEY, OPENING, A, 0)                   \
    row(SCOPE_KEY, 3, STATE, state, T_RANGE(1, 3), OPENING, A, 0)             \
    row(SCOPE_KEY, 4, WRAPS, wraps, T_ARRAY(0, 256, 1, T_TUPLE({T_KEYID},     \
      {T_BIN(80, 80)})), OPENING, A, 0)

#define SG_SCHEMA_UNIT(row)                                                   \
    row(UNIT, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                       \
    row(UNIT, 1, UNIT, unit, T_UNIT, OPENING, A, 0)                           \
    row(UNIT, 2, NAME, name, T_STR(1, 96), OPENING, A, 0)                     \
    row(UNIT, 3, KIND, kind, T_CODE(UNIT_KIND), OPENING, A, 0)                \
    row(UNIT, 4, PARENT, parent, T_UNIT, OPENING, A, 0)                       \
    row(UNIT, 5, UNTIL, until, T_OPT T_DAY, OPENING, A, 0)                    \
    row(UNIT, 6, ACT, act, T_STR(0, 64), OPENING, A, 0)                       \
    row(UNIT, 7, PROOF, proof, T_RANGE(0, 1), OPENING, A, 0)

#define SG_SCHEMA_UNIT_SUCCESSION(row)                                        \
    row(UNIT_SUCCESSION, 0, SERIAL, serial, T_UINT, OPENING, A, 0)            \
    row(UNIT_SUCCESSION, 1, FROM, from, T_UNIT, OPENING, A, 0)                \
    row(UNIT_SUCCESSION, 2, TO, to, T_ARRAY(1, 64, 1, T_TUPLE({T_UNIT},       \
      {T_RANGE(1, 2)})), OPENING, A, 0)                                       \
    row(UNIT_SUCCESSION, 3, AT, at, T_DAY, OPENING, A, 0)                     \
    row(UNIT_SUCCESSION, 4, ACT, act, T_STR(0, 64), OPENING, A, 0)            \
    row(UNIT_SUCCESSION, 5, PROOF, proof, T_RANGE(0, 1), OPENING, A, 0)

#define SG_SCHEMA_REHOME(row)                                                 \
    row(REHOME, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                     \
    row(REHOME, 1, UNITS, units, T_ARRAY(1, 256, 1, T_UNIT), OPENING, A, 0)   \
    row(REHOME, 2, FROM, from, T_KEY, OPENING, A, 0)                          \
    row(REHOME, 3, TO, to, T_KEY, OPENING, A, 0)                              \
    row(REHOME, 4, CUT, cut, T_ARRAY(0, 64, 1, T_TUPLE({T_LOG}, {T_UINT},     \
      {T_HASH})), OPENING, A, 0)                                              \
    row(REHOME, 5, ACT, act, T_STR(1, 64), OPENING, A, 0)

#define SG_SCHEMA_CODE_TABLE(row)                                             \
    row(CODE_TABLE, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                 \
    row(CODE_TABLE, 1, TABLE, table, T_RANGE(1, 65535), OPENING, A, 0)        \
    row(CODE_TABLE, 2, PART, part, T_RANGE(0, 255), OPENING, A, 0)            \
    row(CODE_TABLE, 3, ROWS, rows, T_ARRAY(1, 1000, 2, T_TUPLE({T_RANGE(0,    \
      65535)}, {T_DAY}, {T_STR(1, 96)}, {T_STR(0, 96)}, {T_OPT T_DAY})),      \
      OPENING, A, V(7))                                                       \
    row(CODE_TABLE, 4, SOURCE, source, T_STR(0, 64), OPENING, A, 0)

#define SG_SCHEMA_CALENDAR(row)                                               \
    row(CALENDAR, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                   \
    row(CALENDAR, 1, YEAR, year, T_RANGE(1900, 2999), OPENING, A, V(19))      \
    row(CALENDAR, 2, REST, rest, T_RANGE(0, 127), OPENING, A, 0)              \
    row(CALENDAR, 3, OFF, off, T_ARRAY(0, 60, 1, T_DAY), OPENING, A, 0)       \
    row(CALENDAR, 4, WORK, work, T_ARRAY(0, 60, 1, T_DAY), OPENING, A, 0)     \
    row(CALENDAR, 5, ACT, act, T_STR(0, 64), OPENING, A, 0)

#define SG_SCHEMA_CAMPAIGN(row)                                               \
    row(CAMPAIGN, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                   \
    row(CAMPAIGN, 1, TITLE, title, T_STR(1, 96), OPENING, A, 0)               \
    row(CAMPAIGN, 2, STATE, state, T_RANGE(1, 4), OPENING, A, 0)              \
    row(CAMPAIGN, 3, GOAL, goal, T_RANGE(1, 2), OPENING, A, 0)                \
    row(CAMPAIGN, 4, AGE, age, T_RANGE(0, 130), OPENING, A, 0)                \
    row(CAMPAIGN, 5, RESIDENCE, residence, T_RANGE(1, 7), OPENING, A, 0)      \
    row(CAMPAIGN, 6, REFERENCE, reference, T_DAY, OPENING, A, 0)              \
    row(CAMPAIGN, 7, COMMITTED, committed, T_DAY, OPENING, A, 0)              \
    row(CAMPAIGN, 8, MANDATED, mandated, T_DAY, OPENING, A, 0)                \
    row(CAMPAIGN, 9, TARGETS, targets, T_ARRAY(0, 2000, 1, T_TUPLE({T_UNIT},  \
      {T_UINT})), MAY, A, 0)                                                  \
    row(CAMPAIGN, 10, DENOMINATORS, denominators, T_ARRAY(0, 1000, 1,         \
      T_TUPLE({T_UNIT}, {T_UINT}, {T_STR(1, 64)}, {T_DAY})), MAY, A, 0)       \
    row(CAMPAIGN, 11, EXCLUDED_PERMILLE, excluded_permille, T_RANGE(0, 1000), \
      MAY, A, 0)                                                              \
    row(CAMPAIGN, 12, UNITS, units, T_ARRAY(1, 64, 1, T_UNIT), OPENING, A, 0)

#define SG_SCHEMA_PIN_BLOCK(row)                                              \
    row(PIN_BLOCK, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                  \
    row(PIN_BLOCK, 1, NODE, node, T_KEY, OPENING, A, V(4))                    \
    row(PIN_BLOCK, 2, PROVINCE, province, T_RANGE(1, 999), OPENING, A, 0)     \
    row(PIN_BLOCK, 3, FIRST, first, T_RANGE(0, 999999), OPENING, A, 0)        \
    row(PIN_BLOCK, 4, LAST, last, T_RANGE(0, 999999), OPENING, A, 0)          \
    row(PIN_BLOCK, 5, EXPIRES, expires, T_DAY, OPENING, A, 0)

#define SG_SCHEMA_ERASURE(row)                                                \
    row(ERASURE, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                    \
    row(ERASURE, 1, ORDER, order, T_STR(1, 64), OPENING, A, 0)                \
    row(ERASURE, 2, CLAUSE, clause, T_STR(1, 64), OPENING, A, 0)              \
    row(ERASURE, 3, REASON, reason, T_RANGE(1, 4), OPENING, A, 0)             \
    row(ERASURE, 4, ENTRIES, entries, T_ARRAY(1, 800, 2, T_TUPLE({T_LOG},     \
      {T_UINT}, {T_REF}, {T_ARRAY(0, 16, 1, T_REF)})), OPENING, A, 0)         \
    row(ERASURE, 5, ORDERED, ordered, T_DAY, OPENING, A, 0)

#define SG_SCHEMA_ERASURE_DONE(row)                                           \
    row(ERASURE_DONE, 0, ORDER, order, T_REF, OPENING, A, 0)                  \
    row(ERASURE_DONE, 1, STATE, state, T_RANGE(1, 2), OPENING, A, 0)          \
    row(ERASURE_DONE, 2, ENTRIES, entries, T_UINT, OPENING, A, 0)

#define SG_SCHEMA_RULES(row)                                                  \
    row(RULES, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                      \
    row(RULES, 1, VERSION, version, T_RANGE(1, 65535), OPENING, A, 0)         \
    row(RULES, 2, CHANGES, changes, T_ARRAY(0, 255, 2, T_TUPLE({T_RANGE(1,    \
      255)}, {T_DAY}, {T_OPT T_DAY}, {T_RANGE(0, 6)})), MAY, A, 0)

#define SG_SCHEMA_POLICY(row)                                                 \
    row(POLICY, 0, SERIAL, serial, T_UINT, OPENING, A, 0)                     \
    row(POLICY, 1, NUMBER, number, T_RANGE(1, 65535), OPENING, A, 0)          \
    row(POLICY, 2, VALUE, value, T_UINT, OPENING, A, 0)                       \
    row(POLICY, 3, DETAIL, detail, T_ARRAY(0, 255, 1, T_TUPLE({T_UINT},       \
      {T_UINT})), MAY, A, 0)

/* Section 7: first what 32 to 48 share. A type with objects of its own has
 * `of`, one with a state machine has `state`. */

#define SG_SCHEMA_COMMON_SRC(row)                                             \
    row(COMMON, 0, SRC, src, T_SRC, MAY, X, 0)

#define SG_SCHEMA_COMMON_OF(row)                                              \
    row(COMMON, 1, OF, of, T_REF, MAY, X, 0)

#define SG_SCHEMA_COMMON_STATE(row)                                           \
    row(COMMON, 2, STATE, state, T_RANGE(1, 31), MAY, M, 0)

#define SG_SCHEMA_COMMON_TAIL(row)                                            \
    row(COMMON, 28, NOTE, note, T_STR(1, 256), MAY, X, 0)                     \
    row(COMMON, 29, ORIGINAL, original,                                       \
        T_ARRAY(1, 28, 1, T_TUPLE({T_RANGE(0, 27)}, {T_BIN(1, 1024)})), MAY,  \
        X, V(6))                                                              \
    row(COMMON, 30, PER_FIELD, per_field,                                     \
        T_ARRAY(1, 25, 1, T_TUPLE({T_RANGE(3, 27)}, {T_SRC})), MAY, X, 0)

#define SG_SCHEMA_PERSON(row)                                                 \
    row(PERSON, 3, NAME, name, T_NAME, OPENING, I, V(6))                      \
    row(PERSON, 4, BIRTH, birth, T_DATE, OPENING, I, V(1) | V(5) | V(10) |    \
      V(12))                                                                  \
    row(PERSON, 5, SEX, sex, T_RANGE(0, 2), OPENING, I, V(1) | V(7))          \
    row(PERSON, 6, FATHER, father, T_KIN, MAY, I, V(6) | V(10))               \
    row(PERSON, 7, MOTHER, mother, T_KIN, MAY, I, V(6) | V(10))               \
    row(PERSON, 8, OTHER_NAME, other_name, T_STR(0, 96), MAY, V, V(6))        \
    row(PERSON, 9, BIRTH_PLACE, birth_place, T_PLACE, MAY, V, V(7) | V(8))    \
    row(PERSON, 10, BIRTH_REG, birth_reg, T_PLACE, MAY, V, V(2) | V(7) | V(8))\
    row(PERSON, 11, HOMETOWN, hometown, T_PLACE, MAY, V, V(7) | V(8))         \
    row(PERSON, 12, ETHNICITY, ethnicity, T_CODE(ETHNIC), MAY, V, V(7))       \
    row(PERSON, 13, RELIGION, religion, T_CODE(RELIGION), MAY, V, V(7))       \
    row(PERSON, 14, NATIONALITY, nationality, T_ARRAY(0, 3, 1, T_STR(2, 2)),  \
      MAY, V, V(7))                                                           \
    row(PERSON, 15, BLOOD, blood, T_CODE(BLOOD), MAY, V, V(7))                \
    row(PERSON, 16, MARITAL, marital, T_CODE(MARITAL), MAY, V, V(7))          \
    row(PERSON, 17, SPOUSE, spouse, T_KIN, MAY, V, V(6) | V(10))              \
    row(PERSON, 18, CHILDREN, children, T_ARRAY(1, 32, 1, T_TUPLE({T_UID},    \
      {T_OPT T_KIN})), MAY, S, V(6) | V(10))                                  \
    row(PERSON, 19, REPRESENTED, represented, T_ARRAY(1, 32, 1,               \
      T_TUPLE({T_UID}, {T_OPT T_KIN})), MAY, S, V(6))                         \
    row(PERSON, 20, GUARDIAN, guardian, T_KIN, MAY, V, V(6) | V(11) | V(14))  \
    row(PERSON, 21, PHONE, phone, T_STR(0, 16), MAY, C, V(14))                \
    row(PERSON, 22, EMAIL, email, T_STR(0, 96), MAY, C, 0)                    \
    row(PERSON, 23, OCCUPATION, occupation, T_STR(0, 64), MAY, V, 0)          \
    row(PERSON, 24, CONTACT, contact, T_STR(0, 160), MAY, C, 0)               \
    row(PERSON, 25, REGISTERED, registered, T_UNIT, OPENING, F, V(8))

#define SG_SCHEMA_PIN(row)                                                    \
    row(PIN, 3, NUMBER, number, T_PIN, ALWAYS, K, V(1) | V(2) | V(3) | V(4))  \
    row(PIN, 4, ASSIGNED, assigned, T_DAY, MAY, F, 0)                         \
    row(PIN, 5, BY, by, T_RANGE(1, 3), OPENING, F, V(4))                      \
    row(PIN, 6, BLOCK, block, T_REF, MAY, F, V(4))                            \
    row(PIN, 7, CANCELLED, cancelled, T_DAY, MAY, V, 0)                       \
    row(PIN, 8, REASON, reason, T_RANGE(1, 5), MAY, V, 0)                     \
    row(PIN, 9, REPLACED_BY, replaced_by, T_PIN, MAY, V, V(3))

#define SG_SCHEMA_OLD_ID(row)                                                 \
    row(OLD_ID, 3, KIND, kind, T_RANGE(1, 4), ALWAYS, K, 0)                   \
    row(OLD_ID, 4, NUMBER, number, T_STR(1, 12), ALWAYS, K, V(20))            \
    row(OLD_ID, 5, ISSUED, issued, T_OPT T_DAY, ALWAYS, K, 0)                 \
    row(OLD_ID, 6, EXPIRES, expires, T_DAY, MAY, V, V(12))                    \
    row(OLD_ID, 7, PLACE, place, T_STR(0, 96), MAY, V, 0)                     \
    row(OLD_ID, 8, WITHDRAWN, withdrawn, T_DAY, MAY, V, 0)

#define SG_SCHEMA_RESIDENCE(row)                                              \
    row(RESIDENCE, 3, KIND, kind, T_RANGE(1, 4), OPENING, F, V(9))            \
    row(RESIDENCE, 4, UNIT, unit, T_OPT T_UNIT, OPENING, V, V(8))             \
    row(RESIDENCE, 5, ADDRESS, address, T_STR(0, 160), OPENING, C, 0)         \
    row(RESIDENCE, 6, FROM, from, T_DATE, OPENING, V, V(9) | V(13))           \
    row(RESIDENCE, 7, UNTIL, until, T_DATE, MAY, V, V(9))                     \
    row(RESIDENCE, 8, REASON, reason, T_RANGE(1, 12), MAY, V, 0)              \
    row(RESIDENCE, 9, HOUSEHOLD, household, T_UID, MAY, V, 0)                 \
    row(RESIDENCE, 10, COUNTRY, country, T_STR(2, 2), MAY, V, V(7))           \
    row(RESIDENCE, 11, OLD_UNIT, old_unit, T_UNIT, MAY, F, 0)

#define SG_SCHEMA_HOUSEHOLD(row)                                              \
    row(HOUSEHOLD, 3, FILE_NO, file_no, T_STR(0, 32), OPENING, V, 0)          \
    row(HOUSEHOLD, 4, UNIT, unit, T_UNIT, OPENING, V, V(8))                   \
    row(HOUSEHOLD, 5, ADDRESS, address, T_STR(0, 160), MAY, C, 0)             \
    row(HOUSEHOLD, 6, MEMBERS, members, T_ARRAY(1, 64, 1, T_TUPLE({T_UID},    \
      {T_OPT T_TUPLE({T_CODE(RELATION)}, {T_OPT T_DAY}, {T_OPT T_DAY})})),    \
      MAY, S, V(7))                                                           \
    row(HOUSEHOLD, 7, OPENED, opened, T_DAY, OPENING, F, 0)

#define SG_SCHEMA_VITAL(row)                                                  \
    row(VITAL, 2, STATE, state, T_RANGE(1, 7), ALWAYS, M, V(13))              \
    row(VITAL, 3, AT, at, T_DATE, OPENING, I, V(5))                           \
    row(VITAL, 4, PLACE, place, T_PLACE, MAY, V, V(7) | V(8))                 \
    row(VITAL, 5, CERTIFICATE, certificate, T_STR(0, 32), MAY, V, 0)          \
    row(VITAL, 6, REGISTERED, registered, T_DAY, MAY, V, 0)                   \
    row(VITAL, 7, CAUSE, cause, T_STR(0, 64), MAY, V, 0)                      \
    row(VITAL, 8, SUCCESSOR, successor, T_UID, MAY, V, 0)

#define SG_SCHEMA_DOSSIER(row)                                                \
    row(DOSSIER, 3, NO, no, T_STR(1, 32), OPENING, F, 0)                      \
    row(DOSSIER, 4, KIND, kind, T_RANGE(1, 3), OPENING, F, V(11))             \
    row(DOSSIER, 5, CAUSE, cause, T_RANGE(0, 15), OPENING, F, V(11))          \
    row(DOSSIER, 6, CAPTURED, captured, T_DAY, OPENING, F, V(11) | V(13))     \
    row(DOSSIER, 7, BIOMETRICS, biometrics, T_ARRAY(0, 5, 1,                  \
      T_TUPLE({T_RANGE(1, 5)}, {T_BIN(16, 16)}, {T_DAY})), MAY, V, V(11))     \
    row(DOSSIER, 8, SIGNED_BY, signed_by, T_RANGE(1, 2), MAY, V, V(11))       \
    row(DOSSIER, 9, GUARDIAN, guardian, T_KIN, MAY, V, V(6) | V(11))          \
    row(DOSSIER, 10, APPOINTMENT, appointment, T_DAY, MAY, V, V(19))          \
    row(DOSSIER, 11, APPROVED, approved, T_DAY, MAY, V, 0)                    \
    row(DOSSIER, 12, SENT, sent, T_DAY, MAY, V, 0)                            \
    row(DOSSIER, 13, RESULT, result, T_DAY, MAY, V, 0)                        \
    row(DOSSIER, 14, REJECT_CODE, reject_code, T_CODE(REJECT), MAY, V, V(7))  \
    row(DOSSIER, 15, CARD_NO, card_no, T_STR(0, 16), MAY, V, 0)               \
    row(DOSSIER, 16, CARD_FROM, card_from, T_DAY, MAY, V, V(12))              \
    row(DOSSIER, 17, CARD_UNTIL, card_until, T_DAY, MAY, V, V(12))            \
    row(DOSSIER, 18, DELIVERY, delivery, T_RANGE(1, 3), MAY, V, 0)            \
    row(DOSSIER, 19, DELIVERED, delivered, T_DAY, MAY, V, 0)                  \
    row(DOSSIER, 20, CAMPAIGN, campaign, T_UID, MAY, F, 0)

#define SG_SCHEMA_ACCOUNT(row)                                                \
    row(ACCOUNT, 3, LEVEL, level, T_RANGE(0, 2), OPENING, V, V(14))           \
    row(ACCOUNT, 4, REQUESTED, requested, T_DAY, OPENING, F, V(13))           \
    row(ACCOUNT, 5, ISSUED, issued, T_DAY, MAY, V, V(19))                     \
    row(ACCOUNT, 6, NOTIFIED, notified, T_DAY, MAY, V, V(15))                 \
    row(ACCOUNT, 7, ACTIVATED, activated, T_DAY, MAY, V, V(15))               \
    row(ACCOUNT, 8, PHONE, phone, T_STR(0, 16), MAY, C, V(14))                \
    row(ACCOUNT, 9, LOCK_CAUSE, lock_cause, T_RANGE(1, 5), MAY, V, 0)         \
    row(ACCOUNT, 10, GUARDIAN, guardian, T_KIN, MAY, V, V(6) | V(14))         \
    row(ACCOUNT, 11, CAMPAIGN, campaign, T_UID, MAY, F, 0)

#define SG_SCHEMA_EXCLUSION(row)                                              \
    row(EXCLUSION, 3, CAMPAIGN, campaign, T_UID, OPENING, F, 0)               \
    row(EXCLUSION, 4, REASON, reason, T_RANGE(1, 7), OPENING, F, V(13))       \
    row(EXCLUSION, 5, EVIDENCE, evidence, T_STR(1, 96), OPENING, V, 0)        \
    row(EXCLUSION, 6, EXPIRES, expires, T_DAY, OPENING, V, 0)

#define SG_SCHEMA_REQUEST(row)                                                \
    row(REQUEST, 3, KIND, kind, T_RANGE(1, 5), OPENING, F, V(19))             \
    row(REQUEST, 4, LODGED, lodged, T_DAY, OPENING, F, V(19))                 \
    row(REQUEST, 5, PROPOSES, proposes, T_ARRAY(0, 16, 1, T_REF), MAY, F, 0)  \
    row(REQUEST, 6, ASKED, asked, T_STR(0, 256), MAY, F, 0)                   \
    row(REQUEST, 7, FORWARDED_TO, forwarded_to, T_UNIT, MAY, V, 0)

#define SG_SCHEMA_DECISION(row)                                               \
    row(DECISION, 3, ACT, act, T_RANGE(1, 9), ALWAYS, X, V(16))               \
    row(DECISION, 4, UNIT, unit, T_UNIT, ALWAYS, X, V(16))                    \
    row(DECISION, 5, REASON, reason, T_STR(0, 160), MAY, X, 0)                \
    row(DECISION, 6, RULE, rule, T_RANGE(1, 255), MAY, X, 0)                  \
    row(DECISION, 7, FIELD, field, T_RANGE(0, 27), MAY, X, 0)                 \
    row(DECISION, 8, OBJECT, object, T_REF, MAY, X, 0)                        \
    row(DECISION, 9, ELEMENT, element, T_UID, MAY, X, 0)                      \
    row(DECISION, 10, CHOICE, choice, T_REF, MAY, X, 0)                       \
    row(DECISION, 11, KEEP, keep, T_UID, MAY, X, 0)                           \
    row(DECISION, 12, DEFER_UNTIL, defer_until, T_DAY, MAY, X, 0)

#define SG_SCHEMA_DUPLICATE(row)                                              \
    row(DUPLICATE, 3, OTHER, other, T_UID, ALWAYS, K, 0)                      \
    row(DUPLICATE, 4, SCORE, score, T_RANGE(0, 1000), OPENING, V, 0)          \
    row(DUPLICATE, 5, PARTS, parts, T_ARRAY(0, 15, 1, T_TUPLE({T_RANGE(1,     \
      15)}, {T_RANGE(0, 1000)})), MAY, V, 0)                                  \
    row(DUPLICATE, 6, BY, by, T_RANGE(1, 3), OPENING, F, 0)

#define SG_SCHEMA_VERIFICATION(row)                                           \
    row(VERIFICATION, 3, SAMPLE, sample, T_UID, MAY, X, 0)                    \
    row(VERIFICATION, 4, STRATUM, stratum, T_RANGE(0, 65535), MAY, X, 0)      \
    row(VERIFICATION, 5, METHOD, method, T_RANGE(1, 4), ALWAYS, X, V(20))     \
    row(VERIFICATION, 6, RESULTS, results, T_ARRAY(1, 40, 1,                  \
      T_TUPLE({T_RANGE(0, 65535)}, {T_RANGE(1, 4)})), ALWAYS, X, 0)

#define SG_SCHEMA_RECEIPT(row)                                                \
    row(RECEIPT, 3, RECORDS, records, T_ARRAY(1, 16, 1, T_REF), ALWAYS, X, 0) \
    row(RECEIPT, 4, FORM, form, T_RANGE(0, 255), ALWAYS, X, 0)                \
    row(RECEIPT, 5, NUMBER, number, T_STR(1, 32), ALWAYS, X, 0)               \
    row(RECEIPT, 6, DUE, due, T_DAY, MAY, X, V(19))

#define SG_SCHEMA_HANDOVER(row)                                               \
    row(HANDOVER, 3, FROM_UNIT, from_unit, T_UNIT, ALWAYS, X, 0)              \
    row(HANDOVER, 4, TO_UNIT, to_unit, T_UNIT, ALWAYS, X, 0)                  \
    row(HANDOVER, 5, COVERS, covers, T_ARRAY(0, 3000, 1, T_REF), ALWAYS, X,   \
      0)                                                                      \
    row(HANDOVER, 6, HEADS, heads, T_ARRAY(0, 400, 4, T_TUPLE({T_RANGE(32,    \
      63)}, {T_BIN(0, 34)}, {T_RANGE(0, 30)}, {T_REF}, {T_RANGE(0, 7)},       \
      {T_RANGE(0, 5)}, {T_UINT})), ALWAYS, X, 0)                              \
    row(HANDOVER, 7, VALUES, values, T_BIN(1, 60000), ALWAYS, X, 0)           \
    row(HANDOVER, 8, CONFLICTS, conflicts, T_ARRAY(0, 64, 3,                  \
      T_TUPLE({T_RANGE(1, 255)}, {T_RANGE(0, 30)}, {T_BIN(0, 34)},            \
      {T_RANGE(1, 3)}, {T_ARRAY(0, 64, 1, T_REF)})), ALWAYS, X, 0)            \
    row(HANDOVER, 9, HOME_THEN, home_then, T_OPT T_UNIT, ALWAYS, X, 0)

#define SG_SCHEMA_RESETTLE(row)                                               \
    row(RESETTLE, 3, RESIDENCE, residence, T_REF, ALWAYS, K, 0)               \
    row(RESETTLE, 4, FROM, from, T_UNIT, ALWAYS, K, V(8))                     \
    row(RESETTLE, 5, TO, to, T_UNIT, ALWAYS, V, V(8))                         \
    row(RESETTLE, 6, EVIDENCE, evidence, T_STR(0, 96), MAY, V, 0)

#define SG_SCHEMA_ENDORSE(row)                                                \
    row(ENDORSE, 3, ACT, act, T_RANGE(1, 2), ALWAYS, X, 0)                    \
    row(ENDORSE, 4, REASON, reason, T_STR(1, 160), ALWAYS, X, 0)

/* Section 7.18 */

#define SG_SCHEMA_ACCESS(row)                                                 \
    row(ACCESS, 3, WHAT, what, T_RANGE(1, 6), ALWAYS, X, 0)                   \
    row(ACCESS, 4, PURPOSE, purpose, T_RANGE(1, 9), ALWAYS, X, 0)             \
    row(ACCESS, 5, CASE, case, T_STR(0, 48), ALWAYS, X, 0)                    \
    row(ACCESS, 6, PERSONS, persons, T_RANGE(0, 1000000), MAY, X, 0)          \
    row(ACCESS, 7, PERMIT, permit, T_REF, MAY, X, 0)                          \
    row(ACCESS, 8, CHANNEL, channel, T_RANGE(1, 3), MAY, X, 0)

#define SG_SCHEMA_SESSION(row)                                                \
    row(SESSION, 3, WHAT, what, T_RANGE(1, 4), ALWAYS, X, 0)                  \
    row(SESSION, 4, DEVICE, device, T_BIN(8, 8), ALWAYS, X, 0)

#define SG_SCHEMA_PERMIT(row)                                                 \
    row(PERMIT, 3, OFFICER, officer, T_KEYID, ALWAYS, X, V(16))               \
    row(PERMIT, 4, PERSONS, persons, T_RANGE(1, 1000000), ALWAYS, X, 0)       \
    row(PERMIT, 5, UNTIL, until, T_MS, ALWAYS, X, 0)                          \
    row(PERMIT, 6, PURPOSE, purpose, T_RANGE(1, 9), ALWAYS, X, 0)             \
    row(PERMIT, 7, CASE, case, T_STR(1, 48), ALWAYS, X, 0)

/* All of them; the common ones once. */
#define SG_SCHEMA_FIELDS(row)                                                 \
    SG_SCHEMA_COMMON_SRC(row) SG_SCHEMA_COMMON_OF(row)                        \
    SG_SCHEMA_COMMON_STATE(row) SG_SCHEMA_COMMON_TAIL(row)                    \
    SG_SCHEMA_GENESIS(row) SG_SCHEMA_AUTHORITY_LOG(row)                       \
    SG_SCHEMA_ROOT_ROTATE(row)                                                \
    SG_SCHEMA_HEARTBEAT(row) SG_SCHEMA_NODE_ADMIT(row)                        \
    SG_SCHEMA_NODE_CUT(row) SG_SCHEMA_OFFICER_GRANT(row)                      \
    SG_SCHEMA_OFFICER_CUT(row) SG_SCHEMA_LIFT(row)                            \
    SG_SCHEMA_ENDORSE_RANGE(row) SG_SCHEMA_SCOPE_KEY(row)                     \
    SG_SCHEMA_UNIT(row) SG_SCHEMA_UNIT_SUCCESSION(row) SG_SCHEMA_REHOME(row)  \
    SG_SCHEMA_CODE_TABLE(row) SG_SCHEMA_CALENDAR(row)                         \
    SG_SCHEMA_CAMPAIGN(row) SG_SCHEMA_PIN_BLOCK(row) SG_SCHEMA_ERASURE(row)   \
    SG_SCHEMA_ERASURE_DONE(row) SG_SCHEMA_RULES(row) SG_SCHEMA_POLICY(row)    \
    SG_SCHEMA_PERSON(row) SG_SCHEMA_PIN(row) SG_SCHEMA_OLD_ID(row)            \
    SG_SCHEMA_RESIDENCE(row) SG_SCHEMA_HOUSEHOLD(row) SG_SCHEMA_VITAL(row)    \
    SG_SCHEMA_DOSSIER(row) SG_SCHEMA_ACCOUNT(row) SG_SCHEMA_EXCLUSION(row)    \
    SG_SCHEMA_REQUEST(row) SG_SCHEMA_DECISION(row) SG_SCHEMA_DUPLICATE(row)   \
    SG_SCHEMA_VERIFICATION(row) SG_SCHEMA_RECEIPT(row)                        \
    SG_SCHEMA_HANDOVER(row) SG_SCHEMA_RESETTLE(row) SG_SCHEMA_ENDORSE(row)    \
    SG_SCHEMA_ACCESS(row) SG_SCHEMA_SESSION(row) SG_SCHEMA_PERMIT(row)

/* clang-format on */

#endif
