/* Flaws of an entry, and the texts that they spoil. */
#ifndef SG_TOOLS_SYNTH_FLAW_H
#define SG_TOOLS_SYNTH_FLAW_H

#include "tools/synth.h"

/* Appends BYTES, or VALUE with at least DIGITS digits, to TEXT. */
void sg_synth_flaw_put(struct sg_synth_text *text, struct sg_bytes bytes);
void sg_synth_flaw_put_number(struct sg_synth_text *text, uint64_t value,
                              unsigned digits);

/* Adds a flaw of FIELD; its truth is empty. */
void sg_synth_flaw_add(struct sg_synth_person *person,
                       enum sg_synth_flaw_kind kind, const char *field);

/* Set the truth of the flaw added last. */
void sg_synth_flaw_truth_number(struct sg_synth_person *person, uint64_t value);
void sg_synth_flaw_truth_text(struct sg_synth_person *person,
                              struct sg_synth_text text);

/* Spoil the name and add the flaw, where the name allows it: decomposed
 * letters; the tone on the other of two vowels (hòa, hoà); UTF-8 or, IS_TCVN3,
 * TCVN3 read as Latin-1. */
void sg_synth_flaw_nfd(struct sg_synth_person *person);
void sg_synth_flaw_tone(struct sg_synth_person *person);
void sg_synth_flaw_mojibake(struct sg_synth_person *person, bool is_tcvn3);

#endif
