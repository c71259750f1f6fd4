#include "replication/certificate.h"

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/base/writer.h"

static const char purpose[] = "sogoc v1 certificate";

#define VERSION     1
#define SIGNED_SIZE (SG_CERTIFICATE_SIZE - SG_SIGNATURE_SIZE)

static bool is_possible(const struct sg_certificate *certificate)
{
    return certificate->role >= SG_CERTIFICATE_AUTHORITY &&
           certificate->role <= SG_CERTIFICATE_AUDITOR &&
           certificate->generation <= SG_CERTIFICATE_GENERATION_MAX &&
           certificate->epochs > 0 &&
           sg_date_precision(certificate->from) == SG_DATE_YMD &&
           sg_date_precision(certificate->until) == SG_DATE_YMD &&
           sg_date_compare(certificate->from, certificate->until) <= 0;
}

void sg_certificate_encode(const struct sg_certificate *certificate,
                           uint8_t ret_bytes[SG_CERTIFICATE_SIZE])
{
    struct sg_writer writer;
    enum sg_err err;

    SG_ASSERT(is_possible(certificate));
    sg_writer_init_array(&writer, ret_bytes, SG_CERTIFICATE_SIZE);
    sg_writer_u8(&writer, VERSION);
    sg_writer_u8(&writer, (uint8_t)certificate->role);
    sg_writer_u8(&writer, certificate->generation);
    sg_writer_u8(&writer, certificate->epochs);
    sg_writer_u32be(&writer, certificate->serial);
    sg_writer_u64be(&writer, certificate->unit);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(certificate->node_key));
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(certificate->transport_key));
    sg_writer_u32be(&writer, certificate->from.ymd);
    sg_writer_u32be(&writer, certificate->until.ymd);
    sg_writer_bytes(&writer, SG_BYTES_ARRAY(certificate->signature));
    err = sg_writer_end(&writer);
    SG_ASSERT(err == SG_OK);
    SG_ASSERT(writer.size == SG_CERTIFICATE_SIZE);
}

enum sg_err sg_certificate_decode(struct sg_bytes bytes,
                                  struct sg_certificate *ret_certificate)
{
    struct sg_certificate certificate;
    struct sg_reader reader;

    sg_reader_init(&reader, bytes);
    if (sg_reader_u8(&reader) != VERSION)
        sg_reader_fail(&reader, SG_ERR_VERSION);
    certificate.role = (enum sg_certificate_role)sg_reader_u8(&reader);
    certificate.generation = sg_reader_u8(&reader);
    certificate.epochs = sg_reader_u8(&reader);
    certificate.serial = sg_reader_u32be(&reader);
    certificate.unit = sg_reader_u64be(&reader);
    sg_reader_copy(&reader, certificate.node_key, SG_KEY_SIZE);
    sg_reader_copy(&reader, certificate.transport_key, SG_KEY_SIZE);
    certificate.from.ymd = sg_reader_u32be(&reader);
    certificate.until.ymd = sg_reader_u32be(&reader);
    sg_reader_copy(&reader, certificate.signature, SG_SIGNATURE_SIZE);
    if (sg_reader_end(&reader) != SG_OK || !is_possible(&certificate))
        return SG_ERR_CERTIFICATE;
    *ret_certificate = certificate;
    return SG_OK;
}

void sg_certificate_sign(struct sg_certificate *certificate,
                         const struct sg_registry_id *registry,
                         const struct sg_sign_key *root)
{
    uint8_t bytes[SG_CERTIFICATE_SIZE];
    enum sg_err err;

    sg_certificate_encode(certificate, bytes);
    err = sg_crypto_sign_purpose(root, purpose, &registry->hash, bytes,
                                 SIGNED_SIZE, certificate->signature);
    SG_ASSERT(err == SG_OK);
}

enum sg_err sg_certificate_verify(const struct sg_certificate *certificate,
                                  const struct sg_registry_id *registry,
                                  const uint8_t root[SG_KEY_SIZE])
{
    uint8_t bytes[SG_CERTIFICATE_SIZE];

    sg_certificate_encode(certificate, bytes);
    return sg_crypto_verify_purpose(root, purpose, &registry->hash, bytes,
                                    SIGNED_SIZE, certificate->signature);
}

/* Rows 2 and 3: the root, and what is left of it after a rotation. */
static enum sg_certificate_verdict judge_root(
    const struct sg_certificate *certificate,
    const struct sg_certificate_facts *facts)
{
    if (facts->root == NULL || certificate->generation > facts->newest)
        return SG_CERTIFICATE_REFUSED;
    if (sg_certificate_verify(certificate, facts->registry, facts->root) !=
        SG_OK)
        return SG_CERTIFICATE_REFUSED;
    if (certificate->generation == facts->newest || facts->is_admitted)
        return SG_CERTIFICATE_ACCEPTED;
    return facts->is_behind ? SG_CERTIFICATE_LIMITED : SG_CERTIFICATE_REFUSED;
}

enum sg_err sg_certificate_judge(const struct sg_certificate *certificate,
                                 const struct sg_certificate_facts *facts,
                                 enum sg_certificate_verdict *ret_verdict)
{
    enum sg_certificate_verdict verdict = judge_root(certificate, facts);
    bool is_expired = sg_date_is_valid(facts->floor) &&
                      sg_date_compare(facts->floor, certificate->until) > 0;

    *ret_verdict = SG_CERTIFICATE_REFUSED;
    if (verdict == SG_CERTIFICATE_REFUSED)
        return SG_ERR_UNTRUSTED;
    if (facts->is_cut || is_expired) {
        if (!facts->is_shown)
            return facts->is_cut ? SG_ERR_REVOKED : SG_ERR_EXPIRED;
        verdict = SG_CERTIFICATE_LIMITED;
    }
    *ret_verdict = verdict;
    return SG_OK;
}
