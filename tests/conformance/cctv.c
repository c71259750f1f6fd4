/* C2SP/CCTV, ed25519: edge cases on which verifiers differ. The file
 * libsodium-profile.json names the numbers that ours accepts; every other is
 * refused. All other files hold a list of {number, key, sig, msg}, where msg is
 * plain text.
 */
#include "tests/conformance/run.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/crypto.h"
#include "tests/conformance/case.h"

#define PROFILE "libsodium-profile.json"

static bool holds(const json_t *numbers, const json_t *number)
{
    size_t i;
    const json_t *held;
    json_array_foreach(numbers, i, held)
    {
        if (json_equal(held, number))
            return true;
    }
    return false;
}

static void vector_run(struct run *run, const char *file, const json_t *json,
                       size_t index, const json_t *accepted)
{
    struct test_case c;
    case_begin(&c, run, file, json, "number", index);
    const json_t *number = json_object_get(json, "number");
    case_expect(&c, json_is_integer(number), "no integer in 'number'");
    struct sg_bytes key = case_hex(&c, json, "key");
    struct sg_bytes sig = case_hex(&c, json, "sig");
    const uint8_t *message = (const uint8_t *)case_text(&c, "msg");
    size_t size = json_string_length(json_object_get(json, "msg"));
    case_expect(&c, key.size == SG_KEY_SIZE, "a key of %zu bytes", key.size);
    case_expect(&c, sig.size == SG_SIGNATURE_SIZE, "a signature of %zu bytes",
                sig.size);
    if (case_good(&c)) {
        enum sg_err err = sg_crypto_verify(key.data, message, size, sig.data);
        if (holds(accepted, number))
            case_expect(&c, err == SG_OK, "refused, libsodium accepts it");
        else
            case_expect(&c, err == SG_ERR_SIGNATURE,
                        "accepted, libsodium refuses it");
    }
    case_end(&c);
}

static void file_run(struct run *run, const char *file, void *accepted)
{
    if (strcmp(strrchr(file, '/') + 1, PROFILE) == 0)
        return;
    json_t *list = case_load(run, file);
    if (list == NULL)
        return;
    if (!json_is_array(list))
        run_fail(run, file, "file", "not a list of vectors");
    size_t i;
    const json_t *json;
    json_array_foreach(list, i, json)
    {
        vector_run(run, file, json, i, accepted);
    }
    json_decref(list);
}

void cctv_run(struct run *run, const char *path)
{
    char file[PATH_MAX];
    (void)snprintf(file, sizeof(file), "%s/%s", path, PROFILE);
    json_t *profile = case_load(run, file);
    if (profile == NULL)
        return;
    json_t *accepted = json_object_get(profile, "accepts_numbers");
    if (json_is_array(accepted))
        run_files(run, path, ".json", file_run, accepted);
    else
        run_fail(run, file, "file", "no list in 'accepts_numbers'");
    json_decref(profile);
}
