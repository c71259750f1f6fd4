/* Two whole cores in stage 2, of which one or the other says anything: besides
 * what it is told to say, messages of honest cores are spoilt or kept back.
 * Whatever comes: the stores take every write, nobody believes in a fork or in
 * entries that no key has signed, and when the peers are honest again both soon
 * have the same.
 *
 * Input: steps of a byte each. Bits 0 to 2 say what, bit 3 which node, bits 4
 * to 7 are a number n. 0: a message to the node: type, length (2 bytes), body.
 * 1: the node writes n + 1 entries. 2: time passes, n^3 ms. 3: the message
 * after n others has a byte changed: place (2 bytes) and difference. 4: it is
 * kept back. 5: the node's disk stands still, or goes on. 6: the connection is
 * cut and there is another. 7: the node starts again, and so does that. */
#include "replication/frame.h"
#include "storage/base/check.h"
#include "storage/base/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/sync_pair.h"

#define STEPS_MAX   64u
#define MEET_MS     2000u
#define PENALTY_MS  7200000u /* the longest wait of who misbehaved, and more */
#define CONVERGE_MS 120000u

/* What happens to a message on its way. */
struct trouble {
    bool is_on;
    bool is_lost;
    unsigned after; /* so many others */
    size_t at;
    uint8_t difference;
};

static bool meddle(struct pair_net *net, struct pair_message *message)
{
    struct trouble *trouble = net->context;

    if (!trouble->is_on || trouble->after-- > 0)
        return true;
    trouble->is_on = false;
    if (message->size > 0)
        message->body[trouble->at % message->size] ^= trouble->difference;
    return !trouble->is_lost;
}

/* Says whether a channel in stage 2 would let a message through. */
static bool is_let_through(unsigned type, size_t size)
{
    switch (type) {
#define LET_THROUGH(name, number, text, stages, body_max) \
    case number:                                          \
        return ((stages)&SG_STAGE_2) != 0 && size <= (body_max);
        SG_MESSAGE_LIST(LET_THROUGH)
#undef LET_THROUGH
    default:
        return false;
    }
}

static void say(struct pair_net *net, size_t node, struct sg_reader *reader)
{
    struct sg_event event = {.kind = SG_EVENT_MESSAGE};
    unsigned type = sg_reader_u8(reader);
    struct sg_sync_session_view view;

    event.message.type = (enum sg_message_type)type;
    event.message.body = sg_reader_take(reader, sg_reader_u16be(reader));
    if (reader->err != SG_OK || !is_let_through(type, event.message.body.size))
        return;
    while (event.session < PAIR_SESSIONS_MAX &&
           !net->nodes[node].ends[event.session].is_open)
        event.session++;
    if (event.session < PAIR_SESSIONS_MAX &&
        sg_sync_session(net->nodes[node].core, event.session, &view) == SG_OK &&
        view.in_stage2)
        pair_step(net, node, &event);
}

static void set_trouble(struct trouble *trouble, unsigned n, bool is_lost,
                        struct sg_reader *reader)
{
    *trouble = (struct trouble){.is_on = true, .is_lost = is_lost, .after = n};
    if (is_lost)
        return;
    trouble->at = sg_reader_u16be(reader);
    trouble->difference = sg_reader_u8(reader);
}

static void reconnect(struct pair_net *net)
{
    pair_cut(net, 0, 1);
    pair_connect(net, 1, 0);
}

static void do_step(struct pair_net *net, unsigned step,
                    struct sg_reader *reader)
{
    size_t node = step >> 3 & 1;
    unsigned n = step >> 4;

    switch (step & 7) {
    case 0:
        say(net, node, reader);
        break;
    case 1:
        pair_append(net, node, n + 1);
        break;
    case 2:
        pair_run(net, (uint64_t)n * n * n);
        break;
    case 3:
    case 4:
        set_trouble(net->context, n, (step & 7) == 4, reader);
        break;
    case 5:
        net->nodes[node].holds_commits = !net->nodes[node].holds_commits;
        break;
    case 6:
        reconnect(net);
        break;
    case 7:
        pair_restart(net, node);
        reconnect(net);
        break;
    }
}

static void check(const struct pair_net *net)
{
    for (size_t i = 0; i < net->n_nodes; i++) {
        SG_ASSERT(net->nodes[i].n_behind == 0);
        for (size_t k = 0; k < net->nodes[i].n_alarms; k++) {
            SG_ASSERT(net->nodes[i].alarms[k].alarm != SG_SYNC_ALARM_FORK);
            SG_ASSERT(net->nodes[i].alarms[k].alarm != SG_SYNC_ALARM_OWN_FORK);
            SG_ASSERT(net->nodes[i].alarms[k].alarm != SG_SYNC_ALARM_REVOKED);
        }
        net->nodes[i].n_alarms = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trouble trouble = {0};
    struct sg_reader reader;
    struct pair_net net;

    sg_reader_init(&reader, sg_bytes(data, size));
    pair_new(&net, 2, NULL);
    net.context = &trouble;
    net.filter = meddle;
    pair_connect(&net, 1, 0);
    pair_run(&net, MEET_MS);
    for (unsigned i = 0; i < STEPS_MAX && reader.left.size > 0; i++) {
        do_step(&net, sg_reader_u8(&reader), &reader);
        if (reader.err != SG_OK)
            break;
        check(&net);
    }
    net.filter = NULL;
    net.nodes[0].holds_commits = net.nodes[1].holds_commits = false;
    pair_cut(&net, 0, 1);
    pair_run(&net, PENALTY_MS);
    pair_connect(&net, 1, 0);
    pair_run(&net, CONVERGE_MS);
    check(&net);
    pair_assert_equal(&net);
    pair_clear(&net);
    return 0;
}
