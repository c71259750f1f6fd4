#include "tools/unit_name.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/registry/unit_file.h"

int sg_unit_name_shipped(const struct sg_cli *cli,
                         struct sg_unit_table **ret_units)
{
    enum sg_err err =
        sg_unit_file_read(sg_unit_file_shipped(), ret_units, NULL);

    return err == SG_OK ? 0
                        : sg_cli_fail_err(cli, err,
                                          sg_cli_say(cli, "the shipped units",
                                                     "bảng đơn vị kèm theo"));
}

static int fail_unknown(const struct sg_cli *cli, const char *text)
{
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "%s: no such unit; give its whole name, \"Huyện Mường "
                       "Lát\", or its number",
                       "%s: không có đơn vị này; hãy ghi đủ tên, \"Huyện Mường "
                       "Lát\", hoặc số",
                       text);
}

/* Two of one name are one if the later goes on under the same code. */
static int find_by_name(const struct sg_cli *cli,
                        const struct sg_unit_table *units, const char *text,
                        struct sg_unit_key *ret_unit)
{
    struct sg_unit_key found = SG_UNIT_COUNTRY;

    for (size_t i = 0; i < sg_unit_table_size(units); i++) {
        const struct sg_unit *unit = sg_unit_table_get(units, i);

        if (unit->name.size != strlen(text) ||
            memcmp(unit->name.data, text, unit->name.size) != 0)
            continue;
        if (found.value != 0 &&
            (sg_unit_key_code(found) != sg_unit_key_code(unit->key) ||
             sg_unit_key_level(found) != sg_unit_key_level(unit->key)))
            return sg_cli_fail(cli, SG_EXIT_USAGE,
                               "%s: several units have this name; give its "
                               "number",
                               "%s: nhiều đơn vị có tên này; hãy ghi số", text);
        found = unit->key; /* ascending: the later */
    }
    if (found.value == 0)
        return fail_unknown(cli, text);
    *ret_unit = found;
    return 0;
}

int sg_unit_name_find(const struct sg_cli *cli,
                      const struct sg_unit_table *units, const char *text,
                      struct sg_unit_key *ret_unit)
{
    struct sg_unit_key key;

    if (sg_text_decimal_decode(sg_bytes(text, strlen(text)), &key.value) !=
        SG_OK)
        return find_by_name(cli, units, text, ret_unit);
    if (key.value != 0 && sg_unit_find(units, key) == NULL)
        return fail_unknown(cli, text);
    *ret_unit = key;
    return 0;
}

static int compare_units(const void *a, const void *b)
{
    const struct sg_unit_key *x = a, *y = b;

    return (x->value > y->value) - (x->value < y->value);
}

int sg_unit_name_find_all(const struct sg_cli *cli,
                          const struct sg_unit_table *units,
                          char *const words[], size_t count,
                          struct sg_unit_key ret_units[])
{
    int code = 0;

    for (size_t i = 0; i < count && code == 0; i++)
        code = sg_unit_name_find(cli, units, words[i], &ret_units[i]);
    if (code != 0)
        return code;
    qsort(ret_units, count, sizeof ret_units[0], compare_units);
    for (size_t i = 1; i < count; i++)
        if (sg_unit_key_equal(ret_units[i - 1], ret_units[i]))
            return sg_cli_fail(cli, SG_EXIT_USAGE, "unit %llu is named twice",
                               "đơn vị %llu được nêu hai lần",
                               (unsigned long long)ret_units[i].value);
    return 0;
}
