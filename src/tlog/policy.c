/* Trust policies: C2SP tlog-policy, "Policy file syntax and structure". */
#include "tlog/tlog.h"

/* One line under way. */
struct line {
    struct slice rest; /* not yet taken */
    size_t number;     /* from 1 */
    uint64_t offset;
};

static int refuse(const struct line *line, struct why *why, enum sh_err code, const char *what)
{
    return why_set(why, code, line->offset, "policy: line %zu: %s (tlog-policy)", line->number,
                   what);
}

/* The next item of a line; empty at its end.  Spaces and tabs stand between. */
static struct slice item(struct line *line)
{
    struct slice found;
    size_t from = 0, to;

    while (from < line->rest.len &&
           (line->rest.ptr[from] == ' ' || line->rest.ptr[from] == '\t'))
        from++;
    for (to = from; to < line->rest.len; to++)
        if (line->rest.ptr[to] == ' ' || line->rest.ptr[to] == '\t')
            break;
    found = slice_sub(line->rest, from, to - from);
    line->rest = slice_sub(line->rest, to, line->rest.len - to);
    return found;
}

static bool is_word(struct slice text, const char *word)
{
    return slice_equal(text, slice_text(word));
}

/* What a name stands for, or false. */
static bool lookup(const struct tlog_policy *policy, struct slice name, bool *is_group,
                   uint16_t *at)
{
    for (size_t i = 0; i < policy->witnesses; i++)
        if (slice_equal(policy->witness[i].name, name)) {
            *is_group = false;
            *at = (uint16_t)i;
            return true;
        }
    for (size_t i = 0; i < policy->groups; i++)
        if (slice_equal(policy->group[i].name, name)) {
            *is_group = true;
            *at = (uint16_t)i;
            return true;
        }
    return false;
}

/* A name that a line is about to define. */
static int new_name(const struct tlog_policy *policy, const struct line *line,
                    struct slice name, struct why *why)
{
    bool is_group;
    uint16_t at;

    if (!name.len)
        return refuse(line, why, SH_EFORMAT, "a name was expected");
    if (is_word(name, "none"))
        return refuse(line, why, SH_EFORMAT, "the name none is taken: it means no quorum");
    if (lookup(policy, name, &is_group, &at))
        return refuse(line, why, SH_EFORMAT, "the name is defined before");
    return SH_OK;
}

/* A verifier key of the type that belongs on this line, and an address that may follow. */
static int key_take(struct line *line, uint8_t expected, struct tlog_key *key, bool *supported,
                    struct why *why)
{
    struct why cause = {0};
    int rc = tlog_key_parse(item(line), key, &cause);

    if (rc && rc != SH_EUNSUPPORTED)
        return refuse(line, why, (enum sh_err)rc, cause.text);
    *supported = !rc && key->type == expected;
    if (!rc && key->type != expected)
        return refuse(line, why, SH_EFORMAT,
                      expected == TLOG_COSIGNATURE
                          ? "a witness has a key for cosignatures (type 0x04)"
                          : "a log has a key for checkpoints (type 0x01)");
    (void)item(line); /* the address: its meaning is not ours */
    if (item(line).len)
        return refuse(line, why, SH_EFORMAT, "more than a key and an address");
    return SH_OK;
}

static bool same_key(const struct tlog_key *a, const struct tlog_key *b)
{
    return memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0;
}

static int log_line(struct tlog_policy *policy, struct line *line, struct why *why)
{
    struct tlog_policy_log *log = &policy->log[policy->logs];
    int rc;

    if (policy->logs == LIMIT_POLICY_LOGS)
        return refuse(line, why, SH_ELIMIT, "more logs than are read");
    rc = key_take(line, TLOG_ED25519, &log->key, &log->supported, why);
    for (size_t i = 0; !rc && i < policy->logs; i++)
        if (same_key(&policy->log[i].key, &log->key))
            rc = refuse(line, why, SH_EFORMAT, "the key of a log that is listed before");
    if (!rc)
        policy->logs++;
    return rc;
}

static int witness_line(struct tlog_policy *policy, struct line *line, struct why *why)
{
    struct tlog_policy_witness *witness = &policy->witness[policy->witnesses];
    struct slice name = item(line);
    int rc = new_name(policy, line, name, why);

    if (rc)
        return rc;
    if (policy->witnesses == LIMIT_POLICY_WITNESSES)
        return refuse(line, why, SH_ELIMIT, "more witnesses than are read");
    *witness = (struct tlog_policy_witness){.name = name, .group = TLOG_POLICY_NONE};
    rc = key_take(line, TLOG_COSIGNATURE, &witness->key, &witness->supported, why);
    for (size_t i = 0; !rc && i < policy->witnesses; i++)
        if (same_key(&policy->witness[i].key, &witness->key))
            rc = refuse(line, why, SH_EFORMAT, "the key of a witness that is listed before");
    if (!rc)
        policy->witnesses++;
    return rc;
}

static int member_take(struct tlog_policy *policy, const struct line *line, struct slice name,
                       struct why *why)
{
    uint16_t at, *group;
    bool is_group;

    if (!lookup(policy, name, &is_group, &at))
        return refuse(line, why, SH_EFORMAT, "a member that is not defined before");
    group = is_group ? &policy->group[at].group : &policy->witness[at].group;
    if (*group != TLOG_POLICY_NONE)
        return refuse(line, why, SH_EFORMAT, "a member that is listed before");
    *group = (uint16_t)policy->groups;
    policy->group[policy->groups].members++;
    return SH_OK;
}

static int group_line(struct tlog_policy *policy, struct line *line, struct why *why)
{
    struct tlog_policy_group *group = &policy->group[policy->groups];
    struct slice name = item(line), need = item(line), member;
    int rc = new_name(policy, line, name, why);
    uint64_t count = 1;

    if (rc)
        return rc;
    if (policy->groups == LIMIT_POLICY_GROUPS)
        return refuse(line, why, SH_ELIMIT, "more groups than are read");
    *group = (struct tlog_policy_group){.name = name, .group = TLOG_POLICY_NONE};
    while (!rc && (member = item(line)).len)
        rc = member_take(policy, line, member, why);
    if (rc)
        return rc;
    if (is_word(need, "all"))
        count = group->members;
    else if (!is_word(need, "any") && !decimal_parse(need, UINT16_MAX, &count))
        return refuse(line, why, SH_EFORMAT, "all, any or a number was expected");
    if (!group->members || !count || count > group->members)
        return refuse(line, why, SH_EFORMAT, "a group needs 1 of its members, or up to all");
    group->need = (uint16_t)count;
    policy->groups++;
    return SH_OK;
}

static int quorum_line(struct tlog_policy *policy, struct line *line, bool *seen,
                       struct why *why)
{
    struct slice name = item(line);
    bool is_group = false;

    if (*seen)
        return refuse(line, why, SH_EFORMAT, "a second quorum");
    *seen = true;
    if (!name.len || item(line).len)
        return refuse(line, why, SH_EFORMAT, "quorum has one name");
    if (is_word(name, "none")) {
        policy->quorum = TLOG_QUORUM_NONE;
        return SH_OK;
    }
    if (!lookup(policy, name, &is_group, &policy->quorum_at))
        return refuse(line, why, SH_EFORMAT, "a quorum that is not defined before");
    policy->quorum = is_group ? TLOG_QUORUM_GROUP : TLOG_QUORUM_WITNESS;
    return SH_OK;
}

static int line_parse(struct tlog_policy *policy, struct line *line, bool *quorum,
                      struct why *why)
{
    struct slice word = item(line);

    if (!word.len || word.ptr[0] == '#')
        return SH_OK;
    if (is_word(word, "log"))
        return log_line(policy, line, why);
    if (is_word(word, "witness"))
        return witness_line(policy, line, why);
    if (is_word(word, "group"))
        return group_line(policy, line, why);
    if (is_word(word, "quorum"))
        return quorum_line(policy, line, quorum, why);
    return refuse(line, why, SH_EFORMAT, "log, witness, group or quorum was expected");
}

int tlog_policy_parse(struct slice raw, struct tlog_policy *out, struct why *why)
{
    struct cursor cur = cursor_of(raw);
    struct line line = {.number = 0};
    bool quorum = false;
    int rc = SH_OK;

    memset(out, 0, sizeof *out);
    if (raw.len > LIMIT_POLICY_BYTES)
        return why_set(why, SH_ELIMIT, LIMIT_POLICY_BYTES,
                       "policy: %zu bytes, at most %d are read", raw.len, LIMIT_POLICY_BYTES);
    for (size_t i = 0; i < raw.len; i++)
        if ((raw.ptr[i] < 0x20 && raw.ptr[i] != '\t' && raw.ptr[i] != '\n') ||
            raw.ptr[i] == 0x7f)
            return why_set(why, SH_EFORMAT, i,
                           "policy: control character 0x%02x (tlog-policy \"Character set\")",
                           raw.ptr[i]);
    while (!rc && rd_left(&cur)) {
        line.offset = cur.at;
        line.number++;
        line.rest = rd_line(&cur);
        rc = cur.failed ? refuse(&line, why, SH_EFORMAT, "does not end in a newline")
                        : line_parse(out, &line, &quorum, why);
    }
    if (!rc && !quorum)
        return why_set(why, SH_EFORMAT, raw.len,
                       "policy: no quorum line; \"quorum none\" asks for no cosignature "
                       "(tlog-policy \"Defining the quorum\")");
    return rc;
}

/* ---- judging ---- */

static bool quorum_holds(const struct tlog_policy *policy, const struct tlog_judgement *judged)
{
    uint16_t count[LIMIT_POLICY_GROUPS] = {0};

    if (policy->quorum == TLOG_QUORUM_NONE)
        return true;
    if (policy->quorum == TLOG_QUORUM_WITNESS)
        return judged->witness[policy->quorum_at] == TLOG_GOOD;
    for (size_t i = 0; i < policy->witnesses; i++)
        if (judged->witness[i] == TLOG_GOOD && policy->witness[i].group != TLOG_POLICY_NONE)
            count[policy->witness[i].group]++;
    /* Members stand before their groups, so that each count is done when it is looked at. */
    for (size_t i = 0; i < policy->groups; i++)
        if (count[i] >= policy->group[i].need && policy->group[i].group != TLOG_POLICY_NONE)
            count[policy->group[i].group]++;
    return count[policy->quorum_at] >= policy->group[policy->quorum_at].need;
}

void tlog_policy_judge(const struct tlog_policy *policy, const struct tlog_note *note,
                       struct slice origin, struct tlog_judgement *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < policy->logs; i++) {
        if (!policy->log[i].supported ||
            !slice_equal(slice_text(policy->log[i].key.name), origin))
            continue;
        out->log[i] = tlog_note_verdict(note, &policy->log[i].key);
        out->signed_by_log = out->signed_by_log || out->log[i] == TLOG_GOOD;
        out->bad = out->bad || out->log[i] == TLOG_BAD;
    }
    for (size_t i = 0; i < policy->witnesses; i++) {
        if (!policy->witness[i].supported)
            continue;
        out->witness[i] =
            tlog_cosignature_verdict(note, &policy->witness[i].key, &out->time[i]);
        out->bad = out->bad || out->witness[i] == TLOG_BAD;
    }
    out->quorum = quorum_holds(policy, out);
}
