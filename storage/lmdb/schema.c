#include "storage/lmdb/schema.h"

#include <string.h>

const char *const sg_schema_names[SG_DB_COUNT] = {
#define SG_SCHEMA_NAME(name, text) text,
    SG_SCHEMA_LIST(SG_SCHEMA_NAME)
#undef SG_SCHEMA_NAME
};

struct sg_schema_key sg_schema_log(uint32_t log)
{
    struct sg_schema_key key = {.size = 4};
    sg_bytes_put_u32be(key.bytes, log);
    return key;
}

struct sg_schema_key sg_schema_log_id(const struct sg_log_id *id,
                                      uint8_t branch)
{
    struct sg_schema_key key = {.size = 33};
    memcpy(key.bytes, id->hash.bytes, 32);
    key.bytes[32] = branch;
    return key;
}

struct sg_schema_key sg_schema_number(uint64_t number)
{
    struct sg_schema_key key = {.size = 8};
    sg_bytes_put_u64be(key.bytes, number);
    return key;
}

struct sg_schema_key sg_schema_place(uint32_t log, uint64_t index)
{
    struct sg_schema_key key = {.size = 12};
    sg_bytes_put_u32be(key.bytes, log);
    sg_bytes_put_u64be(key.bytes + 4, index);
    return key;
}

struct sg_schema_key sg_schema_node(uint32_t log, unsigned level,
                                    uint64_t position)
{
    struct sg_schema_key key = {.size = 13};
    sg_bytes_put_u32be(key.bytes, log);
    key.bytes[4] = (uint8_t)level;
    sg_bytes_put_u64be(key.bytes + 5, position);
    return key;
}

bool sg_schema_parse_place(struct sg_bytes key, uint32_t *ret_log,
                           uint64_t *ret_index)
{
    if (key.size != 12) {
        return false;
    }
    *ret_log = sg_bytes_get_u32be(key.data);
    *ret_index = sg_bytes_get_u64be(key.data + 4);
    return true;
}

bool sg_schema_last(struct sg_txn *txn, unsigned db, uint64_t *ret_number,
                    struct sg_bytes *ret_value)
{
    struct sg_schema_key end = sg_schema_number(UINT64_MAX);
    struct sg_bytes key;
    if (!sg_txn_seek_back(txn, db, sg_schema_bytes(&end), &key, ret_value)) {
        return false;
    }
    if (key.size != end.size || sg_bytes_equal(key, sg_schema_bytes(&end))) {
        (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
        return false;
    }
    *ret_number = sg_bytes_get_u64be(key.data);
    return true;
}

uint64_t sg_schema_meta_get(struct sg_txn *txn, const char *name)
{
    struct sg_bytes value;
    if (!sg_txn_get(txn, SG_DB_META, sg_bytes(name, strlen(name)), &value) ||
        value.size != 8) {
        (void)sg_txn_fail(txn, SG_ERR_DAMAGED);
        return 0;
    }
    return sg_bytes_get_u64be(value.data);
}

void sg_schema_meta_put(struct sg_txn *txn, const char *name, uint64_t value)
{
    uint8_t bytes[8];
    sg_bytes_put_u64be(bytes, value);
    sg_txn_put(txn, SG_DB_META, sg_bytes(name, strlen(name)),
               SG_BYTES_ARRAY(bytes));
}
