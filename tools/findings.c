#include "tools/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct sg_out_shape shape = {
    .type = "finding",
    .field_count = 4,
    .fields = {{"grade", {"", ""}, 4},
               {"name", {"about", "về"}, 11},
               {"what", {"what is so", "tình hình"}, 62},
               {"todo", {"what to do", "việc cần làm"}, 0}},
};

void sg_findings_add(struct sg_findings *findings, enum sg_finding_grade grade,
                     const char *name, struct sg_finding_todo todo,
                     const char *en, const char *vi, ...)
{
    size_t i = findings->count;
    va_list args;

    if (i == SG_FINDINGS_MAX)
        return;
    findings->items[i].grade = grade;
    findings->items[i].name = name;
    findings->items[i].todo = sg_cli_say(findings->cli, todo.en, todo.vi);
    va_start(args, vi);
    (void)vsnprintf(findings->items[i].what, SG_FINDING_TEXT_SIZE,
                    sg_cli_say(findings->cli, en, vi), args);
    va_end(args);
    findings->count++;
}

static struct sg_out_value grade_value(enum sg_finding_grade grade)
{
    static const char *const names[][2] = {
        [SG_FINDING_BAD] = {"bad", "!!"},
        [SG_FINDING_WARN] = {"warn", "!"},
        [SG_FINDING_OK] = {"ok", "✓"},
    };

    return sg_out_word(names[grade][0], names[grade][1]);
}

int sg_findings_show(const struct sg_findings *findings, size_t lines)
{
    int code = 0;
    size_t shown = 0;

    for (int grade = SG_FINDING_BAD; grade <= SG_FINDING_OK; grade++)
        for (size_t i = 0; i < findings->count; i++) {
            const char *todo = findings->items[i].todo;

            if ((int)findings->items[i].grade != grade)
                continue;
            if (grade == SG_FINDING_BAD)
                code = SG_EXIT_NO;
            if (shown++ >= lines)
                continue;
            const struct sg_out_value values[] = {
                grade_value(findings->items[i].grade),
                sg_out_word(findings->items[i].name, NULL),
                sg_out_word(findings->items[i].what, NULL),
                todo == NULL ? sg_out_none() : sg_out_word(todo, NULL),
            };
            sg_out_row(&findings->cli->out, &shape, values);
        }
    return code;
}
