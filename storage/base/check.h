/* SG_ASSERT: a check of our own reasoning that is never compiled out.
 *
 * For programmer errors only. Bytes from a peer, a disk or a user are never
 * asserted: they get an enum sg_err. One condition per assert; an implication
 * is written `if (a) SG_ASSERT(b)`. (The file is not called assert.h, which
 * would shadow the system's.)
 */
#ifndef SG_STORAGE_BASE_CHECK_H
#define SG_STORAGE_BASE_CHECK_H

/* Aborts when CONDITION is false, after printing the place, the condition and
 * the last trace events. CONDITION is always evaluated, exactly once. */
#define SG_ASSERT(condition)            \
    (__builtin_expect(!!(condition), 1) \
         ? (void)0                      \
         : sg_check_fail(__FILE__, __LINE__, #condition))

/* Prints "FILE:LINE: CONDITION does not hold" and the trace ring to standard
 * error and aborts. Allocates nothing. Context: any thread. */
_Noreturn void sg_check_fail(const char *file, int line, const char *condition);

#endif
