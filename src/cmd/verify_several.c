/* verify A B...: are they the same channel, one older than the other, or two histories? */
#include <stdlib.h>
#include <string.h>

#include "cmd/verify_int.h"
#include "io/io.h"
#include "role/role.h"

enum relation { REL_SAME, REL_OLDER, REL_FORK, REL_IDENTITY_FORK, REL_OTHER, REL_UNKNOWN };

struct tree {
    const char *what;
    int dir;
    struct verify_report *report; /* NULL: nothing was there */
    struct why why;
    int code; /* enum cmd_exit */
};
struct trees {
    struct cmd *cmd;
    struct tree *tree;
    size_t count;
    struct json_writer *json;
    struct bytes out;
};

static int code_of(const struct verify_report *report)
{
    enum verify_severity verdict = verify_verdict(report);

    return verdict == VERIFY_OK        ? CMD_DONE
           : verdict == VERIFY_WANTING ? CMD_WANTING
                                       : CMD_UNCHECKED;
}

static void look(struct tree *tree, const struct channel_id *expected)
{
    tree->dir = -1;
    tree->code = CMD_UNCHECKED;
    if (cmd_tree_open(tree->what, &tree->dir, &tree->why) < 0)
        return;
    /* RAW: a report is too large for the stack of a small machine. */
    tree->report = calloc(1, sizeof(*tree->report));
    if (!tree->report)
        bug("no memory for a report");
    if (role_verify(tree->dir, expected, tree->report, &tree->why) == SH_OK) {
        tree->code = code_of(tree->report);
        return;
    }
    (void)why_name(&tree->why, 0, tree->what); /* Only the name is added. */
    tree->code = CMD_FAILED;
    free(tree->report);
    tree->report = NULL;
}

/* Can its entries be set beside another's: they are the ones that the channel's key signed. */
static bool is_history(const struct tree *tree)
{
    return tree->report && tree->report->total[VERIFY_LOG] &&
           tree->report->total[VERIFY_CHECKPOINT];
}

/* The history that the others are set beside: under the highest note, then the longest. */
static const struct tree *find_best(const struct trees *all)
{
    const struct tree *best = NULL, *tree;

    for (size_t i = 0; i < all->count; i++) {
        tree = &all->tree[i];
        if (!is_history(tree))
            continue;
        if (!best || tree->report->identities > best->report->identities ||
            (tree->report->identities == best->report->identities &&
             tree->report->size > best->report->size))
            best = tree;
    }
    return best;
}

static enum relation relate(const struct tree *best, const struct tree *other,
                            struct role_likeness *likeness)
{
    const struct verify_report *reports[2] = {best->report, other->report};
    const int dirs[2] = {best->dir, other->dir};
    const struct verify_report *a = best->report, *b = other->report;
    struct why why = {0};
    uint64_t notes;

    *likeness = (struct role_likeness){0};
    if (!other->report || !*other->report->channel.text)
        return REL_UNKNOWN;
    if (memcmp(a->channel.hash, b->channel.hash, sizeof(a->channel.hash)) != 0)
        return REL_OTHER;
    if (!is_history(other) || role_compare(dirs, reports, likeness, &why) < 0)
        return REL_UNKNOWN;
    notes = a->identity_notes < b->identity_notes ? a->identity_notes : b->identity_notes;
    if (likeness->notes < notes)
        return REL_IDENTITY_FORK;
    if (likeness->entries < a->size && likeness->entries < b->size)
        return REL_FORK;
    return a->size == b->size ? REL_SAME : REL_OLDER;
}

/* ---- words ---- */

static void say(struct trees *all, enum lang_string id, const char *first, const char *second,
                uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    LANG_SAY(&all->out, all->cmd->lang, id, first, second, text);
    bytes_u8(&all->out, '\n');
}

static void say_relation(struct trees *all, const struct tree *best, const struct tree *other,
                         enum relation relation, const struct role_likeness *likeness)
{
    const struct verify_report *a = best->report, *b = other->report;
    const struct tree *young = best, *old = other;

    switch (relation) {
    case REL_SAME:
        say(all, STR_VERIFY_SAME, best->what, other->what, a->size);
        break;
    case REL_OLDER:
        if (b->size > a->size) {
            young = other;
            old = best;
        }
        say(all, STR_VERIFY_OLDER, old->what, young->what,
            young->report->size - old->report->size);
        break;
    case REL_FORK:
        say(all, STR_VERIFY_FORK, best->what, other->what, likeness->entries);
        if (a->identities > b->identities)
            say(all, STR_VERIFY_FORK_DECIDED, best->what, other->what, a->identities - 1);
        else
            bytes_printf(&all->out, "%s\n", lang_text(all->cmd->lang, STR_VERIFY_FORK_OPEN));
        break;
    case REL_IDENTITY_FORK:
        say(all, STR_VERIFY_IDENTITY_FORK, best->what, other->what, likeness->notes);
        bytes_printf(&all->out, "%s\n", lang_text(all->cmd->lang, STR_VERIFY_FORK_OPEN));
        break;
    case REL_OTHER:
        say(all, STR_VERIFY_OTHERS, best->what, other->what, 0);
        break;
    case REL_UNKNOWN:
        say(all, STR_VERIFY_NOT_COMPARED, best->what, other->what, 0);
        break;
    }
}

static void put_relation(struct trees *all, const struct tree *best, const struct tree *other,
                         enum relation relation, const struct role_likeness *likeness)
{
    static const char *const names[] = {
        [REL_SAME] = "same",           [REL_OLDER] = "older",
        [REL_FORK] = "fork",           [REL_IDENTITY_FORK] = "identity-fork",
        [REL_OTHER] = "other-channel", [REL_UNKNOWN] = "not-compared"};
    const struct verify_report *a = best->report, *b = other->report;

    json_object_open(all->json, NULL);
    json_put_text(all->json, "a", best->what);
    json_put_text(all->json, "b", other->what);
    json_put_text(all->json, "relation", names[relation]);
    if (relation == REL_OLDER)
        json_put_text(all->json, "older", b->size > a->size ? best->what : other->what);
    if (relation == REL_FORK)
        json_put_number(all->json, "from", likeness->entries);
    if (relation == REL_FORK && a->identities > b->identities) {
        json_put_text(all->json, "channel", best->what);
        json_put_text(all->json, "evidence", other->what);
        json_put_number(all->json, "note", a->identities - 1);
    }
    if (relation == REL_IDENTITY_FORK)
        json_put_number(all->json, "note", likeness->notes);
    json_object_close(all->json);
}

/* All others beside the best; CMD_WANTING when there are two histories. */
static int compare(struct trees *all)
{
    const struct tree *best = find_best(all), *other;
    struct role_likeness likeness;
    enum relation relation;
    int code = CMD_DONE;

    for (size_t i = 0; best && i < all->count; i++) {
        other = &all->tree[i];
        if (other == best)
            continue;
        relation = relate(best, other, &likeness);
        if (relation == REL_FORK || relation == REL_IDENTITY_FORK)
            code = CMD_WANTING;
        if (all->json)
            put_relation(all, best, other, relation, &likeness);
        else
            say_relation(all, best, other, relation, &likeness);
    }
    return code;
}

static void say_tree(struct trees *all, const struct tree *tree)
{
    if (all->json) {
        json_object_open(all->json, NULL);
        json_put_text(all->json, "what", tree->what);
        if (tree->report)
            cmd_report_json(all->json, all->cmd, tree->report);
        else
            json_put_text(all->json, "error", tree->why.text);
        json_object_close(all->json);
        return;
    }
    if (!tree->report) {
        (void)cmd_failed(all->cmd, &tree->why); /* Its code is that of the tree. */
        return;
    }
    bytes_printf(&all->out, "%s\n", tree->what);
    cmd_report_text(&all->out, all->cmd, tree->report);
    bytes_u8(&all->out, '\n');
}

static int answer(struct trees *all)
{
    struct json_writer json;
    int worst = CMD_DONE, code;

    bytes_init(&all->out, UINT32_MAX);
    if (all->cmd->json) {
        json = cmd_json_open(&all->out);
        all->json = &json;
        json_array_open(&json, "trees");
    }
    for (size_t i = 0; i < all->count; i++) {
        say_tree(all, &all->tree[i]);
        worst = cmd_gravest(worst, all->tree[i].code);
    }
    if (all->json) {
        json_array_close(&json);
        json_array_open(&json, "comparisons");
    }
    worst = cmd_gravest(worst, compare(all));
    if (all->json) {
        json_array_close(&json);
        json_put_text(&json, "verdict",
                      verify_severity_text(worst == CMD_DONE      ? VERIFY_OK
                                           : worst == CMD_WANTING ? VERIFY_WANTING
                                                                  : VERIFY_UNKNOWN));
        cmd_json_close(&json);
    }
    code = cmd_answer(all->cmd, &all->out);
    return code == CMD_DONE ? worst : code;
}

int cmd_verify_several(struct cmd *cmd, const struct cmd_args *args,
                       const struct channel_id *expected)
{
    struct trees all = {.cmd = cmd, .count = args->word_count};
    int code;

    /* RAW: one for each word of the command line. */
    all.tree = calloc(all.count, sizeof(*all.tree));
    if (!all.tree)
        bug("no memory for what was named");
    for (size_t i = 0; i < all.count; i++) {
        all.tree[i].what = args->words[i];
        look(&all.tree[i], expected);
    }
    code = answer(&all);
    for (size_t i = 0; i < all.count; i++) {
        io_close(&all.tree[i].dir);
        free(all.tree[i].report);
    }
    free(all.tree);
    return code;
}
