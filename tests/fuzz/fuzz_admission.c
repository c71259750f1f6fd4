/* Admission: any entries of any logs make a state of the authority and get a
 * standing each, the same ones whichever entry came first.
 *
 * The input is entries, one after the other: u8 flags, u8 index, u16 size,
 * payload. They are of the registry of RECORDS.md's examples, so that the seeds
 * have signatures that are right. */
#include <string.h>

#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "storage/registry/admission.h"
#include "tests/fuzz/fuzz.h"

#define COPIES_MAX 12u
#define HELD       64u /* entries of every log: the seeds' positions */

/* The registry id and the writer's key of the page. */
static const struct sg_registry_id registry = {
    {{0x55, 0xae, 0xf2, 0x0f, 0xb7, 0x1a, 0x98, 0xff, 0xb3, 0x48, 0x81,
      0x6a, 0xaa, 0x3a, 0x8f, 0x36, 0x25, 0xfc, 0x8d, 0x0b, 0xcb, 0xe5,
      0x71, 0x34, 0xfc, 0xa4, 0x2b, 0x3c, 0x6c, 0xdf, 0xda, 0x6f}}};
static const uint8_t nodes[2][SG_KEY_SIZE] = {
    {0x8a, 0x88, 0xe3, 0xdd, 0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb,
     0x2d, 0x3c, 0xba, 0x5d, 0x72, 0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94,
     0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01, 0xb4, 0x0f, 0x6f, 0x5c},
    {7}};

struct input {
    struct sg_admission_copy copies[COPIES_MAX];
    size_t count;
};

/* Flags: bits 0, 1 log; 2 node; 3 audit log; 4 sealed; 5, 6 branch; 7 not
 * held. */
static void read_input(struct input *input, const uint8_t *data, size_t size)
{
    struct sg_reader reader;

    sg_reader_init(&reader, sg_bytes(data, size));
    for (input->count = 0; input->count < COPIES_MAX; input->count++) {
        struct sg_admission_copy *copy = &input->copies[input->count];
        uint8_t flags = sg_reader_u8(&reader);

        *copy = (struct sg_admission_copy){
            .node = nodes[flags >> 2 & 1],
            .log_kind = flags >> 3 & 1 ? SG_LOG_AUDIT : SG_LOG_RECORDS,
            .entry_kind = flags >> 4 & 1 ? SG_ENTRY_SEALED : SG_ENTRY_PLAIN};
        copy->place.log.hash.bytes[0] = flags & 7;
        copy->place.branch = (uint32_t)(flags >> 5 & 3);
        copy->place.index = sg_reader_u8(&reader);
        copy->payload = sg_reader_take(&reader, sg_reader_u16be(&reader));
        if (reader.err != SG_OK)
            return;
        if (flags >> 7 != 0)
            copy->payload = sg_bytes(NULL, 0);
    }
}

/* The state of INPUT, backwards or not. */
static struct sg_authority *state_of(const struct input *input,
                                     bool is_backwards)
{
    struct sg_authority *authority;

    SG_ASSERT(sg_authority_new(&registry, NULL, NULL, &authority) == SG_OK);
    for (size_t i = 0; i < input->count; i++) {
        const struct sg_admission_copy *copy =
            &input->copies[is_backwards ? input->count - 1 - i : i];
        enum sg_err err = sg_authority_add(authority, copy->payload,
                                           &copy->place, copy->node);

        SG_ASSERT(err == SG_OK || err == SG_ERR_INVALID);
        SG_ASSERT(sg_authority_hold(authority, &copy->place.log, HELD) ==
                  SG_OK);
    }
    SG_ASSERT(sg_authority_seal(authority) == SG_OK);
    return authority;
}

static void compare(const struct sg_authority *a, const struct sg_authority *b,
                    const struct sg_admission_copy *copy)
{
    struct sg_admission_verdict verdict, other;
    struct sg_admission_judge judge;

    sg_admission_judge_init(&judge, b, &registry);
    sg_admission_judge(&judge, copy, &other);
    sg_admission_judge_init(&judge, a, &registry);
    sg_admission_judge(&judge, copy, &verdict);
    SG_ASSERT(verdict.standing == other.standing);
    SG_ASSERT(verdict.code == other.code);
    SG_ASSERT(verdict.rule == other.rule);
    SG_ASSERT(verdict.has_id == other.has_id);
    SG_ASSERT((verdict.code == SG_ADMISSION_A00) ==
              (verdict.standing == SG_ADMISSION_ADMITTED));
    (void)sg_admission_verify(&judge, copy, &verdict);
    if (verdict.has_id) {
        struct sg_admission_sum sum = {0};

        sg_admission_add(&sum, copy, &verdict);
        SG_ASSERT(sg_admission_is_applied(&sum) ==
                  (verdict.standing == SG_ADMISSION_ADMITTED));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sg_authority *forwards, *backwards;
    struct input input;

    SG_ASSERT(sg_crypto_init() == SG_OK);
    read_input(&input, data, size);
    forwards = state_of(&input, false);
    backwards = state_of(&input, true);
    for (size_t i = 0; i < input.count; i++)
        compare(forwards, backwards, &input.copies[i]);
    sg_authority_free(forwards);
    sg_authority_free(backwards);
    return 0;
}
