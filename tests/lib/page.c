#include "tests/lib/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

#define PAGE_SIZE_MAX (1 << 20)

static const char fence[] = "```";

/* Cuts the first line, with its end, off TEXT. */
static struct sg_bytes take_line(struct sg_bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->size);
    size_t size = end != NULL ? (size_t)(end - text->data) + 1 : text->size;
    struct sg_bytes line = {text->data, size};

    text->data += size;
    text->size -= size;
    return line;
}

static bool is_line(struct sg_bytes line, const char *text)
{
    if (line.size > 0 && line.data[line.size - 1] == '\n')
        line.size--;
    return sg_bytes_equal(line, sg_bytes(text, strlen(text)));
}

/* Gives the lines up to the closing fence, and moves over it. */
static enum sg_err take_block(struct sg_bytes *page,
                              struct sg_bytes *ret_content)
{
    struct sg_bytes content = {page->data, 0};

    while (page->size > 0) {
        struct sg_bytes line = take_line(page);

        if (is_line(line, fence)) {
            *ret_content = content;
            return SG_OK;
        }
        content.size += line.size;
    }
    return SG_ERR_TRUNCATED;
}

enum sg_err sg_page_find(struct sg_bytes page, const char *kind,
                         const char *name, struct sg_bytes *ret_content)
{
    char first[200];
    struct sg_bytes content;
    bool is_found = false;

    (void)snprintf(first, sizeof first, "%s%s %s", fence, kind, name);
    while (page.size > 0) {
        if (!is_line(take_line(&page), first))
            continue;
        if (is_found)
            return SG_ERR_EXISTS;
        if (take_block(&page, &content) != SG_OK)
            return SG_ERR_TRUNCATED;
        is_found = true;
    }
    if (!is_found)
        return SG_ERR_NOTFOUND;
    *ret_content = content;
    return SG_OK;
}

/* Appends the whole of PAGE to RET. */
static void read_page(const char *page, struct sg_buf *ret)
{
    const char *root = getenv("SG_SOURCE_DIR");
    char path[4096];
    uint8_t *content;
    FILE *file;
    size_t size;

    if (root == NULL)
        fail_msg("SG_SOURCE_DIR is not set; ctest sets it");
    (void)snprintf(path, sizeof path, "%s/%s", root, page);
    file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    assert_ok(sg_buf_extend(ret, PAGE_SIZE_MAX, &content));
    size = fread(content, 1, PAGE_SIZE_MAX, file);
    assert_true(size < PAGE_SIZE_MAX);
    assert_int_equal(fclose(file), 0);
    sg_buf_truncate(ret, size);
}

static void append_block(const char *page, const char *kind, const char *name,
                         struct sg_buf *ret)
{
    struct sg_buf whole;
    struct sg_bytes content = {0};
    enum sg_err err;

    sg_buf_init(&whole, PAGE_SIZE_MAX);
    read_page(page, &whole);
    err = sg_page_find(sg_buf_bytes(&whole), kind, name, &content);
    if (err != SG_OK)
        fail_msg("%s: block %s %s: %s", page, kind, name, sg_err_name(err));
    if (strcmp(kind, "hex") == 0 && !sg_hex_parse(content, &content))
        fail_msg("%s: block %s %s is not hex", page, kind, name);
    assert_ok(sg_buf_append(ret, content));
    sg_buf_clear(&whole);
}

void sg_page_hex(const char *page, const char *name, struct sg_buf *ret)
{
    append_block(page, "hex", name, ret);
}

void sg_page_text(const char *page, const char *name, struct sg_buf *ret)
{
    append_block(page, "text", name, ret);
}
