#include "tools/role.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum sg_certificate_role role;
    const char *word;
    const char *vietnamese;
} nodes[] = {
    {SG_CERTIFICATE_AUTHORITY, "authority", "cơ quan quản lý"},
    {SG_CERTIFICATE_CENTRAL, "central", "trung tâm"},
    {SG_CERTIFICATE_DISTRICT, "district", "cấp huyện"},
    {SG_CERTIFICATE_RELAY, "relay", "chuyển tiếp"},
    {SG_CERTIFICATE_AUDITOR, "auditor", "kiểm tra"},
};

#define N_NODES (sizeof nodes / sizeof nodes[0])

/* By bit, from 0. As they are typed: the same in every language. */
static const char *const officers[] = {"capture", "approve", "adjudicate",
                                       "audit", "administer"};

#define N_OFFICERS (sizeof officers / sizeof officers[0])

int sg_role_find(const struct sg_cli *cli, const char *word,
                 enum sg_certificate_role *ret_role)
{
    for (size_t i = 0; i < N_NODES; i++) {
        if (strcmp(nodes[i].word, word) != 0)
            continue;
        *ret_role = nodes[i].role;
        return 0;
    }
    return sg_cli_fail(cli, SG_EXIT_USAGE,
                       "%s: a role is authority, central, district, relay or "
                       "auditor",
                       "%s: vai trò là authority, central, district, relay "
                       "hoặc auditor",
                       word);
}

struct sg_out_value sg_role_value(enum sg_certificate_role role,
                                  enum sg_lang lang)
{
    for (size_t i = 0; i < N_NODES; i++)
        if (nodes[i].role == role)
            return sg_out_word(nodes[i].word,
                               lang == SG_LANG_VI ? nodes[i].vietnamese : NULL);
    return sg_out_none();
}

/* Finds the bit of the SIZE bytes at WORD; 0: none. */
static unsigned bit_of(const char *word, size_t size)
{
    for (size_t i = 0; i < N_OFFICERS; i++)
        if (strlen(officers[i]) == size && memcmp(officers[i], word, size) == 0)
            return 1u << i;
    return 0;
}

int sg_role_bits(const struct sg_cli *cli, const char *words,
                 unsigned *ret_bits)
{
    unsigned bits = 0;

    for (const char *at = words;;) {
        size_t size = strcspn(at, ",");
        unsigned bit = bit_of(at, size);

        if (bit == 0)
            return sg_cli_fail(
                cli, SG_EXIT_USAGE,
                "%s: roles are capture, approve, adjudicate, audit, "
                "administer, with commas between",
                "%s: vai trò là capture, approve, adjudicate, audit, "
                "administer, cách nhau bằng dấu phẩy",
                words);
        bits |= bit;
        if (at[size] == '\0')
            break;
        at += size + 1;
    }
    *ret_bits = bits;
    return 0;
}

void sg_role_print(unsigned bits, char ret_text[SG_ROLE_TEXT_SIZE])
{
    size_t size = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < N_OFFICERS; i++) {
        if ((bits & 1u << i) == 0)
            continue;
        size += (size_t)snprintf(ret_text + size, SG_ROLE_TEXT_SIZE - size,
                                 "%s%s", size > 0 ? "," : "", officers[i]);
    }
}
