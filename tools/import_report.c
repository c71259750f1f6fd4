#include "tools/import_report.h"

#include <string.h>

#include "storage/base/check.h"
#include "storage/base/text.h"

static void put_text(struct sg_writer *writer, const char *text)
{
    sg_writer_bytes(writer, sg_bytes(text, strlen(text)));
}

static void put_quoted(struct sg_writer *writer, const char *text)
{
    put_text(writer, ",\"");
    for (; *text != '\0'; text++) {
        if (*text == '"')
            sg_writer_bytes(writer, SG_BYTES_TEXT("\""));
        sg_writer_bytes(writer, sg_bytes(text, 1));
    }
    put_text(writer, "\"");
}

enum sg_err sg_import_report_put(struct sg_buf *text,
                                 const struct sg_import_report_row *row)
{
    struct sg_writer writer;

    sg_writer_init_buf(&writer, text);
    sg_text_decimal_encode(&writer, row->line);
    put_text(&writer, row->is_flag ? ",flagged," : ",refused,");
    sg_writer_bytes(&writer, row->code);
    put_text(&writer, ",");
    put_text(&writer, row->field);
    put_quoted(&writer, row->english);
    put_quoted(&writer, row->vietnamese);
    put_text(&writer, "\r\n");
    return sg_writer_end(&writer);
}

enum sg_err sg_import_report_state(struct sg_buf *text, uint64_t line,
                                   enum sg_rows_state state)
{
    static const struct {
        const char *code, *english, *vietnamese;
    } words[] = {
        [SG_ROWS_LONG] = {"row", "the row is too long", "dòng quá dài"},
        [SG_ROWS_QUOTE] = {"CSV", "the quotation marks do not fit",
                           "dấu ngoặc kép không khớp"},
        [SG_ROWS_COUNT] = {"CSV",
                           "the row does not have as many values as the "
                           "head",
                           "số giá trị khác số cột của dòng tiêu đề"},
        [SG_ROWS_TEXT] = {"row", "the row is not UTF-8",
                          "dòng không phải UTF-8"},
        [SG_ROWS_NO_OBJECT] = {"JSON", "the line is not one JSON object",
                               "dòng không phải một đối tượng JSON"},
    };
    const struct sg_import_report_row row = {
        .line = line,
        .code = sg_bytes(words[state].code, strlen(words[state].code)),
        .field = "-",
        .english = words[state].english,
        .vietnamese = words[state].vietnamese,
    };

    SG_ASSERT(words[state].code != NULL);
    return sg_import_report_put(text, &row);
}
