#include "storage/registry/unit_file.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/limits.h"
#include "storage/base/text.h"

/* Made from data/units.txt by the build (.cmake/SogocEmbed.cmake). */
extern const uint8_t sg_unit_file_units[];
extern const size_t sg_unit_file_units_size;

#define FIELDS_MAX 8
#define ACTS_MAX   999

struct file {
    struct sg_bytes left;
    size_t line;
    struct sg_unit_table *table;
    struct sg_bytes acts[ACTS_MAX + 1]; /* 0: not known */
    uint64_t n_acts, n_units, n_edges;
    uint64_t last[2]; /* key of the last unit; ends of the last edge */
    struct sg_bytes fields[FIELDS_MAX];
    size_t n_fields;
    enum sg_err err;
};

struct sg_bytes sg_unit_file_shipped(void)
{
    return sg_bytes(sg_unit_file_units, sg_unit_file_units_size);
}

static void fail(struct file *file, enum sg_err err)
{
    if (file->err == SG_OK)
        file->err = err;
}

static bool is_text(struct sg_bytes bytes, const char *text)
{
    return sg_bytes_equal(bytes, sg_bytes(text, strlen(text)));
}

/* Takes the next line, without its end. */
static struct sg_bytes take_line(struct file *file)
{
    const uint8_t *end = file->left.size == 0
                             ? NULL
                             : memchr(file->left.data, '\n', file->left.size);
    struct sg_bytes line = {NULL, 0};

    file->line++;
    if (end == NULL) {
        fail(file, SG_ERR_TRUNCATED);
        return line;
    }
    line = sg_bytes(file->left.data, (size_t)(end - file->left.data));
    file->left = sg_bytes(end + 1, file->left.size - line.size - 1);
    return line;
}

/* Takes the next line that is no remark and cuts it into fields. */
static void take_fields(struct file *file)
{
    struct sg_bytes line;
    size_t begin = 0;

    do
        line = take_line(file);
    while (file->err == SG_OK && line.size > 0 && line.data[0] == '#');
    file->n_fields = 0;
    for (size_t i = 0; file->err == SG_OK && i <= line.size; i++) {
        if (i < line.size && line.data[i] != '\t')
            continue;
        if (file->n_fields == FIELDS_MAX) {
            fail(file, SG_ERR_MALFORMED);
            return;
        }
        file->fields[file->n_fields++] = sg_bytes(line.data + begin, i - begin);
        begin = i + 1;
    }
}

/* Reads field I as a number of at most MAX. */
static uint64_t number(struct file *file, size_t i, uint64_t max)
{
    uint64_t value = 0;
    enum sg_err err;

    SG_ASSERT(i < file->n_fields);
    err = sg_text_decimal_decode(file->fields[i], &value);
    if (err == SG_OK && value > max)
        err = SG_ERR_INVALID;
    if (err != SG_OK)
        fail(file, err);
    return file->err == SG_OK ? value : 0;
}

/* Reads field I as a text. A combining mark is refused: every letter of
 * Vietnamese has a composed form, and NFC has no other. */
static struct sg_bytes text(struct file *file, size_t i)
{
    struct sg_bytes bytes = file->fields[i];

    SG_ASSERT(i < file->n_fields);
    if (!sg_text_is_utf8(bytes))
        fail(file, SG_ERR_TEXT);
    for (size_t k = 0; k < bytes.size; k++) {
        uint8_t byte = bytes.data[k];
        uint8_t next = k + 1 < bytes.size ? bytes.data[k + 1] : 0;

        if (byte < 0x20 || byte == 0x7f)
            fail(file, SG_ERR_MALFORMED);
        if (byte == 0xcc || (byte == 0xcd && next < 0xb0))
            fail(file, SG_ERR_NOTCANONICAL);
    }
    return bytes;
}

static struct sg_unit_key key(struct file *file, size_t i)
{
    struct sg_unit_key value = {number(file, i, UINT64_MAX)};

    if (!sg_unit_key_is_valid(value))
        fail(file, SG_ERR_INVALID);
    return value;
}

static struct sg_bytes act(struct file *file, size_t i)
{
    return file->acts[number(file, i, file->n_acts)];
}

/* act NUMBER TEXT */
static void read_act(struct file *file)
{
    if (file->n_fields != 3 || file->n_units + file->n_edges > 0) {
        fail(file, SG_ERR_MALFORMED);
        return;
    }
    if (number(file, 1, ACTS_MAX) != file->n_acts + 1)
        fail(file, SG_ERR_INVALID);
    if (file->err == SG_OK)
        file->acts[++file->n_acts] = text(file, 2);
}

/* unit KEY UNTIL KIND PARENT ACT PROOF NAME */
static void read_unit(struct file *file)
{
    struct sg_unit unit;

    if (file->n_fields != 8 || file->n_edges > 0) {
        fail(file, SG_ERR_MALFORMED);
        return;
    }
    unit.key = key(file, 1);
    unit.until.ymd = (uint32_t)number(file, 2, 99991231);
    unit.kind = (uint16_t)number(file, 3, UINT16_MAX);
    unit.parent = key(file, 4);
    unit.act = act(file, 5);
    unit.is_proven = number(file, 6, 1) != 0;
    unit.name = text(file, 7);
    if (unit.key.value <= file->last[0])
        fail(file, SG_ERR_NOTCANONICAL);
    if (file->err == SG_OK)
        fail(file, sg_unit_table_add(file->table, &unit));
    file->last[0] = unit.key.value;
    file->n_units++;
}

/* edge FROM TO SHARE ACT PROOF */
static void read_edge(struct file *file)
{
    struct sg_unit_edge edge;

    if (file->n_fields != 6) {
        fail(file, SG_ERR_MALFORMED);
        return;
    }
    if (file->n_edges == 0)
        file->last[0] = 0;
    edge.from = key(file, 1);
    edge.to = key(file, 2);
    edge.share = (enum sg_unit_share)number(file, 3, SG_UNIT_PART);
    edge.act = act(file, 4);
    edge.is_proven = number(file, 5, 1) != 0;
    if (edge.from.value < file->last[0] ||
        (edge.from.value == file->last[0] && edge.to.value <= file->last[1]))
        fail(file, SG_ERR_NOTCANONICAL);
    if (file->err == SG_OK)
        fail(file, sg_unit_table_link(file->table, &edge));
    file->last[0] = edge.from.value;
    file->last[1] = edge.to.value;
    file->n_edges++;
}

/* end UNITS EDGES: the counts say that nothing is missing. */
static void read_end(struct file *file)
{
    if (file->n_fields != 3)
        fail(file, SG_ERR_MALFORMED);
    else if (number(file, 1, UINT64_MAX) != file->n_units ||
             number(file, 2, UINT64_MAX) != file->n_edges)
        fail(file, SG_ERR_INVALID);
    else if (file->left.size > 0)
        fail(file, SG_ERR_TRAILING);
}

static void read_lines(struct file *file)
{
    bool is_end = false;

    while (file->err == SG_OK && !is_end) {
        take_fields(file);
        if (file->err != SG_OK)
            return;
        is_end = is_text(file->fields[0], "end");
        if (is_end)
            read_end(file);
        else if (is_text(file->fields[0], "act"))
            read_act(file);
        else if (is_text(file->fields[0], "unit"))
            read_unit(file);
        else if (is_text(file->fields[0], "edge"))
            read_edge(file);
        else
            fail(file, SG_ERR_MALFORMED);
    }
}

enum sg_err sg_unit_file_read(struct sg_bytes text_bytes,
                              struct sg_unit_table **ret_table,
                              size_t *ret_line)
{
    struct file file = {.left = text_bytes};

    fail(&file, sg_unit_table_new(&file.table));
    if (file.err == SG_OK && !is_text(take_line(&file), "sogoc units 1"))
        fail(&file, SG_ERR_VERSION);
    read_lines(&file);
    if (file.err == SG_OK)
        fail(&file, sg_unit_table_seal(file.table));
    if (file.err == SG_OK && sg_unit_table_check(file.table, NULL, 0) > 0)
        file.err = SG_ERR_INVALID;
    if (file.err != SG_OK) {
        sg_unit_table_free(file.table);
        if (ret_line != NULL)
            *ret_line = file.line;
        return file.err;
    }
    *ret_table = file.table;
    return SG_OK;
}
