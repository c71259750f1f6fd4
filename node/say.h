/* What the daemon tells its administrator: one line on standard error for each
 * thing that happened.
 *
 * A line names the peer and ends with what was done about it; it holds nothing
 * of a citizen. It is not the answer to a person at the keyboard: that is the
 * main file's.
 */
#ifndef SG_NODE_SAY_H
#define SG_NODE_SAY_H

#include "node/config.h"
#include "replication/sync.h"

/* Sets what is said: LEVEL and what is more urgent. Info at first. */
void sg_say_level(enum sg_config_log level);

/* Says a line, formatted as by printf, without a newline. Context: any thread
 * after sg_say_level. */
__attribute__((format(printf, 2, 3))) void sg_say(enum sg_config_log level,
                                                  const char *format, ...);

/* Says that the clock of this machine shows a time before FLOOR_MS, or does no
 * longer, and what was done. */
void sg_say_clock(bool is_behind, uint64_t floor_ms);

/* Says the alarm EFFECT, and what was done. */
void sg_say_alarm(const struct sg_effect *effect);

#endif
