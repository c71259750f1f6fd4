#include "replication/statement.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

static const char purpose[] = "sogoc v1 statement";

#define VERSION     1
#define SIGNED_SIZE (SG_STATEMENT_SIZE - SG_SIGNATURE_SIZE)

void sg_statement_encode(const struct sg_statement *statement,
                         uint8_t ret_bytes[SG_STATEMENT_SIZE])
{
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, ret_bytes, SG_STATEMENT_SIZE);
    sg_writer_u8(&writer, VERSION);
    sg_writer_u64be(&writer, statement->unit);
    sg_writer_u64be(&writer, statement->position);
    sg_writer_u32be(&writer, statement->logs);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(statement->cut_root.bytes));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(statement->state_root.bytes));
    sg_writer_u32be(&writer, statement->rules);
    sg_writer_u64be(&writer, statement->rows);
    sg_writer_u64be(&writer, statement->persons);
    sg_writer_u64be(&writer, statement->quarantined);
    sg_writer_u64be(&writer, statement->seconds);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(statement->node_key));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(statement->signature));
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == SG_STATEMENT_SIZE);
}

enum sg_err sg_statement_decode(struct sg_bytes bytes,
                                struct sg_statement *ret_statement)
{
    struct sg_statement statement;
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    if (sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    statement.unit = sg_reader_u64be(&reader);
    statement.position = sg_reader_u64be(&reader);
    statement.logs = sg_reader_u32be(&reader);
    sg_reader_copy(&reader, statement.cut_root.bytes,
                   sizeof statement.cut_root.bytes);
    sg_reader_copy(&reader, statement.state_root.bytes,
                   sizeof statement.state_root.bytes);
    statement.rules = sg_reader_u32be(&reader);
    statement.rows = sg_reader_u64be(&reader);
    statement.persons = sg_reader_u64be(&reader);
    statement.quarantined = sg_reader_u64be(&reader);
    statement.seconds = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, statement.node_key, sizeof statement.node_key);
    sg_reader_copy(&reader, statement.signature, sizeof statement.signature);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_statement = statement;
    return err;
}

void sg_statement_sign(struct sg_statement *statement,
                       const struct sg_registry_id *registry,
                       const struct sg_sign_key *key)
{
    uint8_t bytes[SG_STATEMENT_SIZE];
    enum sg_err err;

    sg_crypto_sign_public(key, statement->node_key);
    sg_statement_encode(statement, bytes);
    err = sg_crypto_sign_purpose(key, purpose, &registry->hash, bytes,
                                 SIGNED_SIZE, statement->signature);
    SG_ASSERT(err == SG_OK);
}

enum sg_err sg_statement_verify(const struct sg_statement *statement,
                                const struct sg_registry_id *registry)
{
    uint8_t bytes[SG_STATEMENT_SIZE];

    sg_statement_encode(statement, bytes);
    return sg_crypto_verify_purpose(statement->node_key, purpose,
                                    &registry->hash, bytes, SIGNED_SIZE,
                                    statement->signature);
}

/* Counts of rows and persons are the state's as the root is; of logs the cut's.
 * Quarantined records are a function of the cut too. */
bool sg_statement_contradicts(const struct sg_statement *a,
                              const struct sg_statement *b)
{
    bool is_one_cut =
        a->unit == b->unit && a->position == b->position &&
        a->rules == b->rules &&
        memcmp(&a->cut_root, &b->cut_root, sizeof a->cut_root) == 0;

    return is_one_cut &&
           (memcmp(&a->state_root, &b->state_root, sizeof a->state_root) != 0 ||
            a->logs != b->logs || a->rows != b->rows ||
            a->persons != b->persons || a->quarantined != b->quarantined);
}
