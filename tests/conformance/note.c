/* Signed notes. Three forms, told apart by what is in them:
 *
 *   *.json with "cases"   golang/mod, sumdb/note: notes to open with some keys;
 *                         how many lines are verified and how many unknown
 *   *.json with "skey"    a key, a text, and the note that comes out
 *   NAME.txt, NAME.vkey   C2SP: a note and the key that verifies it
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "storage/base/text.h"
#include "storage/log/note.h"
#include "tests/conformance/case.h"

#define VKEYS_MAX 32

static struct sg_bytes text_of(const char *text)
{
    return sg_bytes(text, strlen(text));
}

struct vkeys {
    struct sg_note_key list[VKEYS_MAX];
    size_t count;
};

static struct vkeys vkeys_read(struct test_case *c)
{
    const json_t *list = json_object_get(c->json, "vkeys");
    struct vkeys vkeys = {.count = 0};
    size_t i;
    const json_t *item;
    case_expect(c, json_is_array(list), "no list in 'vkeys'");
    case_expect(c, json_array_size(list) <= VKEYS_MAX, "too many vkeys");
    json_array_foreach(list, i, item)
    {
        const char *text = json_string_value(item);
        if (!case_good(c))
            break;
        enum sg_err err = sg_note_key_parse(text_of(text != NULL ? text : ""),
                                            &vkeys.list[vkeys.count++]);
        case_expect(c, err == SG_OK, "vkey %zu: %s", i, sg_err_name(err));
    }
    return vkeys;
}

static void expect_count(struct test_case *c, const char *field,
                         const struct sg_note *note, enum sg_note_state state)
{
    size_t count = 0;
    if (json_is_null(json_object_get(c->json, field)))
        return;
    size_t expected = case_size(c, field, SG_NOTE_SIGNATURES_MAX);
    for (size_t i = 0; i < note->count; i++)
        count += note->signatures[i].state == state;
    case_expect(c, count == expected, "%s is %zu, not %zu", field, count,
                expected);
}

static void open_run(struct run *run, const char *file, const json_t *json,
                     size_t index)
{
    struct test_case c;
    case_begin(&c, run, file, json, "place", index);
    struct sg_bytes message = case_base64(&c, json, "msg_b64");
    const char *expected = case_text(&c, "expect");
    struct vkeys vkeys = vkeys_read(&c);
    struct sg_note note = {.count = 0};
    if (case_good(&c)) {
        enum sg_err err = sg_note_parse(message, &note);
        if (err == SG_OK)
            err = sg_note_verify(&note, vkeys.list, vkeys.count);
        if (strcmp(expected, "ok") == 0)
            case_expect(&c, err == SG_OK, "%s, must open", sg_err_name(err));
        else
            case_expect(&c, strcmp(expected, "reject") == 0 && err != SG_OK,
                        "opens, must be '%.20s'", expected);
        expect_count(&c, "n_verified", &note, SG_NOTE_VERIFIED);
        expect_count(&c, "n_unverified", &note, SG_NOTE_UNKNOWN);
    }
    case_end(&c);
}

/* Reads PRIVATE+KEY+NAME+ID+BASE64 of the type and the seed. */
static struct sg_sign_key skey_read(struct test_case *c,
                                    struct sg_note_key *key)
{
    static const char prefix[] = "PRIVATE+KEY+";
    const char *text = case_text(c, "skey");
    const char *name = text + strlen(prefix);
    struct sg_sign_key secret = {{0}};
    uint8_t public_key[SG_KEY_SIZE];
    bool good = strncmp(text, prefix, strlen(prefix)) == 0;
    const char *id = good ? strchr(name, '+') : NULL;
    const char *seed = id != NULL ? strchr(id + 1, '+') : NULL;
    struct sg_bytes material = case_base64_of(c, seed != NULL ? seed + 1 : "");
    good =
        material.size == 1 + SG_KEY_SIZE && material.data[0] == SG_NOTE_ED25519;
    case_expect(c, good, "no Ed25519 key in 'skey'");
    if (!case_good(c))
        return secret;
    sg_crypto_sign_keypair(material.data + 1, &secret, public_key);
    enum sg_err err = sg_note_key_init(key, sg_bytes(name, (size_t)(id - name)),
                                       SG_NOTE_ED25519, public_key);
    case_expect(c, err == SG_OK, "the key's name: %s", sg_err_name(err));
    return secret;
}

static void expect_note(struct test_case *c, const struct sg_sign_key *secret,
                        const struct sg_note_key *key)
{
    struct sg_bytes text = text_of(case_text(c, "text"));
    struct sg_bytes expected = text_of(case_text(c, "signed_note"));
    uint8_t signature[SG_SIGNATURE_SIZE];
    struct sg_writer writer;
    sg_writer_init_array(&writer, case_room(c, expected.size), expected.size);
    sg_crypto_sign(secret, text.data, text.size, signature);
    sg_note_write_text(&writer, text);
    sg_note_write_signature(&writer, key, SG_BYTES_ARRAY(signature));
    case_expect(c,
                sg_writer_end(&writer) == SG_OK &&
                    sg_bytes_equal(sg_writer_written(&writer), expected),
                "another note comes out");
}

static void sign_run(struct run *run, const char *file, const json_t *json)
{
    struct test_case c;
    struct sg_note_key key = {.id = 0}, known;
    case_begin(&c, run, file, json, "place", 0);
    struct sg_sign_key secret = skey_read(&c, &key);
    const char *text = case_text(&c, "text");
    case_expect(&c, strlen(text) > 0 && text[strlen(text) - 1] == '\n',
                "a text without newline");
    if (case_good(&c)) {
        enum sg_err err =
            sg_note_key_parse(text_of(case_text(&c, "vkey")), &known);
        case_expect(&c, err == SG_OK, "vkey: %s", sg_err_name(err));
        case_expect(&c, err == SG_OK && known.id == key.id,
                    "vkey is of another key than skey");
        expect_note(&c, &secret, &key);
    }
    case_end(&c);
}

static void json_run(struct run *run, const char *file, void *context)
{
    size_t i;
    const json_t *item;
    (void)context;
    json_t *json = case_load(run, file);
    if (json == NULL)
        return;
    const json_t *cases = json_object_get(json, "cases");
    json_array_foreach(cases, i, item)
    {
        open_run(run, file, item, i);
    }
    if (json_object_get(json, "skey") != NULL)
        sign_run(run, file, json);
    else if (json_array_size(cases) == 0)
        run_fail(run, file, "file", "no notes to open and none to sign");
    json_decref(json);
}

static void text_run(struct run *run, const char *file, void *context)
{
    char vkey_file[PATH_MAX];
    struct sg_note_key key;
    struct sg_note note;
    struct test_case c;
    (void)context;
    case_begin(&c, run, file, /* json= */ NULL, "file", 0);
    (void)snprintf(vkey_file, sizeof(vkey_file), "%.*s.vkey",
                   (int)(strlen(file) - strlen(".txt")), file);
    struct sg_bytes bytes = case_file(&c, file);
    struct sg_bytes vkey = case_file(&c, vkey_file);
    while (vkey.size > 0 && vkey.data[vkey.size - 1] == '\n')
        vkey.size--;
    if (case_good(&c)) {
        enum sg_err err = sg_note_key_parse(vkey, &key);
        case_expect(&c, err == SG_OK, "vkey: %s", sg_err_name(err));
        if (err == SG_OK)
            err = sg_note_parse(bytes, &note);
        if (err == SG_OK)
            err = sg_note_verify(&note, &key, 1);
        case_expect(&c, err == SG_OK, "%s", sg_err_name(err));
    }
    case_end(&c);
}

void note_run(struct run *run, const char *path)
{
    run_files(run, path, ".json", json_run, NULL);
    run_files(run, path, ".txt", text_run, NULL);
}
