/* Records over the API, many at a time: a form a line, an answer a line. */
#include <string.h>

#include "node/api_call.h"
#include "storage/base/check.h"

struct line {
    unsigned status;
    json_t *word; /* NULL: it is still at the desk */
};

struct lines {
    struct sg_api_task task;
    size_t count, left; /* left: at the desk */
    struct line lines[];
};

static void clear(struct sg_api_task *task)
{
    struct lines *lines = (struct lines *)task;

    for (size_t i = 0; i < lines->count; i++)
        json_decref(lines->lines[i].word);
}

/* The end of the first line of TEXT: behind its newline, or TEXT's. */
static size_t line_size(struct sg_bytes text)
{
    const uint8_t *newline = memchr(text.data, '\n', text.size);

    return newline == NULL ? text.size : (size_t)(newline - text.data) + 1;
}

static size_t count_lines(struct sg_bytes text)
{
    size_t count = 0, size;

    for (; text.size > 0; count++) {
        size = line_size(text);
        text = sg_bytes(text.data + size, text.size - size);
    }
    return count;
}

/* --- Answers --------------------------------------------------------------
 */

static bool put_line(const struct line *line, struct sg_buf *body)
{
    sg_api_call_set(line->word, "status", json_integer(line->status));
    return json_object_get(line->word, "status") != NULL &&
           sg_api_call_dump(line->word, body) &&
           sg_buf_append(body, SG_BYTES_TEXT("\n")) == SG_OK;
}

static void finish(struct sg_api *api, struct sg_api_task *task,
                   struct sg_api_answer *ret)
{
    struct lines *lines = (struct lines *)task;
    bool is_whole = true;

    (void)api;
    ret->status = 200;
    ret->type = SG_HTTP_LINES;
    sg_buf_truncate(&ret->body, 0);
    for (size_t i = 0; i < lines->count && is_whole; i++)
        is_whole = put_line(&lines->lines[i], &ret->body);
    /* What is filed is filed: handed in again it is found. */
    if (!is_whole)
        sg_api_call_refuse_err(ret, 503, SG_ERR_NOMEM);
}

static json_t *no_object(void)
{
    return sg_api_call_word("json", "the line is not one JSON object",
                            "dòng không phải là một đối tượng JSON");
}

bool sg_api_gather(struct sg_api *api, const struct sg_desk_paper *paper)
{
    struct lines *lines = paper->many;
    struct line *line;

    if (lines == NULL)
        return false;
    SG_ASSERT(lines->left > 0);
    SG_ASSERT(paper->at < lines->count);
    line = &lines->lines[paper->at];
    line->status = 503;
    line->word = sg_api_record_word(paper, &line->status);
    if (--lines->left == 0)
        sg_api_call_done(api, &lines->task);
    return true;
}

/* --- Forms ----------------------------------------------------------------
 */

/* Reads the form in TEXT, line AT. NULL: LINES has the answer, or, where there
 * is no memory, none. */
static struct sg_desk_paper *read_line(struct sg_api *api,
                                       const struct sg_api_request *request,
                                       struct lines *lines, size_t at,
                                       struct sg_bytes text)
{
    struct line *line = &lines->lines[at];
    json_t *form = sg_api_call_parse(text);
    struct sg_desk_paper *paper = NULL;

    line->status = 400;
    if (form == NULL)
        line->word = no_object();
    else
        paper = sg_api_record_read(api, request, form, &line->word);
    json_decref(form);
    if (paper == NULL)
        return NULL;
    paper->many = lines;
    paper->at = at;
    lines->left++;
    return paper;
}

static void free_papers(struct sg_desk_paper *papers)
{
    while (papers != NULL) {
        struct sg_desk_paper *paper = papers;

        papers = paper->next;
        sg_desk_paper_free(paper);
    }
}

/* Reads all forms into *RET_PAPERS. False: there was no memory for one. */
static bool read_lines(struct sg_api *api, const struct sg_api_request *request,
                       struct lines *lines, struct sg_desk_paper **ret_papers)
{
    struct sg_desk_paper **last = ret_papers;
    struct sg_bytes text = request->body;

    for (size_t i = 0; i < lines->count; i++) {
        size_t size = line_size(text);

        *last = read_line(api, request, lines, i, sg_bytes(text.data, size));
        if (*last != NULL)
            last = &(*last)->next;
        else if (lines->lines[i].word == NULL)
            return false;
        text = sg_bytes(text.data + size, text.size - size);
    }
    return true;
}

static struct lines *lines_new(struct sg_api *api,
                               const struct sg_api_request *request,
                               struct sg_api_answer *ret)
{
    size_t count = count_lines(request->body);
    struct lines *lines;

    if (count == 0) {
        sg_api_call_json(ret, 400, no_object());
        return NULL;
    }
    if (count > SG_API_LINES_MAX) {
        sg_api_call_refuse(ret, 413, "lines",
                           "the body has more than 256 lines",
                           "nội dung có hơn 256 dòng");
        return NULL;
    }
    lines = sg_api_call_task(
        api, request, sizeof *lines + count * sizeof lines->lines[0], ret);
    if (lines == NULL)
        return NULL;
    lines->task.finish = finish;
    lines->task.clear = clear;
    lines->count = count;
    return lines;
}

void sg_api_lines_submit(struct sg_api *api,
                         const struct sg_api_request *request,
                         struct sg_api_answer *ret)
{
    struct lines *lines = lines_new(api, request, ret);
    struct sg_desk_paper *papers = NULL;

    if (lines == NULL)
        return;
    if (!read_lines(api, request, lines, &papers) ||
        sg_desk_put_all(api->config.desk, papers) != SG_OK) {
        free_papers(papers);
        sg_api_call_drop(api, &lines->task);
        sg_api_call_refuse(ret, 503, "busy", "too much is waiting; try again",
                           "đang có quá nhiều việc chờ; hãy thử lại");
        return;
    }
    if (lines->left > 0) {
        ret->turn = SG_API_LATER;
        return;
    }
    finish(api, &lines->task, ret);
    sg_api_call_drop(api, &lines->task);
}
