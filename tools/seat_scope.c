#include "tools/seat_scope.h"

#include <stdlib.h>
#include <string.h>

#include "storage/base/alloc.h"

/* Nodes that one statement can give a secret to; field 4 takes no more. */
#define READERS_MAX 256u

/* Transport keys for which a secret is wrapped. */
struct readers {
    size_t count;
    struct reader {
        struct sg_key_id id;
        uint8_t key[SG_KEY_SIZE];
    } all[READERS_MAX];
};

static int add_reader(const struct sg_seat *seat, struct readers *readers,
                      const uint8_t key[SG_KEY_SIZE])
{
    struct reader *reader = &readers->all[readers->count];

    if (readers->count == READERS_MAX)
        return sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                           "more than %u nodes would read one scope",
                           "một phạm vi không thể có quá %u nút đọc",
                           READERS_MAX);
    reader->id = sg_key_id_of(seat->registry, SG_KEY_TRANSPORT, key);
    memcpy(reader->key, key, SG_KEY_SIZE);
    readers->count++;
    return 0;
}

static int compare_readers(const void *a, const void *b)
{
    const struct reader *x = a, *y = b;

    return sg_key_id_compare(&x->id, &y->id);
}

/* Ends a statement about the scope key PUBLIC_KEY of UNIT; SECRET goes to
 * READERS. */
static int say(struct sg_seat *seat, struct sg_unit_key unit,
               const struct sg_scope_public *public_key,
               enum sg_authority_scope_state state, const uint8_t *secret,
               struct readers *readers)
{
    struct sg_record_build *build = sg_seat_begin(seat, SG_TYPE_SCOPE_KEY);
    struct sg_pack *pack;
    enum sg_err err = SG_OK;

    sg_record_build_uint(build, SG_FIELD_SCOPE_KEY_UNIT, unit.value);
    sg_record_build_bin(build, SG_FIELD_SCOPE_KEY_PUBLIC,
                        SG_BYTES_ARRAY(public_key->bytes));
    sg_record_build_uint(build, SG_FIELD_SCOPE_KEY_STATE, state);
    pack = sg_record_build_field(build, SG_FIELD_SCOPE_KEY_WRAPS);
    if (readers->count > 1)
        qsort(readers->all, readers->count, sizeof readers->all[0],
              compare_readers);
    sg_pack_array(pack, (uint32_t)readers->count);
    for (size_t i = 0; i < readers->count && err == SG_OK; i++) {
        uint8_t box[SG_AUTHORITY_SCOPE_BOX_SIZE];

        err =
            sg_crypto_box_seal(readers->all[i].key,
                               sg_bytes(secret, SG_KEY_SIZE), box, sizeof box);
        sg_pack_array(pack, 2);
        sg_pack_bin(pack, SG_BYTES_ARRAY(readers->all[i].id.bytes));
        sg_pack_bin(pack, SG_BYTES_ARRAY(box));
    }
    if (err == SG_OK)
        return sg_seat_end(seat, NULL);
    sg_record_build_clear(build);
    return sg_cli_fail_err(
        seat->cli, err,
        sg_cli_say(seat->cli, "a transport key", "khóa kết nối của nút"));
}

static int need_escrow(const struct sg_seat *seat)
{
    if (seat->escrow != NULL)
        return 0;
    return sg_cli_fail(seat->cli, SG_EXIT_KEY,
                       "%s/keys/escrow.key is missing: without it no scope key "
                       "can be given or made; put it back",
                       "thiếu %s/keys/escrow.key: không có nó thì không cấp "
                       "hay tạo được khóa phạm vi; hãy đặt lại",
                       seat->cli->dir);
}

/* Draws a key for UNIT and says so. */
static int make(struct sg_seat *seat, struct sg_unit_key unit,
                struct readers *readers)
{
    struct sg_scope_public public_key;
    uint8_t secret[SG_KEY_SIZE];
    int code = add_reader(seat, readers, seat->escrow->public_key);

    if (code != 0)
        return code;
    sg_crypto_x25519_keypair(secret, public_key.bytes);
    code = say(seat, unit, &public_key, SG_AUTHORITY_SCOPE_CURRENT, secret,
               readers);
    sg_crypto_wipe(secret, sizeof secret);
    return code;
}

/* Gives the secret of SCOPE, whatever its state, to READERS. */
static int give(struct sg_seat *seat, const struct sg_authority_scope *scope,
                struct readers *readers)
{
    struct sg_scope_pair pair;
    enum sg_err err = sg_authority_scope_open(seat->authority, &scope->id,
                                              seat->escrow->public_key,
                                              seat->escrow->secret, &pair);
    int code;

    if (err != SG_OK)
        return sg_cli_fail(seat->cli, SG_EXIT_KEY,
                           "the escrow does not open the scope key of unit "
                           "%llu; replace it with: sogoc scope rotate",
                           "khóa ký gửi không mở được khóa phạm vi của đơn vị "
                           "%llu; hãy thay bằng: sogoc scope rotate",
                           (unsigned long long)scope->unit.value);
    code = say(seat, scope->unit, &scope->public_key, scope->state, pair.secret,
               readers);
    sg_crypto_wipe(&pair, sizeof pair);
    return code;
}

/* The replaced keys of a unit that a reader was not given. */
struct search {
    const struct sg_authority *authority;
    struct sg_unit_key unit;
    const struct sg_key_id *reader;
    size_t left; /* to pass over before the one that is meant */
    struct sg_authority_scope scope;
};

static enum sg_err match_old(void *context,
                             const struct sg_authority_scope *scope)
{
    struct search *search = context;

    if (scope->state != SG_AUTHORITY_SCOPE_OLD ||
        !sg_unit_key_equal(scope->unit, search->unit) ||
        sg_authority_scope_is_given(search->authority, &scope->id,
                                    search->reader))
        return SG_OK;
    search->scope = *scope;
    return search->left-- == 0 ? SG_ERR_EXISTS : SG_OK;
}

/* Gives the one reader the keys of UNIT that were replaced, too: without them
 * he does not read what was sealed before. What is said here is heard when it
 * is filed, so that they are counted. */
static int give_old(struct sg_seat *seat, struct sg_unit_key unit,
                    struct readers *readers)
{
    const struct sg_key_id reader = readers->all[0].id;
    int code = 0;

    for (size_t n = 0; code == 0; n++) {
        struct search search = {.authority = seat->authority,
                                .unit = unit,
                                .reader = &reader,
                                .left = n};

        if (sg_authority_scope_each(seat->authority, match_old, &search) ==
            SG_OK)
            break;
        code = give(seat, &search.scope, readers);
    }
    return code;
}

int sg_seat_scope_give(struct sg_seat *seat, struct sg_unit_key unit,
                       const uint8_t *reader, enum sg_seat_scope_done *ret_done)
{
    struct sg_authority_scope scope;
    struct readers *readers;
    bool is_there = sg_authority_scope_current(seat->authority, unit, &scope);
    int code = need_escrow(seat);

    if (code != 0)
        return code;
    readers = sg_calloc(1, sizeof *readers);
    if (readers == NULL)
        return sg_cli_fail_err(seat->cli, SG_ERR_NOMEM, seat->cli->dir);
    if (reader != NULL)
        code = add_reader(seat, readers, reader);
    *ret_done = is_there ? SG_SEAT_SCOPE_GIVEN : SG_SEAT_SCOPE_MADE;
    if (is_there && (reader == NULL ||
                     sg_authority_scope_is_given(seat->authority, &scope.id,
                                                 &readers->all[0].id)))
        *ret_done = SG_SEAT_SCOPE_HAD;
    if (code == 0 && *ret_done == SG_SEAT_SCOPE_MADE)
        code = make(seat, unit, readers);
    else if (code == 0 && *ret_done == SG_SEAT_SCOPE_GIVEN)
        code = give(seat, &scope, readers);
    if (code == 0 && reader != NULL && *ret_done != SG_SEAT_SCOPE_MADE)
        code = give_old(seat, unit, readers);
    sg_free(readers);
    return code;
}

/* Finds the admitted nodes that have the secret of SCOPE. */
static int find_readers(struct sg_seat *seat,
                        const struct sg_authority_scope *scope,
                        const uint8_t *but, struct readers *readers)
{
    struct sg_trust_node node;
    uint32_t no = 0;
    int code = 0;

    while (code == 0 && sg_trust_next_node(seat->trust, &no, &node)) {
        const struct sg_certificate *certificate = &node.certificate;
        struct sg_key_id id = sg_key_id_of(seat->registry, SG_KEY_TRANSPORT,
                                           certificate->transport_key);

        if (node.state == SG_TRUST_ADMITTED &&
            (but == NULL ||
             memcmp(certificate->node_key, but, SG_KEY_SIZE) != 0) &&
            sg_authority_scope_is_given(seat->authority, &scope->id, &id))
            code = add_reader(seat, readers, certificate->transport_key);
    }
    return code;
}

static int replace(struct sg_seat *seat, const struct sg_authority_scope *scope,
                   const uint8_t *but, struct readers *readers,
                   size_t *ret_readers)
{
    int code = find_readers(seat, scope, but, readers);

    *ret_readers = readers->count;
    if (code == 0)
        code = make(seat, scope->unit, readers);
    readers->count = 0;
    if (code == 0)
        code = say(seat, scope->unit, &scope->public_key,
                   SG_AUTHORITY_SCOPE_OLD, NULL, readers);
    return code;
}

int sg_seat_scope_rotate(struct sg_seat *seat, struct sg_unit_key unit,
                         const uint8_t *but, size_t *ret_readers)
{
    struct sg_authority_scope scope;
    struct readers *readers;
    int code = need_escrow(seat);

    if (code == 0 && !sg_authority_scope_current(seat->authority, unit, &scope))
        code = sg_cli_fail(seat->cli, SG_EXIT_IMPOSSIBLE,
                           "unit %llu has no scope key; sogoc scope list has "
                           "those that there are",
                           "đơn vị %llu chưa có khóa phạm vi; xem sogoc scope "
                           "list",
                           (unsigned long long)unit.value);
    if (code != 0)
        return code;
    readers = sg_calloc(1, sizeof *readers);
    if (readers == NULL)
        return sg_cli_fail_err(seat->cli, SG_ERR_NOMEM, seat->cli->dir);
    code = replace(seat, &scope, but, readers, ret_readers);
    sg_free(readers);
    return code;
}
