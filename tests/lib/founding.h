/* A registry on disk: the directories of a few nodes, as joining would leave
 * them. Node 0 is the authority, whose log has the genesis and everybody's
 * node_admit; the others are districts. The root keys are drawn and forgotten.
 */
#ifndef SG_TESTS_LIB_FOUNDING_H
#define SG_TESTS_LIB_FOUNDING_H

#include <stddef.h>

#define FOUNDING_NODES_MAX 64
/* The genesis' effective day begins: 2025-07-01 in Vietnam. */
#define FOUNDING_BEGIN_MS UINT64_C(1751302800000)

/* Makes PARENT/0, PARENT/1 and so on for N nodes: keys, certificate, chain and
 * a store with the node's log. Aborts if it cannot. */
void founding_make(const char *parent, size_t n);

/* The same, and the authority says all that offices need to write records: the
 * units of Thanh Hoa, code tables, two officers for each node, and four whose
 * keys lie in every directory, each under the passphrase "words of NAME":
 * cb-0001 captures, cb-0002 approves and adjudicates, cb-0003 audits and
 * administers, cb-0004 captures in one commune alone; scope keys of the centre,
 * given to node 0 and all from node 3 on, and of the communes of the forms,
 * given to node 1 (to node 0 if that is all). Then writes PARENT/forms.jsonl:
 * what CITIZENS invented citizens hand in at their offices, a line each, as the
 * API takes it (node/API.md), signed. */
void founding_make_forms(const char *parent, size_t n, size_t citizens);

#endif
