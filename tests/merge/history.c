#include "tests/merge/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX     (8u << 20)
#define HLC_FIRST_MS  UINT64_C(1678838400000) /* 2023-03-15 */
#define HLC_SPAN_MS   UINT64_C(94608000000)   /* three years */
#define HLC_FUTURE_MS UINT64_C(2208988800000) /* 2040 */

const uint64_t history_units[HISTORY_UNITS] = {
    UINT64_C(10003820191201), UINT64_C(20038020191201),
    UINT64_C(20038120191201), UINT64_C(31475520191201),
    UINT64_C(31475820191201), UINT64_C(31476120191201),
    UINT64_C(31580020191201), UINT64_C(31475820250701),
    UINT64_C(31476420250701), UINT64_C(31476720250701),
    UINT64_C(39999920250701),
};

static const uint32_t days[] = {20230315, 20230600, 20240110, 20240701,
                                20250101, 20250615, 20250801, 20260105,
                                20230000, 20240711, 20260104, 20240712};

void history_must(enum sg_err err, const char *what)
{
    if (err == SG_OK)
        return;
    fprintf(stderr, "history: %s: error %d\n", what, (int)err);
    abort();
}

unsigned history_below(struct history *history, unsigned n)
{
    return (unsigned)sg_prng_below(&history->prng, n);
}

bool history_chance(struct history *history, unsigned permille)
{
    return sg_prng_chance(&history->prng, permille);
}

/* --- copies ------------------------------------------------------------ */

static struct history_copy *add_copy(struct history *h, unsigned log_no)
{
    struct history_log *log = &h->logs[log_no];
    struct history_copy *copy;
    uint64_t *size = &log->size;

    if (h->n_copies == HISTORY_COPIES_MAX)
        return NULL;
    copy = &h->copies[h->n_copies++];
    *copy = (struct history_copy){.log = log_no, .is_held = true, .item = -1};
    if (log->size >= log->fork) {
        copy->branch = history_chance(h, 500) ? 1 : 2;
        if (log->other_size == 0)
            log->other_size = log->fork;
        size = copy->branch == 1 ? &log->size : &log->other_size;
    }
    copy->index = (*size)++;
    return copy;
}

void history_state(struct history *h, struct sg_record_build *build,
                   unsigned log, struct sg_hash *ret_id)
{
    const struct sg_record_copy outer = {
        .hlc = (HLC_FIRST_MS + h->serial) << 16,
        .trust = SG_RECORD_TRUST_SYNCED,
        .position = h->logs[0].size,
    };
    struct history_copy *copy = add_copy(h, log);
    size_t at = h->bytes.size;

    if (copy == NULL)
        history_must(SG_ERR_LIMIT, "copies");
    history_must(sg_record_build_end(build, &outer, &h->root.secret,
                                     h->serial == 1 ? NULL : &h->registry,
                                     &h->bytes, ret_id),
                 "statement");
    copy->entry_kind = SG_ENTRY_PLAIN;
    copy->signature = 1;
    copy->at = at;
    copy->size = h->bytes.size - at;
}

/* The inner part and the signature are the record's; the rest is the copy's. */
static void pack_copy(struct history *h, const struct history_item *item,
                      const struct sg_record_copy *outer)
{
    struct sg_pack pack;

    sg_pack_init(&pack, &h->bytes);
    sg_pack_array(&pack, 2);
    sg_pack_raw(&pack, item->record.inner);
    sg_pack_array(&pack, 8);
    sg_pack_uint(&pack, outer->hlc);
    sg_pack_int(&pack, outer->wall_offset);
    sg_pack_uint(&pack, (uint64_t)outer->trust);
    sg_pack_uint(&pack, outer->position);
    sg_pack_uint(&pack, outer->capture.value);
    if (outer->home.value == outer->capture.value)
        sg_pack_nil(&pack);
    else
        sg_pack_uint(&pack, outer->home.value);
    if (outer->signature.size == 0)
        sg_pack_nil(&pack);
    else
        sg_pack_bin(&pack, outer->signature);
    sg_pack_map(&pack, 0);
    history_must(sg_pack_end(&pack), "copy");
}

static uint64_t draw_hlc(struct history *h)
{
    uint64_t ms = HLC_FIRST_MS + sg_prng_below(&h->prng, HLC_SPAN_MS);

    if (history_chance(h, 40))
        ms = HLC_FUTURE_MS + history_below(h, 3);
    if (history_chance(h, 100))
        ms = HLC_FIRST_MS;
    return ms << 16 | history_below(h, 2);
}

static uint64_t draw_position(struct history *h)
{
    uint64_t n = h->n_statements;

    if (h->is_careful)
        return n;
    if (history_chance(h, 15))
        return history_below(h, h->n_statements);
    if (history_chance(h, 8))
        return n + 90;
    if (history_chance(h, 100))
        n -= history_below(h, 4);
    if (h->logs[1].size > 0 && history_chance(h, 500))
        return UINT64_C(1) << 32 |
               (1 + history_below(h, (unsigned)h->logs[1].size));
    return n;
}

static uint64_t draw_commune(struct history *h)
{
    return history_units[UNIT_WHOLE +
                         history_below(h, UNIT_NEVER - UNIT_WHOLE)];
}

static void add_reader(struct history_copy *copy, uint64_t unit)
{
    for (unsigned i = 0; i < copy->n_readers; i++) {
        if (copy->readers[i] == unit)
            return;
    }
    if (copy->n_readers < HISTORY_READERS)
        copy->readers[copy->n_readers++] = unit;
}

/* Capture and home commune and the province; in histories that are not tight
 * every commune. */
static void draw_readers(struct history *h, struct history_copy *copy,
                         const struct sg_record_copy *outer)
{
    add_reader(copy, history_units[UNIT_PROVINCE]);
    if (!h->is_tight || history_chance(h, 500)) {
        for (unsigned i = UNIT_WHOLE; i < UNIT_NEVER; i++)
            add_reader(copy, history_units[i]);
        return;
    }
    add_reader(copy, outer->capture.value);
    add_reader(copy, outer->home.value);
    if (outer->home.value == history_units[UNIT_WHOLE])
        add_reader(copy, history_units[UNIT_NEXT]);
    if (outer->home.value == history_units[UNIT_SPLIT])
        add_reader(copy, history_units[UNIT_PART]);
}

/* What becomes of a copy on its way. */
static void spoil(struct history *h, struct history_copy *copy)
{
    if (history_chance(h, 15)) {
        copy->is_held = false;
    } else if (history_chance(h, 6)) {
        h->bytes.data[copy->at] ^= 1; /* no record any more */
        copy->item = -1;
        copy->signature = 0;
    } else if (history_chance(h, 6)) {
        copy->entry_kind = SG_ENTRY_PLAIN;
    }
}

static unsigned draw_log(struct history *h)
{
    if (h->is_careful)
        return 2 + history_below(h, 2);
    return history_chance(h, 8) ? 8 : 2 + history_below(h, 6);
}

static void file_copy(struct history *h, unsigned no, unsigned officer,
                      const uint8_t signature[SG_SIGNATURE_SIZE])
{
    const struct history_item *item = &h->items[no];
    struct sg_record_copy outer = {.hlc = draw_hlc(h),
                                   .trust = SG_RECORD_TRUST_SYNCED,
                                   .position = draw_position(h)};
    uint8_t wrong[SG_SIGNATURE_SIZE];
    struct history_copy *copy = add_copy(h, draw_log(h));

    if (copy == NULL)
        return;
    outer.capture.value = draw_commune(h);
    if (officer != 4 && officer != 5 && history_chance(h, 950))
        outer.capture.value =
            history_units[officer % 2 == 0 ? UNIT_WHOLE : UNIT_SPLIT];
    outer.home.value =
        history_chance(h, 500) ? draw_commune(h) : outer.capture.value;
    copy->signature = history_chance(h, 900) || item->record.schema->is_signed;
    if (copy->signature != 0)
        outer.signature = sg_bytes(signature, SG_SIGNATURE_SIZE);
    if (copy->signature != 0 && !h->is_careful && history_chance(h, 15)) {
        memcpy(wrong, signature, sizeof wrong);
        wrong[40] ^= 4;
        outer.signature = SG_BYTES_ARRAY(wrong);
        copy->signature = 2;
    }
    copy->entry_kind = SG_ENTRY_SEALED;
    copy->item = (int)no;
    copy->at = h->bytes.size;
    pack_copy(h, item, &outer);
    copy->size = h->bytes.size - copy->at;
    draw_readers(h, copy, &outer);
    if (!h->is_careful)
        spoil(h, copy);
}

/* --- records ----------------------------------------------------------- */

/* Mostly one who may; 6 audits, 9 has no grant, or one that has expired. */
static unsigned draw_officer(struct history *h)
{
    static const uint8_t usual[] = {0, 0, 1, 1, 2, 2, 3, 4, 5, 5, 7, 8};

    if (history_chance(h, 30))
        return history_below(h, HISTORY_OFFICERS);
    return usual[history_below(h, sizeof usual)];
}

void history_begin(struct history *h, struct history_draft *draft,
                   enum sg_type type, unsigned subject)
{
    bool is_ruling = type == SG_TYPE_DECISION || type == SG_TYPE_HANDOVER;

    memset(draft, 0, sizeof *draft);
    draft->subject = subject;
    draft->officer = is_ruling ? 2 + history_below(h, 4) : draw_officer(h);
    if (is_ruling && history_chance(h, 120))
        draft->officer = 8;
    if (type == SG_TYPE_ENDORSE)
        draft->officer = 4 + history_below(h, 2);
    draft->head = (struct sg_record_head){
        .type = type,
        .subject = h->subjects[subject],
        .parents = draft->parents,
        .basis = {.form = (uint8_t)history_below(h, 24),
                  .document = SG_BYTES_TEXT("1/2023")},
        .effective = {days[history_below(h, sizeof days / sizeof days[0])]},
    };
    sg_prng_bytes(&h->prng, draft->head.submit.bytes, 16);
    draft->head.officer = h->officers[draft->officer].id;
    sg_record_build_init(&draft->build, &draft->head);
    if (type >= SG_TYPE_PERSON && type <= SG_TYPE_ENDORSE &&
        history_chance(h, 400)) {
        struct sg_record_src src = {
            .source = (enum sg_record_source)history_below(h, 6)};

        sg_record_build_src(&draft->build, &src);
    }
}

void history_sign_as(struct history *h, struct history_draft *draft,
                     unsigned officer)
{
    draft->officer = officer;
    draft->head.officer = h->officers[officer].id;
}

void history_parent(struct history_draft *draft, const struct sg_ref *ref)
{
    for (size_t i = 0; i < draft->head.n_parents; i++) {
        if (sg_ref_compare(&draft->parents[i], ref) == 0)
            return;
    }
    if (draft->head.n_parents < 16)
        draft->parents[draft->head.n_parents++] = *ref;
}

static const struct history_item *find_item(const struct history *h,
                                            const struct sg_ref *ref)
{
    for (unsigned i = 0; i < h->n_items; i++) {
        if (sg_ref_compare(&h->items[i].ref, ref) == 0)
            return &h->items[i];
    }
    return NULL;
}

/* The object's key: what `of` says, else the record's ref; or its number. */
static void find_object(struct history_item *item)
{
    const struct sg_record *record = &item->record;
    struct sg_ref ref = item->ref;

    switch (record->schema->object) {
    case SG_SCHEMA_OBJECT_OPENING:
        if (sg_record_has(record, SG_FIELD_COMMON_OF))
            ref = sg_record_ref(record, SG_FIELD_COMMON_OF);
        memcpy(item->object, ref.bytes, item->object_size = 16);
        return;
    case SG_SCHEMA_OBJECT_NUMBER:
        sg_bytes_put_u64be(item->object,
                           sg_record_uint(record, SG_FIELD_PIN_NUMBER));
        item->object_size = 8;
        return;
    case SG_SCHEMA_OBJECT_OTHER:
        memcpy(item->object,
               sg_record_uid(record, SG_FIELD_DUPLICATE_OTHER).bytes,
               item->object_size = 16);
        return;
    case SG_SCHEMA_OBJECT_OLD_ID:
        item->object[0] = (uint8_t)sg_record_uint(record, 3);
        memcpy(item->object + 1, sg_record_str(record, 4).data,
               sg_record_str(record, 4).size);
        sg_bytes_put_u32be(item->object + 13,
                           (uint32_t)sg_record_uint_or(record, 5, 0));
        item->object_size = 17;
        return;
    case SG_SCHEMA_OBJECT_RESETTLE:
        memcpy(item->object,
               sg_record_ref(record, SG_FIELD_RESETTLE_RESIDENCE).bytes, 16);
        sg_bytes_put_u64be(item->object + 16,
                           sg_record_uint(record, SG_FIELD_RESETTLE_FROM));
        item->object_size = 24;
        return;
    default:
        return;
    }
}

static void find_ancestors(const struct history *h, struct history_item *item)
{
    for (unsigned i = 0; i < item->record.n_parents; i++) {
        struct sg_ref ref = sg_record_parent(&item->record, i);
        const struct history_item *parent = find_item(h, &ref);
        size_t no;

        if (parent == NULL)
            continue;
        no = (size_t)(parent - h->items);
        item->after[no / 64] |= UINT64_C(1) << no % 64;
        for (size_t k = 0; k < HISTORY_ITEMS_MAX / 64; k++)
            item->after[k] |= parent->after[k];
    }
}

void history_file(struct history *h, struct history_draft *draft)
{
    const struct sg_record_copy outer = {.trust = SG_RECORD_TRUST_SYNCED};
    struct history_item *item = &h->items[h->n_items];
    uint8_t signature[SG_SIGNATURE_SIZE];
    size_t at = h->bytes.size;

    if (h->n_items == HISTORY_ITEMS_MAX ||
        sg_record_build_end(&draft->build, &outer, NULL, &h->registry,
                            &h->bytes, &item->id) != SG_OK) {
        sg_record_build_clear(&draft->build);
        return; /* it does not fit: no form would have it */
    }
    memset(item->after, 0, sizeof item->after);
    item->object_size = 0;
    memset(item->object, 0, sizeof item->object);
    item->ref = sg_ref_of(&item->id);
    item->subject = draft->subject;
    history_must(
        sg_record_decode(sg_bytes(h->bytes.data + at, h->bytes.size - at),
                         &item->record),
        "item");
    find_object(item);
    find_ancestors(h, item);
    history_must(sg_record_sign(&h->officers[draft->officer].secret,
                                &h->registry, &item->id, signature),
                 "signature");
    h->n_items++;
    do
        file_copy(h, h->n_items - 1, draft->officer, signature);
    while (history_chance(h, 150));
}

/* --- what was written -------------------------------------------------- */

static bool is_of(const struct history_item *item, unsigned subject,
                  enum sg_type type, const struct history_item *object)
{
    return item->subject == subject &&
           (type == 0 || item->record.type == type) &&
           (object == NULL ||
            (item->object_size == object->object_size &&
             memcmp(item->object, object->object, item->object_size) == 0));
}

size_t history_heads(const struct history *h, unsigned subject,
                     enum sg_type type, const struct history_item *object,
                     unsigned no, unsigned known,
                     const struct history_item **ret, size_t max)
{
    uint64_t covered[HISTORY_ITEMS_MAX / 64] = {0};
    size_t count = 0;

    for (unsigned i = known; i-- > 0 && count < max;) {
        const struct history_item *item = &h->items[i];

        if (!is_of(item, subject, type, object) ||
            (no != SG_FIELD_NONE && !sg_record_has(&item->record, no)))
            continue;
        if ((covered[i / 64] >> i % 64 & 1) == 0)
            ret[count++] = item;
        for (size_t k = 0; k < HISTORY_ITEMS_MAX / 64; k++)
            covered[k] |= item->after[k];
    }
    return count;
}

const struct history_item *history_draw(struct history *h, unsigned subject,
                                        enum sg_type type, unsigned known)
{
    unsigned start = known == 0 ? 0 : history_below(h, known);

    for (unsigned i = 0; i < known; i++) {
        const struct history_item *item = &h->items[(start + i) % known];

        if (is_of(item, subject, type, NULL))
            return item;
    }
    return NULL;
}

unsigned history_known(struct history *h)
{
    if (history_chance(h, 550))
        return h->n_items;
    return history_below(h, h->n_items + 1);
}

/* --- all --------------------------------------------------------------- */

static void draw_key(struct history *h, struct history_key *key)
{
    uint8_t seed[SG_KEY_SIZE];

    sg_prng_bytes(&h->prng, seed, sizeof seed);
    sg_crypto_sign_keypair(seed, &key->secret, key->public_key);
}

static void draw_names(struct history *h)
{
    static const unsigned nodes[HISTORY_LOGS] = {0, 0, 1, 2, 3, 4, 5, 1, 2};

    draw_key(h, &h->root);
    for (unsigned i = 0; i < HISTORY_NODES; i++)
        draw_key(h, &h->nodes[i]);
    for (unsigned i = 0; i < HISTORY_OFFICERS; i++)
        draw_key(h, &h->officers[i]);
    for (unsigned i = 0; i < HISTORY_LOGS; i++) {
        h->logs[i] = (struct history_log){
            .node = nodes[i], .kind = i == 8 ? 2 : 1, .fork = UINT64_MAX};
        sg_prng_bytes(&h->prng, h->logs[i].id, sizeof h->logs[i].id);
    }
    for (unsigned i = 0; i < HISTORY_SUBJECTS; i++)
        sg_prng_bytes(&h->prng, h->subjects[i].bytes, 16);
    for (unsigned i = 0; i < 3; i++)
        h->numbers[i] =
            UINT64_C(999088000000) + sg_prng_below(&h->prng, 1000000);
    h->logs[6].fork =
        history_chance(h, 300) ? 1 + history_below(h, 8) : UINT64_MAX;
}

void history_make(struct history *h, const struct history_people *people,
                  uint64_t seed)
{
    unsigned count;

    memset(h, 0, sizeof *h);
    sg_prng_init(&h->prng, seed);
    sg_buf_init(&h->bytes, BYTES_MAX);
    history_must(sg_buf_reserve(&h->bytes, BYTES_MAX), "memory");
    draw_names(h);
    h->is_handing_over = history_chance(h, 250);
    h->is_tight = history_chance(h, 300);
    history_authority_first(h);
    count = 30 + history_below(h, 130);
    while (h->n_items < count) {
        unsigned before = h->n_items, what = history_below(h, 100);

        if (what < 10)
            history_walk(h, people);
        else if (what < 12)
            history_quarrel(h);
        else if (what < 14)
            history_two_of_a_kind(h, people);
        else if (what < 62)
            history_register(h, people);
        else if (what < 96)
            history_decide(h);
        else if (what < 98 && h->is_handing_over)
            history_hand_over(h);
        else
            history_endorse(h);
        count -= h->n_items == before && count > 0; /* no endless loop */
    }
    history_authority_last(h);
}

void history_clear(struct history *history)
{
    sg_buf_clear(&history->bytes);
}

/* --- the file ---------------------------------------------------------- */

static void put(struct sg_buf *out, const void *data, size_t size)
{
    history_must(sg_buf_append(out, sg_bytes(data, size)), "file");
}

static void put_uint(struct sg_buf *out, uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    sg_bytes_put_u64be(bytes, value);
    put(out, bytes + 8 - size, size);
}

void history_write(const struct history *h, uint32_t number, struct sg_buf *out)
{
    put_uint(out, number, 4);
    put(out, h->registry.hash.bytes, 32);
    put_uint(out, HISTORY_LOGS, 4);
    for (unsigned i = 0; i < HISTORY_LOGS; i++) {
        const struct history_log *log = &h->logs[i];

        put(out, log->id, 32);
        put(out, h->nodes[log->node].public_key, SG_KEY_SIZE);
        put_uint(out, log->kind, 1);
        put_uint(out, log->size, 8);
    }
    put_uint(out, h->n_copies, 4);
    for (unsigned i = 0; i < h->n_copies; i++) {
        const struct history_copy *copy = &h->copies[i];

        put_uint(out, copy->log, 4);
        put_uint(out, copy->index, 8);
        put_uint(out, copy->branch, 4);
        put_uint(out, copy->entry_kind, 1);
        put_uint(out, copy->is_held, 1);
        put_uint(out, copy->signature, 1);
        put_uint(out, copy->n_readers, 1);
        for (unsigned k = 0; k < copy->n_readers; k++)
            put_uint(out, copy->readers[k], 8);
        put_uint(out, copy->size, 4);
        put(out, h->bytes.data + copy->at, copy->size);
    }
}
