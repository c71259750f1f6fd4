#include "storage/registry/authority_scope.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/registry/authority_state.h"

static struct sg_authority_scope scope_of(const struct sg_authority *authority,
                                          const struct sg_record *record)
{
    struct sg_bytes key = sg_record_bin(record, SG_FIELD_SCOPE_KEY_PUBLIC);
    struct sg_authority_scope scope = {
        .unit = sg_record_unit(record, SG_FIELD_SCOPE_KEY_UNIT),
        .state = (enum sg_authority_scope_state)sg_record_uint(
            record, SG_FIELD_SCOPE_KEY_STATE),
    };

    SG_ASSERT(key.size == SG_KEY_SIZE);
    memcpy(scope.public_key.bytes, key.data, SG_KEY_SIZE);
    scope.id = sg_key_id_of(&authority->registry, SG_KEY_SCOPE, key.data);
    return scope;
}

struct walk {
    const struct sg_authority *authority;
    sg_authority_scope_fn *fn;
    void *context;
};

static enum sg_err see(void *context, struct sg_bytes payload)
{
    const struct walk *walk = context;
    struct sg_authority_scope scope;
    struct sg_record record;
    enum sg_err err = sg_record_decode(payload, &record);

    SG_ASSERT(err == SG_OK); /* it was added */
    scope = scope_of(walk->authority, &record);
    return walk->fn(walk->context, &scope);
}

enum sg_err sg_authority_scope_each(const struct sg_authority *authority,
                                    sg_authority_scope_fn *fn, void *context)
{
    struct walk walk = {authority, fn, context};

    return sg_authority_each(authority, SG_TYPE_SCOPE_KEY, see, &walk);
}

struct search {
    struct sg_unit_key unit;
    struct sg_authority_scope scope;
};

static enum sg_err match(void *context, const struct sg_authority_scope *scope)
{
    struct search *search = context;

    if (scope->state != SG_AUTHORITY_SCOPE_CURRENT ||
        !sg_unit_key_equal(scope->unit, search->unit))
        return SG_OK;
    search->scope = *scope;
    return SG_ERR_EXISTS;
}

bool sg_authority_scope_current(const struct sg_authority *authority,
                                struct sg_unit_key unit,
                                struct sg_authority_scope *ret_scope)
{
    struct search search = {.unit = unit};

    if (sg_authority_scope_each(authority, match, &search) == SG_OK)
        return false;
    *ret_scope = search.scope;
    return true;
}

/* Finds the box for READER in RECORD; no bytes when it has none. */
static struct sg_bytes find_box(const struct sg_record *record,
                                const struct sg_key_id *reader)
{
    struct sg_msgpack msgpack;
    uint32_t n;

    sg_record_open(record, SG_FIELD_SCOPE_KEY_WRAPS, &msgpack);
    n = sg_msgpack_read_array(&msgpack);
    for (uint32_t i = 0; i < n; i++) {
        struct sg_bytes id, box;

        (void)sg_msgpack_read_array(&msgpack);
        id = sg_msgpack_read_bin(&msgpack);
        box = sg_msgpack_read_bin(&msgpack);
        if (id.size == sizeof reader->bytes &&
            memcmp(id.data, reader->bytes, id.size) == 0)
            return box;
    }
    return sg_bytes(NULL, 0);
}

/* The statements about the scope key ID, newest first. */
static uint32_t newest(const struct sg_authority *authority,
                       const struct sg_key_id *id)
{
    const struct sg_authority_slot *slots =
        authority->made[SG_AUTHORITY_SLOTS].items;
    struct sg_uid subject = sg_authority_subject(sg_bytes_get_u64be(id->bytes));
    uint32_t slot;

    SG_ASSERT(authority->is_sealed);
    slot = sg_authority_find_slot(authority, SG_TYPE_SCOPE_KEY, &subject);
    return slot == SG_AUTHORITY_NONE ? SG_AUTHORITY_NONE : slots[slot].newest;
}

bool sg_authority_scope_is_given(const struct sg_authority *authority,
                                 const struct sg_key_id *id,
                                 const struct sg_key_id *reader)
{
    for (uint32_t no = newest(authority, id); no != SG_AUTHORITY_NONE;
         no = sg_authority_statement(authority, no)->older) {
        struct sg_record record;

        sg_authority_read(authority, no, &record);
        if (find_box(&record, reader).size > 0)
            return true;
    }
    return false;
}

/* Opens BOX, if it holds the secret of PUBLIC_KEY. */
static bool open_box(struct sg_bytes box, const uint8_t *public_key,
                     const uint8_t transport[SG_KEY_SIZE],
                     const uint8_t secret[SG_KEY_SIZE],
                     struct sg_scope_pair *pair)
{
    return box.size == SG_AUTHORITY_SCOPE_BOX_SIZE &&
           sg_crypto_box_open(transport, secret, box, pair->secret,
                              SG_KEY_SIZE) == SG_OK &&
           (sg_crypto_x25519_public(pair->secret, pair->public_key.bytes),
            memcmp(pair->public_key.bytes, public_key, SG_KEY_SIZE) == 0);
}

enum sg_err sg_authority_scope_open(const struct sg_authority *authority,
                                    const struct sg_key_id *id,
                                    const uint8_t transport[SG_KEY_SIZE],
                                    const uint8_t secret[SG_KEY_SIZE],
                                    struct sg_scope_pair *ret_pair)
{
    struct sg_key_id reader =
        sg_key_id_of(&authority->registry, SG_KEY_TRANSPORT, transport);
    struct sg_scope_pair pair;
    bool is_open = false;

    for (uint32_t no = newest(authority, id);
         no != SG_AUTHORITY_NONE && !is_open;
         no = sg_authority_statement(authority, no)->older) {
        struct sg_record record;

        sg_authority_read(authority, no, &record);
        is_open =
            open_box(find_box(&record, &reader),
                     sg_record_bin(&record, SG_FIELD_SCOPE_KEY_PUBLIC).data,
                     transport, secret, &pair);
    }
    if (is_open)
        *ret_pair = pair;
    sg_crypto_wipe(&pair, sizeof pair);
    return is_open ? SG_OK : SG_ERR_NOTFOUND;
}
