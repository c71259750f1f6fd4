#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "replication/cosignature.h"
#include "replication/holding.h"
#include "storage/base/text.h"
#include "storage/lmdb/fetch.h"
#include "storage/lmdb/keep.h"
#include "tools/seat.h"
#include "tools/verb.h"

#define TIME_SIZE   32
#define VIETNAM_S   (7 * 3600)
#define SECONDS_MAX 253402300799u /* the year 9999 */

const struct sg_verb_page sg_verb_statement_page = {
    "[LOG [INDEX]] [--dir DIR]",
    {"Lists who has said what of a log: that he holds it durably up to an "
     "entry\n"
     "(holding), or that he saw it, consistent with all that he saw before "
     "(witness).\n"
     "Each signature is verified. With INDEX: exit 0 if somebody says that he "
     "holds\n"
     "that entry, 1 if nobody.\n"
     "\n"
     "  LOG    its number or id, as sogoc logs has them (default: the own "
     "log)\n"
     "  INDEX  an entry\n",
     "Liệt kê ai đã xác nhận gì về một nhật ký: đang giữ chắc chắn đến mục "
     "nào\n"
     "(holding), hoặc đã thấy và khớp với mọi lần thấy trước (witness). Chữ "
     "ký nào\n"
     "cũng được kiểm. Có INDEX: mã thoát 0 nếu có nơi xác nhận giữ mục ấy, 1 "
     "nếu\n"
     "không có.\n"
     "\n"
     "  LOG    số hoặc mã, như sogoc logs liệt kê (mặc định: nhật ký của "
     "nút)\n"
     "  INDEX  một mục\n"},
    "  $ sogoc statement --dir authority\n",
};

static const struct sg_out_shape shape = {
    .type = "statement",
    .field_count = 7,
    .fields = {{"kind", {"kind", "loại"}, 8},
               {"by", {"key id", "mã khóa"}, 16},
               {"size", {"up to", "đến mục"}, -10},
               {"absent", {"absent", "thiếu"}, -8},
               {"said", {"said", "lúc"}, 23},
               {"signature", {"signature", "chữ ký"}, 12},
               {"label", {"office", "đơn vị"}, 24}},
    .legend = {"up to: so many entries. absent: payloads among them that he "
               "lacks. said: by his clock.",
               "đến mục: số mục. thiếu: số mục trong đó không có nội dung. "
               "lúc: theo đồng hồ nơi đó."},
};

struct listing {
    struct sg_cli *cli;
    const struct sg_seat *seat;
    struct sg_store_log log;
    uint64_t least; /* entries that one must hold; 0: not asked */
    bool is_held;
};

/* What somebody said, of either kind. */
struct said {
    bool is_holding;
    struct sg_key_id by;
    struct sg_bytes label;
    uint64_t size, absent, seconds;
    enum sg_err signature; /* NOTFOUND: it cannot be checked here */
};

static struct sg_out_value time_value(uint64_t seconds, char text[TIME_SIZE])
{
    time_t when;
    struct tm parts;

    if (seconds > SECONDS_MAX)
        return sg_out_none();
    when = (time_t)seconds + VIETNAM_S;
    if (gmtime_r(&when, &parts) == NULL)
        return sg_out_none();
    (void)strftime(text, TIME_SIZE, "%Y-%m-%d %H:%M:%S +07", &parts);
    return sg_out_word(text, NULL);
}

static void show(struct listing *listing, const struct said *said)
{
    struct sg_cli *cli = listing->cli;
    char text[TIME_SIZE];
    const struct sg_out_value values[] = {
        said->is_holding
            ? sg_out_word("holding", sg_cli_say(cli, NULL, "giữ"))
            : sg_out_word("witness", sg_cli_say(cli, NULL, "thấy")),
        sg_out_bytes(SG_OUT_HEX, SG_BYTES_ARRAY(said->by.bytes)),
        sg_out_number(said->size),
        said->is_holding ? sg_out_number(said->absent) : sg_out_none(),
        time_value(said->seconds, text),
        said->signature == SG_OK
            ? sg_out_word("right", sg_cli_say(cli, NULL, "đúng"))
        : said->signature == SG_ERR_NOTFOUND
            ? sg_out_word("unchecked", sg_cli_say(cli, NULL, "chưa kiểm được"))
            : sg_out_word("wrong", sg_cli_say(cli, NULL, "sai")),
        said->label.size > 0 ? sg_out_bytes(SG_OUT_BODY, said->label)
                             : sg_out_none(),
    };

    sg_out_row(&cli->out, &shape, values);
    if (said->is_holding && said->signature == SG_OK &&
        said->size >= listing->least)
        listing->is_held = true;
}

static enum sg_err see_holding(void *context,
                               const struct sg_keep_statement *statement)
{
    struct listing *listing = context;
    const struct sg_seat *seat = listing->seat;
    struct sg_holding holding;

    if (sg_holding_decode(statement->bytes, &holding) != SG_OK)
        return SG_OK; /* nothing depends on it, and it comes again */
    show(listing,
         &(struct said){
             .is_holding = true,
             .by = sg_key_id_of(seat->registry, SG_KEY_NODE, holding.holder),
             .label = sg_seat_label(seat, holding.holder),
             .size = holding.held,
             .absent = holding.absent,
             .seconds = holding.seconds,
             .signature = sg_holding_verify(&holding, seat->registry),
         });
    return SG_OK;
}

/* A cosignature is over the tree that this node holds at that size. */
static enum sg_err verify(const struct listing *listing,
                          const struct sg_cosignature *cosignature,
                          const uint8_t witness_key[SG_KEY_SIZE])
{
    struct sg_checkpoint checkpoint = {.size = cosignature->size};
    enum sg_err err =
        sg_fetch_root(listing->seat->home.store, listing->log.number,
                      checkpoint.size, &checkpoint.root);

    return err != SG_OK
               ? SG_ERR_NOTFOUND
               : sg_cosignature_verify(cosignature, listing->seat->registry,
                                       &listing->log.id, &checkpoint,
                                       witness_key);
}

static enum sg_err see_cosignature(void *context,
                                   const struct sg_keep_statement *statement)
{
    struct listing *listing = context;
    const struct sg_seat *seat = listing->seat;
    struct sg_cosignature cosignature;
    struct sg_trust_node node;
    struct said said = {.signature = SG_ERR_NOTFOUND};

    if (sg_cosignature_decode(statement->bytes, &cosignature) != SG_OK)
        return SG_OK;
    said.by = cosignature.witness;
    said.size = cosignature.size;
    said.seconds = sg_cosignature_seconds(&cosignature);
    if (sg_trust_node_of_id(seat->trust, &said.by, &node)) {
        said.label = sg_seat_label(seat, node.certificate.node_key);
        said.signature =
            verify(listing, &cosignature, node.certificate.node_key);
    }
    show(listing, &said);
    return SG_OK;
}

static int list(struct listing *listing)
{
    struct sg_store *store = listing->seat->home.store;
    const uint8_t *about = listing->log.id.hash.bytes;
    enum sg_err err = sg_keep_each_statement(store, SG_KEEP_HOLDING, about,
                                             see_holding, listing);

    if (err == SG_OK)
        err = sg_keep_each_statement(store, SG_KEEP_COSIGNATURE, about,
                                     see_cosignature, listing);
    if (err != SG_OK)
        return sg_cli_fail_err(listing->cli, err, listing->cli->dir);
    return listing->least > 0 && !listing->is_held ? SG_EXIT_NO : 0;
}

int sg_verb_statement(struct sg_cli *cli, struct sg_cli_words words)
{
    struct sg_seat seat;
    struct listing listing = {.cli = cli, .seat = &seat};
    uint64_t index = 0;
    int code = sg_cli_options(cli, &words, NULL, 0, 0, 2);

    if (code == 0 && words.count == 2) {
        const char *text = words.words[1];

        if (sg_text_decimal_decode(sg_bytes(text, strlen(text)), &index) !=
                SG_OK ||
            index == UINT64_MAX)
            return sg_cli_fail(cli, SG_EXIT_USAGE,
                               "%s: INDEX is a whole number; see --help",
                               "%s: INDEX là số nguyên; xem --help", text);
        listing.least = index + 1;
    }
    if (code == 0)
        code = sg_seat_open(cli, SG_SEAT_READ, NULL, &seat);
    if (code != 0)
        return code;
    code = sg_home_log(cli, &seat.home, words.count > 0 ? words.words[0] : NULL,
                       &listing.log);
    if (code == 0)
        code = list(&listing);
    sg_seat_close(&seat);
    return code;
}
