/* Entries and their truth as lines of JSON (tools/data/README.md). */
#ifndef SG_TOOLS_SYNTH_TEXT_H
#define SG_TOOLS_SYNTH_TEXT_H

#include "storage/base/buf.h"
#include "tools/synth.h"
#include "tools/synth_history.h"

/* Appends the line of PERSON to BUF. Errors: LIMIT, NOMEM. */
SG_USE_RESULT enum sg_err sg_synth_text_person(
    const struct sg_synth_person *person, struct sg_buf *buf);

/* Appends a line for each flaw of PERSON to BUF. Errors: LIMIT, NOMEM. */
SG_USE_RESULT enum sg_err sg_synth_text_truth(
    const struct sg_synth_person *person, struct sg_buf *buf);

/* Appends a line for each thing that happened to PERSON beyond his enrolment,
 * as COUNT RECORDS of his history tell it. Errors: LIMIT, NOMEM. */
SG_USE_RESULT enum sg_err sg_synth_text_events(
    const struct sg_synth_person *person, const struct sg_synth_record *records,
    size_t count, struct sg_buf *buf);

/* Appends what was WRITTEN as the form that the API takes (node/API.md), a
 * line. Errors: LIMIT, NOMEM. */
SG_USE_RESULT enum sg_err sg_synth_text_form(
    const struct sg_synth_record *written, struct sg_buf *buf);

#endif
