#include "tools/import_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/base/text.h"

#define PATH_SIZE 1024
#define VERSION   1

static bool read_hash(const json_t *json, const char *name, struct sg_hash *ret)
{
    const char *text = json_string_value(json_object_get(json, name));
    struct sg_writer writer;

    if (text == NULL)
        return false;
    sg_writer_init_array(&writer, ret->bytes, sizeof ret->bytes);
    sg_text_hex_decode(&writer, sg_bytes(text, strlen(text)));
    return sg_writer_end(&writer) == SG_OK && writer.size == sizeof ret->bytes;
}

static bool read_number(const json_t *json, const char *name, uint64_t *ret)
{
    const json_t *number = json_object_get(json, name);

    if (!json_is_integer(number) || json_integer_value(number) < 0)
        return false;
    *ret = (uint64_t)json_integer_value(number);
    return true;
}

static bool read_members(const json_t *json, struct sg_import_journal *ret)
{
    uint64_t version = 0, day = 0;

    if (!read_number(json, "sogoc_import", &version) || version != VERSION ||
        !read_number(json, "day", &day) || day > UINT32_MAX)
        return false;
    ret->day.ymd = (uint32_t)day;
    return sg_date_is_valid(ret->day) &&
           read_hash(json, "settings", &ret->settings) &&
           read_hash(json, "sha256", &ret->digest) &&
           read_number(json, "line", &ret->line) &&
           read_number(json, "report", &ret->report) &&
           read_number(json, "lines", &ret->lines) &&
           read_number(json, "refused", &ret->refused) &&
           read_number(json, "flagged", &ret->flagged) &&
           read_number(json, "records", &ret->records);
}

enum sg_err sg_import_journal_read(const char *path,
                                   struct sg_import_journal *ret_journal)
{
    struct sg_import_journal journal;
    FILE *file = fopen(path, "re");
    json_t *json;
    bool is_right;

    if (file == NULL)
        return errno == ENOENT   ? SG_ERR_NOTFOUND
               : errno == EACCES ? SG_ERR_ACCESS
                                 : SG_ERR_IO;
    json = json_loadf(file, JSON_REJECT_DUPLICATES, NULL);
    (void)fclose(file);
    is_right = read_members(json, &journal);
    json_decref(json);
    if (!is_right)
        return SG_ERR_MALFORMED;
    *ret_journal = journal;
    return SG_OK;
}

static json_t *hash_json(const struct sg_hash *hash)
{
    char text[2 * sizeof hash->bytes];
    struct sg_writer writer;

    sg_writer_init_array(&writer, (uint8_t *)text, sizeof text);
    sg_text_hex_encode(&writer, SG_BYTES_ARRAY(hash->bytes));
    return sg_writer_end(&writer) == SG_OK ? json_stringn(text, sizeof text)
                                           : NULL;
}

static enum sg_err err_now(void)
{
    return errno == ENOSPC   ? SG_ERR_FULL
           : errno == EACCES ? SG_ERR_ACCESS
                             : SG_ERR_IO;
}

static enum sg_err write_file(const char *path, const json_t *json)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written;

    if (fd < 0)
        return err_now();
    is_written = json_dumpfd(json, fd, JSON_INDENT(1)) == 0 && fsync(fd) == 0;
    return close(fd) == 0 && is_written ? SG_OK : err_now();
}

/* The name is durable when its folder is. */
static enum sg_err sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_SIZE];
    int fd;
    enum sg_err err;

    (void)snprintf(folder, sizeof folder, "%.*s",
                   slash == NULL ? 1 : (int)(slash - path) + 1,
                   slash == NULL ? "." : path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_now();
    err = fsync(fd) == 0 ? SG_OK : err_now();
    (void)close(fd);
    return err;
}

enum sg_err sg_import_journal_write(const char *path,
                                    const struct sg_import_journal *journal)
{
    char next[PATH_SIZE];
    json_t *json = json_pack(
        "{s:i,s:o,s:I,s:I,s:o,s:I,s:I,s:I,s:I,s:I}", "sogoc_import", VERSION,
        "settings", hash_json(&journal->settings), "day",
        (json_int_t)journal->day.ymd, "line", (json_int_t)journal->line,
        "sha256", hash_json(&journal->digest), "report",
        (json_int_t)journal->report, "lines", (json_int_t)journal->lines,
        "refused", (json_int_t)journal->refused, "flagged",
        (json_int_t)journal->flagged, "records", (json_int_t)journal->records);
    enum sg_err err;

    if (json == NULL)
        return SG_ERR_NOMEM;
    (void)snprintf(next, sizeof next, "%s.new", path);
    err = write_file(next, json);
    json_decref(json);
    if (err == SG_OK && rename(next, path) != 0)
        err = err_now();
    return err == SG_OK ? sync_folder(path) : err;
}
