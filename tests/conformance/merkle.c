/* transparency-dev/merkle, testdata: proofs that must be accepted, and with
 * wantErr refused, one in a file; what kind it is its fields say. And
 * reference-tree.json: leaves, all nodes above them, the root at every size.
 *
 * Some vectors hold words where hashes belong. Our code cannot even be handed a
 * leaf or a hash of a proof that is no hash, so such a proof is refused at
 * once. A root is only compared: a word stands for its SHA-256, so that equal
 * ones stay equal and others do not.
 */
#include <string.h>

#include "storage/base/crypto.h"
#include "storage/base/text.h"
#include "storage/log/merkle.h"
#include "tests/conformance/case.h"

#define WORD_MAX 256

static struct sg_hash hash_of(struct sg_bytes bytes)
{
    struct sg_hash hash;
    if (bytes.size == sizeof(hash.bytes))
        memcpy(hash.bytes, bytes.data, bytes.size);
    else
        sg_crypto_sha256(bytes.data, bytes.size, &hash);
    return hash;
}

/* Reads base64 from VALUE, which WHERE is the name of. RET_WORD, if not NULL,
 * becomes true when that is no hash. */
static struct sg_hash hash_read(struct test_case *c, const json_t *value,
                                const char *where, bool *ret_word)
{
    const char *text = json_string_value(value);
    uint8_t bytes[WORD_MAX];
    struct sg_writer writer;
    sg_writer_init_array(&writer, bytes, sizeof(bytes));
    if (text != NULL)
        sg_text_base64_decode(&writer, sg_bytes(text, strlen(text)));
    case_expect(c, text != NULL && sg_writer_end(&writer) == SG_OK,
                "no base64 in '%s'", where);
    if (ret_word != NULL && writer.size != sizeof(struct sg_hash))
        *ret_word = true;
    return hash_of(sg_writer_written(&writer));
}

static struct sg_hash root_field(struct test_case *c, const char *field)
{
    return hash_read(c, json_object_get(c->json, field), field,
                     /* ret_word= */ NULL);
}

/* A proof in a vector: a list of hashes, or null for none. */
struct hashes {
    struct sg_hash *list;
    size_t count;
    bool has_word;
};

static struct hashes proof_field(struct test_case *c)
{
    const json_t *proof = json_object_get(c->json, "proof");
    struct hashes hashes = {.count = json_array_size(proof)};
    case_expect(c, json_is_null(proof) || json_is_array(proof),
                "no list in 'proof'");
    hashes.list = (void *)case_room(c, hashes.count * sizeof(struct sg_hash));
    for (size_t i = 0; i < hashes.count; i++)
        hashes.list[i] =
            hash_read(c, json_array_get(proof, i), "proof", &hashes.has_word);
    return hashes;
}

/* Reads the leaf; a word in its place is as one in the path. */
static struct sg_hash leaf_field(struct test_case *c, struct hashes *path)
{
    return hash_read(c, json_object_get(c->json, "leafHash"), "leafHash",
                     &path->has_word);
}

static enum sg_err inclusion_run(struct test_case *c)
{
    struct hashes path = proof_field(c);
    struct sg_hash leaf = leaf_field(c, &path);
    struct sg_hash root = root_field(c, "root");
    uint64_t index = case_u64(c, "leafIdx");
    uint64_t size = case_u64(c, "treeSize");
    if (path.has_word)
        return SG_ERR_PROOF;
    return sg_merkle_check_inclusion(index, size, &leaf, path.list, path.count,
                                     &root);
}

static enum sg_err consistency_run(struct test_case *c)
{
    struct hashes proof = proof_field(c);
    struct sg_hash root1 = root_field(c, "root1");
    struct sg_hash root2 = root_field(c, "root2");
    uint64_t size1 = case_u64(c, "size1");
    uint64_t size2 = case_u64(c, "size2");
    if (proof.has_word)
        return SG_ERR_PROOF;
    return sg_merkle_check_consistency(size1, size2, proof.list, proof.count,
                                       &root1, &root2);
}

static enum sg_err subtree_inclusion_run(struct test_case *c)
{
    struct hashes path = proof_field(c);
    struct sg_hash leaf = leaf_field(c, &path);
    struct sg_hash root = root_field(c, "root");
    uint64_t index = case_u64(c, "leafIdx");
    uint64_t start = case_u64(c, "start");
    uint64_t end = case_u64(c, "end");
    if (path.has_word)
        return SG_ERR_PROOF;
    return sg_merkle_check_subtree_inclusion(index, start, end, &leaf,
                                             path.list, path.count, &root);
}

static enum sg_err subtree_consistency_run(struct test_case *c)
{
    struct hashes proof = proof_field(c);
    struct sg_hash root1 = root_field(c, "root1");
    struct sg_hash root2 = root_field(c, "root2");
    uint64_t start = case_u64(c, "start");
    uint64_t end = case_u64(c, "end");
    uint64_t size = case_u64(c, "size");
    if (proof.has_word)
        return SG_ERR_PROOF;
    return sg_merkle_check_subtree_consistency(start, end, size, proof.list,
                                               proof.count, &root1, &root2);
}

static const struct proof_kind {
    const char *fields[2]; /* that no other kind has together */
    enum sg_err (*run)(struct test_case *c);
} proof_kinds[] = {
    {{"leafIdx", "treeSize"}, inclusion_run},
    {{"size1", "size2"}, consistency_run},
    {{"leafIdx", "start"}, subtree_inclusion_run},
    {{"start", "size"}, subtree_consistency_run},
};

static void proof_run(struct run *run, const char *file, const json_t *json)
{
    const struct proof_kind *kind = NULL;
    struct test_case c;
    case_begin(&c, run, file, json, "id", 0);
    for (size_t i = 0; i < sizeof(proof_kinds) / sizeof(proof_kinds[0]); i++) {
        if (kind == NULL && json_object_get(json, proof_kinds[i].fields[0]) &&
            json_object_get(json, proof_kinds[i].fields[1]))
            kind = &proof_kinds[i];
    }
    const json_t *want_err = json_object_get(json, "wantErr");
    case_expect(&c, kind != NULL, "no kind of proof that is known here");
    case_expect(&c, json_is_boolean(want_err), "no truth in 'wantErr'");
    if (kind != NULL) {
        enum sg_err err = kind->run(&c);
        if (json_is_true(want_err))
            case_expect(&c, err == SG_ERR_PROOF, "%s, must be refused",
                        sg_err_name(err));
        else
            case_expect(&c, err == SG_OK, "%s, must be accepted",
                        sg_err_name(err));
    }
    case_end(&c);
}

/* A tree that grows while its nodes and roots are compared. */
struct reference {
    struct run *run;
    const char *file;
    const json_t *json;
    const json_t *levels;
    struct sg_frontier frontier;
};

/* GOT must be what place INDEX of LIST says. */
static void expect_value(struct test_case *c, const json_t *list, size_t index,
                         const struct sg_hash *got)
{
    const char *text = json_string_value(json_array_get(list, index));
    case_expect(c, text != NULL, "no hex in place %zu", index);
    struct sg_bytes want = case_hex_of(c, text != NULL ? text : "");
    case_expect(c, sg_bytes_equal(want, SG_BYTES_ARRAY(got->bytes)),
                "another hash");
}

static void node_run(void *context, unsigned level, uint64_t position,
                     const struct sg_hash *hash)
{
    const struct reference *r = context;
    struct test_case c;
    case_begin(&c, r->run, r->file, r->json, "node", position);
    expect_value(&c, json_array_get(r->levels, level), position, hash);
    case_end(&c);
}

static void root_run(const struct reference *r)
{
    const json_t *roots =
        json_object_get(r->json, "root_hash_hex_by_tree_size");
    struct sg_hash root = sg_merkle_root(&r->frontier);
    struct test_case c;
    case_begin(&c, r->run, r->file, r->json, "root", r->frontier.size);
    expect_value(&c, roots, r->frontier.size, &root);
    case_end(&c);
}

static void leaf_run(struct reference *r, const json_t *input, size_t index)
{
    const char *text = json_string_value(input);
    struct test_case c;
    case_begin(&c, r->run, r->file, r->json, "leaf", index);
    case_expect(&c, text != NULL, "no hex in place %zu", index);
    struct sg_bytes data = case_hex_of(&c, text != NULL ? text : "");
    struct sg_hash leaf = sg_merkle_leaf(data.data, data.size);
    expect_value(&c, json_array_get(r->levels, 0), index, &leaf);
    case_end(&c);
    sg_merkle_append(&r->frontier, &leaf, node_run, r);
    root_run(r);
}

static bool is_ours(const json_t *node)
{
    const char *left = json_string_value(json_object_get(node, "left_hex"));
    const char *right = json_string_value(json_object_get(node, "right_hex"));
    return left == NULL || right == NULL ||
           (strlen(left) == 64 && strlen(right) == 64);
}

/* One line of "hasher": the hash of nothing, of a leaf, or of a node. */
static void hasher_run(struct run *run, const char *file, const json_t *json,
                       size_t index)
{
    struct sg_hash hash = sg_merkle_join(NULL, 0);
    struct test_case c;
    if (!is_ours(json)) {
        run_skip(run, file, 1, "a node over other things than hashes");
        return;
    }
    case_begin(&c, run, file, json, "hasher", index);
    struct sg_bytes want = case_hex(&c, json, "sha256");
    if (json_object_get(json, "left_hex") != NULL) {
        struct sg_hash left = hash_of(case_hex(&c, json, "left_hex"));
        struct sg_hash right = hash_of(case_hex(&c, json, "right_hex"));
        hash = sg_merkle_node(&left, &right);
    } else if (json_object_get(json, "leaf_hex") != NULL) {
        struct sg_bytes leaf = case_hex(&c, json, "leaf_hex");
        hash = sg_merkle_leaf(leaf.data, leaf.size);
    }
    case_expect(&c, sg_bytes_equal(want, SG_BYTES_ARRAY(hash.bytes)),
                "another hash");
    case_end(&c);
}

static void reference_run(struct run *run, const char *file, const json_t *json)
{
    struct reference r = {
        .run = run,
        .file = file,
        .json = json,
        .levels = json_object_get(json, "node_hashes_hex_by_level")};
    size_t i;
    const json_t *item;
    root_run(&r);
    json_array_foreach(json_object_get(json, "leaf_inputs_hex"), i, item)
    {
        leaf_run(&r, item, i);
    }
    json_array_foreach(json_object_get(json, "hasher"), i, item)
    {
        hasher_run(run, file, item, i);
    }
}

static void file_run(struct run *run, const char *file, void *context)
{
    (void)context;
    json_t *json = case_load_wide(run, file);
    if (json == NULL)
        return;
    if (json_object_get(json, "leaf_inputs_hex") != NULL)
        reference_run(run, file, json);
    else
        proof_run(run, file, json);
    json_decref(json);
}

void merkle_run(struct run *run, const char *path)
{
    run_files(run, path, ".json", file_run, NULL);
}
