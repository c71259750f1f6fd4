#include "node/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "storage/base/check.h"
#include "storage/base/clock.h"
#include "storage/base/date.h"

/* A line is written whole: two threads do not mix theirs. */
#define LINE_SIZE 1024

static enum sg_config_log said = SG_CONFIG_LOG_INFO;

void sg_say_level(enum sg_config_log level)
{
    said = level;
}

void sg_say(enum sg_config_log level, const char *format, ...)
{
    static const char *const names[] = {
        [SG_CONFIG_LOG_ERROR] = "error: ",
        [SG_CONFIG_LOG_WARNING] = "warning: ",
        [SG_CONFIG_LOG_INFO] = "",
        [SG_CONFIG_LOG_DEBUG] = "debug: ",
    };
    char line[LINE_SIZE];
    va_list arguments;

    if (level > said)
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "sogocd: %s%s\n", names[level], line);
}

/* Days as they are counted in Viet Nam. */
#define OFFSET_MINUTES 420

/* "2026-11-23" of MS since 1970. */
#define DAY_SIZE 16

static const char *day_of(int64_t ms, char ret[DAY_SIZE])
{
    uint32_t ymd = sg_date_from_wall((struct sg_wall){ms}, OFFSET_MINUTES).ymd;

    (void)snprintf(ret, DAY_SIZE, "%04u-%02u-%02u", (unsigned)(ymd / 10000),
                   (unsigned)(ymd / 100 % 100), (unsigned)(ymd % 100));
    return ret;
}

void sg_say_clock(bool is_behind, uint64_t floor_ms)
{
    char shown[DAY_SIZE], least[DAY_SIZE];

    (void)day_of(sg_clock_wall().ms, shown);
    if (is_behind)
        sg_say(SG_CONFIG_LOG_WARNING,
               "the clock of this machine shows %s, and it is %s at least: set "
               "it; records are dated %s meanwhile, nothing else changes",
               shown, day_of((int64_t)floor_ms, least), least);
    else
        sg_say(SG_CONFIG_LOG_INFO,
               "the clock of this machine shows %s: records are dated by it",
               shown);
}

/* What officers see of an alarm, and what was done. */
static const char *const alarms[] = {
    [SG_SYNC_ALARM_FORK] = "has forked; both histories are kept",
    [SG_SYNC_ALARM_OWN_FORK] =
        "is our own and has forked; it is closed, a new epoch begins",
    [SG_SYNC_ALARM_ROLLBACK] =
        "is offered shorter than before by a peer; what is here stays",
    [SG_SYNC_ALARM_WITHHOLDS] =
        "is not delivered by a peer; others are asked for it",
    [SG_SYNC_ALARM_QUOTA] =
        "has a writer beyond his quota; nothing more of him is taken",
    [SG_SYNC_ALARM_EPOCHS] =
        "has a writer with more logs than he may open; it is not taken",
    [SG_SYNC_ALARM_REVOKED] =
        "shows that this node was revoked; it stops dialling",
    [SG_SYNC_ALARM_PROOF] =
        "came with a proof that does not fit; refused, session closed",
    [SG_SYNC_ALARM_QUARANTINE] =
        "has entries above a revocation's cut; kept and not applied",
    [SG_SYNC_ALARM_DAMAGED] =
        "could not be read here; not sent, repair the store",
};

void sg_say_alarm(const struct sg_effect *effect)
{
    const uint8_t *id = effect->log.hash.bytes;

    SG_ASSERT((size_t)effect->alarm < sizeof alarms / sizeof alarms[0]);
    sg_say(SG_CONFIG_LOG_WARNING, "alarm: log %02x%02x%02x%02x %s", id[0],
           id[1], id[2], id[3], alarms[effect->alarm]);
}
