/* Findings: what an administrator is told at a glance. Each says how grave it
 * is, what is so, and what to do about it; the gravest come first.
 */
#ifndef SG_TOOLS_FINDINGS_H
#define SG_TOOLS_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/cli.h"

#define SG_FINDINGS_MAX      32u
#define SG_FINDING_TEXT_SIZE 256u

enum sg_finding_grade { SG_FINDING_BAD, SG_FINDING_WARN, SG_FINDING_OK };

struct sg_findings {
    struct sg_cli *cli;
    size_t count;
    struct {
        enum sg_finding_grade grade;
        const char *name; /* for programs; static storage */
        char what[SG_FINDING_TEXT_SIZE];
        const char *todo; /* static storage; NULL: nothing */
    } items[SG_FINDINGS_MAX];
};

/* What is to be done about a finding, in both languages; {NULL, NULL}: nothing.
 */
struct sg_finding_todo {
    const char *en, *vi;
};

/* Adds a finding NAME: the formats take the same arguments in the same order.
 * What has no room is left out. */
void sg_findings_add(struct sg_findings *findings, enum sg_finding_grade grade,
                     const char *name, struct sg_finding_todo todo,
                     const char *en, const char *vi, ...)
    __attribute__((format(printf, 5, 7), format(printf, 6, 7)));

/* Prints LINES of them at most, the gravest first, in the order in which they
 * were added. Returns 0, or SG_EXIT_NO if one is bad. */
int sg_findings_show(const struct sg_findings *findings, size_t lines);

#endif
