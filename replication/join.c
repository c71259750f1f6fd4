#include "replication/join.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"

static const char purpose_request[] = "sogoc v1 request";
static const char purpose_invite[] = "sogoc v1 invite";

#define VERSION     1
#define MAGIC       "sogocadm"
#define MAGIC_SIZE  8
#define SIGNED_SIZE (SG_JOIN_REQUEST_SIZE - SG_SIGNATURE_SIZE)

void sg_join_request_encode(const struct sg_join_request *request,
                            uint8_t ret_bytes[SG_JOIN_REQUEST_SIZE])
{
    struct sg_writer writer;
    enum sg_err err;

    sg_writer_init_array(&writer, ret_bytes, SG_JOIN_REQUEST_SIZE);
    sg_writer_u8(&writer, VERSION);
    sg_writer_u8(&writer, (uint8_t)request->role);
    sg_writer_u64be(&writer, request->unit);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(request->node_key));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(request->transport_key));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(request->random));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(request->signature));
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == SG_JOIN_REQUEST_SIZE);
}

enum sg_err sg_join_request_decode(struct sg_bytes bytes,
                                   struct sg_join_request *ret_request)
{
    struct sg_join_request request;
    struct sg_reader reader;
    enum sg_err err;

    sg_reader_init(&reader, bytes);
    if (sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    request.role = (enum sg_certificate_role)sg_reader_u8(&reader);
    if (request.role < SG_CERTIFICATE_AUTHORITY ||
        request.role > SG_CERTIFICATE_AUDITOR)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    request.unit = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, request.node_key, SG_KEY_SIZE);
    sg_reader_copy(&reader, request.transport_key, SG_KEY_SIZE);
    sg_reader_copy(&reader, request.random, SG_JOIN_RANDOM_SIZE);
    sg_reader_copy(&reader, request.signature, SG_SIGNATURE_SIZE);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_request = request;
    return err;
}

void sg_join_request_sign(struct sg_join_request *request,
                          const struct sg_registry_id *registry,
                          const struct sg_sign_key *key)
{
    uint8_t bytes[SG_JOIN_REQUEST_SIZE];
    enum sg_err err;

    sg_crypto_sign_public(key, request->node_key);
    sg_join_request_encode(request, bytes);
    err = sg_crypto_sign_purpose(key, purpose_request, &registry->hash, bytes,
                                 SIGNED_SIZE, request->signature);
    SG_ASSERT(err == SG_OK);
}

enum sg_err sg_join_request_verify(const struct sg_join_request *request,
                                   const struct sg_registry_id *registry)
{
    uint8_t bytes[SG_JOIN_REQUEST_SIZE];

    sg_join_request_encode(request, bytes);
    return sg_crypto_verify_purpose(request->node_key, purpose_request,
                                    &registry->hash, bytes, SIGNED_SIZE,
                                    request->signature);
}

void sg_join_proof(const struct sg_registry_id *registry,
                   const uint8_t secret[SG_JOIN_SECRET_SIZE],
                   const struct sg_hash *handshake,
                   const uint8_t request[SG_JOIN_REQUEST_SIZE],
                   uint8_t ret_proof[SG_JOIN_PROOF_SIZE])
{
    uint8_t key[SG_KEY_SIZE] = {0};
    struct sg_blake2b ctx;

    memcpy(key, secret, SG_JOIN_SECRET_SIZE);
    sg_crypto_blake2b_purpose_init(&ctx, key, sizeof key, SG_JOIN_PROOF_SIZE,
                                   purpose_invite, &registry->hash);
    sg_crypto_wipe(key, sizeof key);
    sg_crypto_blake2b_update(&ctx, handshake->bytes, sizeof handshake->bytes);
    sg_crypto_blake2b_update(&ctx, request, SG_JOIN_REQUEST_SIZE);
    sg_crypto_blake2b_final(&ctx, ret_proof, SG_JOIN_PROOF_SIZE);
}

void sg_join_answer_put(struct sg_writer *writer, enum sg_join_answer answer,
                        const uint8_t certificate[SG_CERTIFICATE_SIZE])
{
    SG_ASSERT((answer == SG_JOIN_ADMITTED) == (certificate != NULL));
    sg_writer_u8(writer, (uint8_t)answer);
    if (certificate != NULL)
        sg_writer_bytes(writer, sg_bytes(certificate, SG_CERTIFICATE_SIZE));
}

enum sg_err sg_join_answer_decode(struct sg_bytes body,
                                  enum sg_join_answer *ret_answer,
                                  uint8_t ret_certificate[SG_CERTIFICATE_SIZE])
{
    uint8_t certificate[SG_CERTIFICATE_SIZE] = {0};
    struct sg_reader reader;
    enum sg_err err;
    uint8_t answer;

    sg_reader_init(&reader, body);
    answer = sg_reader_u8(&reader);
    if (answer > SG_JOIN_REFUSED)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    if (answer == SG_JOIN_ADMITTED)
        sg_reader_copy(&reader, certificate, sizeof certificate);
    err = sg_reader_end(&reader);
    if (err != SG_OK)
        return err;
    *ret_answer = (enum sg_join_answer)answer;
    memcpy(ret_certificate, certificate, sizeof certificate);
    return SG_OK;
}

void sg_join_admission_put(struct sg_writer *writer,
                           const struct sg_join_admission *admission)
{
    if (admission->chain.size > SG_STAGE1_SIZE_MAX)
        sg_writer_fail(writer, SG_ERR_LIMIT);
    sg_writer_bytes(writer, sg_bytes(MAGIC, MAGIC_SIZE));
    sg_writer_u8(writer, VERSION);
    sg_writer_bytes(writer, SG_BYTES_ARRAY(admission->registry.hash.bytes));
    sg_writer_bytes(writer, SG_BYTES_ARRAY(admission->certificate));
    sg_writer_bytes(writer, admission->chain);
}

enum sg_err sg_join_admission_decode(struct sg_bytes bytes,
                                     struct sg_join_admission *ret_admission)
{
    struct sg_join_admission admission;
    uint8_t magic[MAGIC_SIZE] = {0};
    struct sg_reader reader;
    enum sg_err err;

    if (bytes.size > SG_JOIN_ADMISSION_SIZE_MAX)
        return SG_ERR_LIMIT;
    sg_reader_init(&reader, bytes);
    sg_reader_copy(&reader, magic, sizeof magic);
    if (memcmp(magic, MAGIC, MAGIC_SIZE) != 0)
        sg_reader_fail(&reader, SG_ERR_MALFORMED);
    if (sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    sg_reader_copy(&reader, admission.registry.hash.bytes,
                   sizeof admission.registry.hash.bytes);
    sg_reader_copy(&reader, admission.certificate, SG_CERTIFICATE_SIZE);
    admission.chain = sg_reader_rest(&reader);
    err = sg_reader_end(&reader);
    if (err == SG_OK)
        *ret_admission = admission;
    return err;
}

/* Judges the certificate by the root of its generation, which CHAIN shows. */
static enum sg_err judge_certificate(const struct sg_join_admission *admission,
                                     const struct sg_chain *chain,
                                     struct sg_certificate *ret_certificate)
{
    enum sg_err err = sg_certificate_decode(
        SG_BYTES_ARRAY(admission->certificate), ret_certificate);
    const struct sg_root *root;

    if (err != SG_OK)
        return err;
    root = sg_chain_root(chain, ret_certificate->generation);
    if (root == NULL)
        return SG_ERR_UNTRUSTED;
    err =
        sg_certificate_verify(ret_certificate, &admission->registry, root->key);
    return err == SG_OK ? SG_OK : SG_ERR_UNTRUSTED;
}

enum sg_err sg_join_admission_judge(const struct sg_join_admission *admission,
                                    const struct sg_registry_id *registry,
                                    const uint8_t node_key[SG_KEY_SIZE],
                                    const uint8_t transport_key[SG_KEY_SIZE])
{
    struct sg_certificate certificate;
    struct sg_chain chain;
    enum sg_err err;

    if (memcmp(registry, &admission->registry, sizeof *registry) != 0)
        return SG_ERR_UNTRUSTED;
    err = sg_chain_decode(admission->chain, registry, SG_CHAIN_FROM_GENESIS,
                          NULL, &chain);
    if (err != SG_OK)
        return err == SG_ERR_LIMIT ? err : SG_ERR_UNTRUSTED;
    err = judge_certificate(admission, &chain, &certificate);
    if (err != SG_OK)
        return err;
    if (memcmp(certificate.node_key, node_key, SG_KEY_SIZE) != 0 ||
        memcmp(certificate.transport_key, transport_key, SG_KEY_SIZE) != 0)
        return SG_ERR_INVALID;
    return SG_OK;
}
