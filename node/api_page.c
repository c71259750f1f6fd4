/* The officers' page (page/): three files, the same for everybody, with nothing
 * of the registry in them. What it shows it asks for itself. */
#include "node/api_call.h"

/* Made from the files by the build (.cmake/SogocEmbed.cmake). */
extern const uint8_t sg_api_page_file_html[], sg_api_page_file_css[],
    sg_api_page_file_js[];
extern const size_t sg_api_page_file_html_size, sg_api_page_file_css_size,
    sg_api_page_file_js_size;

static void give(struct sg_api_answer *ret, const char *type,
                 const uint8_t *data, size_t size)
{
    sg_buf_truncate(&ret->body, 0);
    if (sg_buf_append(&ret->body, sg_bytes(data, size)) != SG_OK) {
        sg_api_call_refuse_err(ret, 503, SG_ERR_NOMEM);
        return;
    }
    ret->status = 200;
    ret->type = type;
}

void sg_api_page_html(struct sg_api *api, const struct sg_api_request *request,
                      struct sg_api_answer *ret)
{
    (void)api;
    (void)request;
    give(ret, "text/html; charset=utf-8", sg_api_page_file_html,
         sg_api_page_file_html_size);
}

void sg_api_page_css(struct sg_api *api, const struct sg_api_request *request,
                     struct sg_api_answer *ret)
{
    (void)api;
    (void)request;
    give(ret, "text/css; charset=utf-8", sg_api_page_file_css,
         sg_api_page_file_css_size);
}

void sg_api_page_js(struct sg_api *api, const struct sg_api_request *request,
                    struct sg_api_answer *ret)
{
    (void)api;
    (void)request;
    give(ret, "text/javascript; charset=utf-8", sg_api_page_file_js,
         sg_api_page_file_js_size);
}
