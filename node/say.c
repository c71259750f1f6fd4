#include "node/say.h"

#include <stdarg.h>
#include <stdio.h>

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
