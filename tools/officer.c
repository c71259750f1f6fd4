#include "tools/officer.h"

#include <stdio.h>
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"
#include "tools/ask.h"
#include "tools/home.h"

#define DIGITS_MIN 8u

int sg_officer_check_name(const struct sg_cli *cli, const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t size = strlen(name);

    if (size >= 1 && size < SG_OFFICER_NAME_SIZE &&
        strspn(name, allowed) == size)
        return 0;
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "%s: a staff number has a to z, 0 to 9, - and _, at "
                       "most %d of them",
                       "%s: số hiệu chỉ gồm a đến z, 0 đến 9, - và _, tối đa "
                       "%d ký tự",
                       name, SG_OFFICER_NAME_SIZE - 1);
}

int sg_officer_key(const struct sg_cli *cli, const char *name,
                   struct sg_key **ret_key)
{
    char folder[SG_HOME_PATH_MAX], file[SG_OFFICER_NAME_SIZE + 16];
    int code = sg_officer_check_name(cli, name);

    if (code == 0)
        code = sg_home_keys_path(cli, folder);
    if (code != 0)
        return code;
    (void)snprintf(file, sizeof file, "officer-%s", name);
    code = sg_ask_key(cli, folder, file, NULL, ret_key);
    if (code == 0 && *ret_key == NULL)
        code = sg_cli_fail(cli, SG_EXIT_KEY,
                           "%s/%s.key is missing; make it with sogoc officer "
                           "new",
                           "thiếu %s/%s.key; hãy tạo bằng sogoc officer new",
                           folder, file);
    return code;
}

struct walk {
    struct sg_authority_at at;
    const struct sg_seat *seat;
    sg_officer_fn *fn;
    void *context;
};

static enum sg_err see(void *context, struct sg_bytes payload)
{
    const struct walk *walk = context;
    const struct sg_authority_grant *grant;
    struct sg_record record;
    struct sg_key_id id;
    enum sg_err err = sg_record_decode(payload, &record);

    SG_ASSERT(err == SG_OK);
    id = sg_key_id_of(
        walk->seat->registry, SG_KEY_OFFICER,
        sg_record_bin(&record, SG_FIELD_OFFICER_GRANT_OFFICER).data);
    grant = sg_authority_grant(&walk->at, &id);
    SG_ASSERT(grant != NULL);
    return walk->fn(walk->context, grant,
                    sg_record_str(&record, SG_FIELD_OFFICER_GRANT_LABEL));
}

enum sg_err sg_officer_each(const struct sg_seat *seat, sg_officer_fn *fn,
                            void *context)
{
    struct walk walk = {.seat = seat, .fn = fn, .context = context};

    sg_authority_at_cut(seat->authority, &walk.at);
    return sg_authority_each(seat->authority, SG_TYPE_OFFICER_GRANT, see,
                             &walk);
}

struct search {
    const char *name;
    unsigned found;
    struct sg_key_id id;
};

static bool begins(struct sg_bytes bytes, const char *digits)
{
    char text[2 * SG_KEY_SIZE + 1];
    struct sg_writer writer;
    size_t size = strlen(digits);

    sg_writer_init_array(&writer, (uint8_t *)text, sizeof text);
    sg_text_hex_encode(&writer, bytes);
    return size >= DIGITS_MIN && sg_writer_end(&writer) == SG_OK &&
           size <= writer.size && memcmp(text, digits, size) == 0;
}

static enum sg_err match(void *context, const struct sg_authority_grant *grant,
                         struct sg_bytes label)
{
    struct search *search = context;

    if (!sg_bytes_equal(label, sg_bytes(search->name, strlen(search->name))) &&
        !begins(SG_BYTES_ARRAY(grant->officer.bytes), search->name) &&
        !begins(SG_BYTES_ARRAY(grant->key), search->name))
        return SG_OK;
    search->id = grant->officer;
    search->found++;
    return SG_OK;
}

int sg_officer_find(const struct sg_seat *seat, const char *name,
                    struct sg_key_id *ret_id)
{
    struct search search = {.name = name};
    enum sg_err err = sg_officer_each(seat, match, &search);

    if (err != SG_OK)
        return sg_cli_fail_err(seat->cli, err, name);
    if (search.found == 1) {
        *ret_id = search.id;
        return 0;
    }
    return sg_cli_fail(
        seat->cli, search.found == 0 ? SG_EXIT_IMPOSSIBLE : SG_EXIT_USAGE,
        search.found == 0 ? "%s: no such officer; sogoc officer list has them"
                          : "%s: several officers are called so; give the key "
                            "id",
        search.found == 0 ? "%s: không có cán bộ này; xem sogoc officer list"
                          : "%s: có nhiều cán bộ như vậy; hãy ghi mã khóa",
        name);
}
