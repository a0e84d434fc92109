/* The channel as it is, and its copies as they are served: honest, gone, old, forked, torn. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* ---- signing ---- */

static void seed_of(uint8_t number, struct secret *seed)
{
    memset(seed->byte, number, sizeof(seed->byte));
}

static void sign(struct bytes *note, const char *name, uint8_t number)
{
    static uint8_t public_keys[16][32];
    uint8_t *public_key = public_keys[number % 16], signature[64];
    struct secret seed;
    struct tlog_key key;

    seed_of(number, &seed);
    if (!public_key[0])
        crypto.ed25519_public(&seed, public_key);
    crypto.ed25519_sign(&seed, bytes_view(note), signature);
    sim_signed(public_key, bytes_view(note), signature);
    if (tlog_key_init(&key, name, TLOG_ED25519, public_key, NULL) < 0)
        bug("sim: a key that cannot be");
    bytes_u8(note, '\n');
    tlog_signature_line(note, &key, slice_of(signature, sizeof(signature)));
}

static const struct bytes *checkpoint(struct sim_world *world, size_t number, uint64_t size)
{
    struct sim_branch *branch = world->branch[number];
    struct tlog_checkpoint text = {.origin = slice_text(world->origin), .size = size};
    struct bytes *note = &branch->note[size];
    uint8_t leaf[TLOG_HASH_BYTES];
    struct tlog_range range;

    if (note->len)
        return note;
    bytes_init(note, LIMIT_NOTE_BYTES);
    tlog_range_init(&range);
    for (uint64_t i = 0; i < size; i++) {
        tlog_leaf_hash(slice_text(branch->line[i]), leaf);
        tlog_range_append(&range, leaf);
    }
    tlog_range_root(&range, text.root);
    tlog_checkpoint_build(note, &text);
    sign(note, world->origin, 10);
    return note;
}

/* ---- entries ---- */

static void put_file(struct sim_world *world, const char *path, struct slice data)
{
    struct sim_file *file = &world->file[world->files++];

    (void)snprintf(file->path, sizeof(file->path), "%s", path);
    bytes_init(&file->data, LIMIT_DOCUMENT_BYTES);
    bytes_slice(&file->data, data);
}

static uint64_t append(struct sim_branch *branch, enum entry_type type, uint64_t ref,
                       const uint8_t hash[32])
{
    struct entry entry = {.type = type, .ref = ref};

    memcpy(entry.hash, hash, sizeof(entry.hash));
    (void)entry_build(&entry, branch->line[branch->size]);
    return branch->size++;
}

static uint64_t append_document(struct sim_world *world, struct sim_branch *branch,
                                struct document *doc, uint64_t ref)
{
    static const enum entry_type types[] = {[DOC_DISPATCH] = ENTRY_DISPATCH,
                                            [DOC_PROMISE] = ENTRY_PROMISE,
                                            [DOC_WITHDRAW] = ENTRY_WITHDRAW};
    char path[TREE_PATH_BYTES];
    struct bytes raw;
    uint64_t index;
    uint8_t hash[32];

    doc->salt[0] = (uint8_t)world->files;
    doc->salt[1] = (uint8_t)(branch->forked_at + 1);
    doc->channel = slice_text(world->id.text);
    doc->status = slice_text("well");
    doc->of = ENTRY_NO_REF;
    bytes_init(&raw, LIMIT_DOCUMENT_BYTES);
    if (document_build(doc, &raw, NULL) != SH_OK)
        bug("sim: a document that cannot be");
    crypto.sha256(bytes_view(&raw), hash);
    tree_document_path(hash, path);
    put_file(world, path, bytes_view(&raw));
    index = append(branch, types[doc->kind], ref, hash);
    bytes_release(&raw);
    return index;
}

/* Something new in the honest log, with its truth. */
static void say(struct sim_world *world, struct document *doc, uint64_t ref)
{
    struct sim_branch *branch = world->branch[0];
    struct sim_truth *truth = &world->truth[branch->size];

    doc->published = sim_now + (uint64_t)world->off;
    doc->next_due += doc->next_due ? (uint64_t)world->off : 0;
    doc->silent_until += doc->silent_until ? (uint64_t)world->off : 0;
    *truth = (struct sim_truth){.kind = doc->kind,
                                .made = sim_now,
                                .touched = world->was_off,
                                .published = doc->published,
                                .next_due = doc->next_due,
                                .every_s = doc->every_s,
                                .silent_until = doc->silent_until};
    if (doc->kind == DOC_WITHDRAW) {
        world->truth[ref].withdrawn = true;
        world->truth[ref].withdrawn_by = branch->size;
    }
    (void)append_document(world, branch, doc, ref);
}

static void say_something(struct sim_world *world)
{
    struct document doc = {.kind = DOC_DISPATCH};
    struct sim_branch *branch = world->branch[0];
    uint64_t word = sim_truth_word(world, branch->size);

    /* Two at once leave room for the last one of all. */
    if (branch->size + 6 > SIM_ENTRIES)
        return;
    if (sim_chance(150000))
        doc.next_due = sim_now + sim_between(3600, 86400);
    if (word && sim_chance(80000) && !world->truth[word].withdrawn) {
        doc = (struct document){.kind = DOC_WITHDRAW, .level = DOC_HIDE};
        say(world, &doc, word);
    } else if (sim_chance(60000)) {
        doc = (struct document){.kind = DOC_PROMISE};
        doc.silent_until = sim_now + sim_between(7200, 2 * 86400);
        say(world, &doc, ENTRY_NO_REF);
    } else if (sim_chance(60000)) {
        doc = (struct document){.kind = DOC_PROMISE};
        doc.every_s = world->every_s = sim_between(4 * 3600, 24 * 3600);
        say(world, &doc, ENTRY_NO_REF);
    } else {
        say(world, &doc, ENTRY_NO_REF);
    }
    sim_trace("the log has %llu entries", (unsigned long long)branch->size);
}

/* ---- trouble ---- */

static void fork_from(struct sim_world *world, struct sim_copy *copy)
{
    struct sim_branch *branch = calloc(1, sizeof(*branch)), *honest = world->branch[0];
    uint64_t words = sim_between(1, 4);

    if (!branch)
        abort();
    branch->forked_at = sim_between(2, copy->size - 1);
    branch->size = branch->forked_at;
    memcpy(branch->line, honest->line, sizeof(branch->line));
    for (uint64_t i = 0; i < words; i++) {
        struct document doc = {.kind = DOC_DISPATCH, .published = sim_now};

        if (world->files + 8 < COUNT_OF(world->file) && branch->size < SIM_ENTRIES)
            (void)append_document(world, branch, &doc, ENTRY_NO_REF);
    }
    world->branch[world->branches] = branch;
    copy->branch = world->branches++;
    copy->served = branch->size;
}

static void trouble(struct sim_world *world)
{
    struct sim_copy *copy = &world->copy[sim_random(SIM_COPIES)];
    static const char *const names[] = {"honest", "down", "stale", "rollback", "fork", "torn"};
    static const enum sim_mode modes[] = {SIM_DOWN,     SIM_DOWN, SIM_STALE, SIM_ROLLBACK,
                                          SIM_ROLLBACK, SIM_FORK, SIM_FORK,  SIM_CORRUPT};
    enum sim_mode mode = modes[sim_random(COUNT_OF(modes))];

    if (copy->mode != SIM_HONEST || copy->size < 4)
        return;
    if (mode == SIM_FORK &&
        (world->branches == SIM_BRANCHES || world->files + 16 > COUNT_OF(world->file)))
        mode = SIM_ROLLBACK;
    copy->mode = mode;
    copy->mode_number = ++world->troubles;
    copy->mode_until = sim_now + (sim_chance(100000) ? sim_between(36000, 40 * 3600)
                                                     : sim_between(600, 5 * 3600));
    if (copy->mode_until > world->calm_from)
        copy->mode_until = world->calm_from;
    copy->lie = 0;
    if (mode >= SIM_STALE && sim_chance(200000))
        copy->lie = (int64_t)sim_between(10800, 2 * SIM_YEAR) * (sim_chance(500000) ? 1 : -1);
    if (mode == SIM_ROLLBACK)
        copy->served = sim_between(2, copy->size - 1);
    if (mode == SIM_FORK)
        fork_from(world, copy);
    sim_count.forks += mode == SIM_FORK;
    sim_count.rollbacks += mode == SIM_ROLLBACK;
    sim_trace("copy %zu: %s for %llu s, shows %llu of %llu%s", (size_t)(copy - world->copy),
              names[mode], (unsigned long long)(copy->mode_until - sim_now),
              (unsigned long long)copy->served, (unsigned long long)copy->size,
              copy->lie ? ", lies about the date" : "");
}

static void copies_tick(struct sim_world *world)
{
    struct sim_copy *origin = &world->copy[0];

    for (size_t i = 0; i < SIM_COPIES; i++) {
        struct sim_copy *copy = &world->copy[i];

        if (copy->mode != SIM_HONEST && sim_now >= copy->mode_until) {
            copy->mode = SIM_HONEST;
            copy->lie = 0;
            sim_trace("copy %zu: honest again", i);
        }
        if (!i && copy->mode == SIM_HONEST)
            copy->size = world->branch[0]->size;
        if (i && sim_now >= copy->next_sync && copy->mode == SIM_HONEST) {
            copy->next_sync = sim_now + copy->sync_s;
            if (origin->mode == SIM_HONEST)
                copy->size = origin->size;
        }
    }
}

/* The battery died, or somebody set it by hand; then it is put right. */
static void clock_jump(struct sim_world *world)
{
    world->off = world->off ? 0 : world->wrong_by;
    world->was_off = true;
    world->clock_at = sim_now + sim_between(3 * 3600, 30 * 3600);
    sim_count.clocks++;
    sim_trace("his clock is off by %lld s", (long long)world->off);
}

void sim_world_tick(struct sim_world *world)
{
    if (sim_now >= world->clock_at)
        clock_jump(world);
    if (sim_now >= world->next_word) {
        say_something(world);
        world->next_word = sim_now + sim_between(world->every_s / 4, world->every_s);
        if (sim_chance(250000)) /* he misses one */
            world->next_word += sim_between(world->every_s / 2, 2 * world->every_s);
        /* When all is calm again, he is well, and says so once more. */
        if (sim_now < world->calm_from && world->next_word > world->calm_from)
            world->next_word = world->calm_from;
    }
    if (world->trouble_next < world->trouble_count &&
        sim_now >= world->trouble_at[world->trouble_next]) {
        world->trouble_next++;
        trouble(world);
    }
    copies_tick(world);
}

uint64_t sim_world_next(const struct sim_world *world)
{
    uint64_t at = world->next_word < world->clock_at ? world->next_word : world->clock_at;

    if (world->trouble_next < world->trouble_count &&
        world->trouble_at[world->trouble_next] < at)
        at = world->trouble_at[world->trouble_next];
    for (size_t i = 0; i < SIM_COPIES; i++) {
        const struct sim_copy *copy = &world->copy[i];

        if (copy->mode != SIM_HONEST && copy->mode_until < at)
            at = copy->mode_until;
        if (i && copy->mode == SIM_HONEST && copy->next_sync < at)
            at = copy->next_sync;
    }
    return at;
}

/* ---- the beginning and the end ---- */

static void first_note(struct sim_world *world)
{
    struct identity_key keys[2] = {{.role = KEY_IDENTITY, .alg = ALG_ED25519, .bytes_len = 32},
                                   {.role = KEY_LOG, .alg = ALG_ED25519, .bytes_len = 32}};
    struct identity note = {.name = slice_text("Sim"),
                            .lang = slice_text("en"),
                            .threshold = 1,
                            .keys = keys,
                            .key_count = 2};
    char name[CHANNEL_ORIGIN_BYTES];
    struct secret seed;
    uint8_t hash[32];

    for (size_t i = 0; i < 2; i++) {
        keys[i].until = keys[i].revoked = ENTRY_NO_REF;
        seed_of(i ? 10 : 1, &seed);
        crypto.ed25519_public(&seed, keys[i].bytes);
    }
    bytes_init(&world->identity, LIMIT_NOTE_BYTES);
    if (identity_build(&note, &world->identity, NULL) != SH_OK)
        bug("sim: a note that cannot be");
    channel_id_of_note(bytes_view(&world->identity), &world->id);
    crypto.sha256(bytes_view(&world->identity), hash);
    channel_identity_name(&world->id, name);
    sign(&world->identity, name, 1);
    channel_origin(&world->id, world->origin);
    (void)append(world->branch[0], ENTRY_IDENTITY, ENTRY_NO_REF, hash);
}

/* In one world of three his clock goes wrong. */
static void clock_plan(struct sim_world *world)
{
    static const int64_t by[] = {
        10800,  86400,      (int64_t)SIM_YEAR,  4 * (int64_t)SIM_YEAR,
        -10800, -5 * 86400, -(int64_t)SIM_YEAR, -4 * (int64_t)SIM_YEAR};

    world->wrong_by = by[sim_random(COUNT_OF(by))];
    world->clock_at =
        sim_chance(333333) ? SIM_T0 + sim_between(6 * 3600, 60 * 3600) : UINT64_MAX;
}

void sim_world_open(struct sim_world *world)
{
    struct document promise = {.kind = DOC_PROMISE}, word = {.kind = DOC_DISPATCH};

    *world = (struct sim_world){.branches = 1};
    world->branch[0] = calloc(1, sizeof(*world->branch[0]));
    if (!world->branch[0])
        abort();
    world->branch[0]->forked_at = SIM_ENTRIES;
    first_note(world);
    world->calm_from = SIM_T0 + SIM_DAYS * 86400 - 12 * 3600;
    world->every_s = promise.every_s = sim_between(4 * 3600, 24 * 3600);
    say(world, &promise, ENTRY_NO_REF);
    say(world, &word, ENTRY_NO_REF);
    word = (struct document){.kind = DOC_DISPATCH};
    say(world, &word, ENTRY_NO_REF);
    world->next_word = sim_now + sim_between(world->every_s / 4, world->every_s);
    clock_plan(world);
    world->trouble_count = sim_random(SIM_TROUBLES + 1);
    for (size_t i = 0; i < world->trouble_count; i++)
        world->trouble_at[i] = (i ? world->trouble_at[i - 1] : SIM_T0 + 7200) +
                               sim_random((SIM_DAYS * 86400 - 24 * 3600) / SIM_TROUBLES);
    for (size_t i = 0; i < SIM_COPIES; i++)
        world->copy[i] = (struct sim_copy){.size = world->branch[0]->size,
                                           .sync_s = sim_between(300, 3600),
                                           .drops = sim_chance(500000) ? 0 : 30000};
}

void sim_world_close(struct sim_world *world)
{
    for (size_t i = 0; i < world->branches; i++) {
        for (size_t k = 0; k <= SIM_ENTRIES; k++)
            bytes_release(&world->branch[i]->note[k]);
        free(world->branch[i]);
    }
    for (size_t i = 0; i < world->files; i++)
        bytes_release(&world->file[i].data);
    bytes_release(&world->identity);
}

/* ---- serving ---- */

static bool find_file(const struct sim_world *world, const char *path, struct bytes *out)
{
    for (size_t i = 0; i < world->files; i++) {
        if (strcmp(world->file[i].path, path) != 0)
            continue;
        bytes_slice(out, bytes_view(&world->file[i].data));
        return true;
    }
    return false;
}

static bool is_tile(const char *path, uint64_t size)
{
    struct tlog_tile tile = {TLOG_LEVEL_ENTRIES, 0, (uint16_t)size};
    char name[TLOG_PATH_BYTES];

    if (strncmp(path, "tile/", 5) != 0)
        return false;
    if (tlog_tile_path(&tile, name, NULL) < 0)
        bug("sim: a tile that cannot be");
    return strcmp(path, name) == 0;
}

bool sim_serve(struct sim_world *world, size_t number, const char *path, struct bytes *out)
{
    const struct sim_copy *copy = &world->copy[number];
    bool other = copy->mode == SIM_ROLLBACK || copy->mode == SIM_FORK;
    uint64_t size = other ? copy->served : copy->size;
    size_t branch = copy->mode == SIM_FORK ? copy->branch : 0;
    bool there = true;

    if (strcmp(path, "checkpoint") == 0)
        bytes_slice(out, bytes_view(checkpoint(world, branch, size)));
    else if (strcmp(path, "id/current") == 0 || strcmp(path, "id/0.note") == 0)
        bytes_slice(out, bytes_view(&world->identity));
    else if (is_tile(path, size))
        for (uint64_t i = 0; i < size; i++)
            tlog_entry_tile_add(out, slice_text(world->branch[branch]->line[i]));
    else
        there = find_file(world, path, out);
    if (there && copy->mode == SIM_CORRUPT && out->len)
        out->ptr[sim_random(out->len)] ^= (uint8_t)(1 + sim_random(255));
    return there;
}

/* ---- the truth ---- */

static bool is_withdrawn(const struct sim_world *world, uint64_t index, uint64_t size)
{
    const struct sim_truth *truth = &world->truth[index];

    return truth->withdrawn && truth->withdrawn_by < size;
}

uint64_t sim_truth_word(const struct sim_world *world, uint64_t size)
{
    for (uint64_t i = size; i-- > 1;)
        if (world->truth[i].kind == DOC_DISPATCH && world->truth[i].published)
            return i;
    return 0;
}

/* Behind what everybody read at the beginning: whoever watches can tell. */
static bool is_far_behind(const struct sim_truth *truth)
{
    return truth->published + 600 < SIM_T0;
}

/* From when does it count, at the soonest or at the latest? */
static uint64_t count_from(const struct sim_truth *truth, uint64_t index, enum sim_bound bound,
                           const uint64_t first[SIM_ENTRIES])
{
    if (!truth->touched)
        return truth->published;
    if (bound == SIM_NOT_AFTER)
        return first[index] + 600;
    return is_far_behind(truth) || truth->made < truth->published ? truth->made
                                                                  : truth->published;
}

/* What the word and the rule count from, by one bound. */
struct counted {
    uint64_t word, promise;
};

/* The word's own deadline, `length` after it, unless it was over when the rule was made. */
static void own_deadline(const struct counted *here, const struct counted *other,
                         uint64_t length, enum sim_bound bound, struct due *out)
{
    bool own = here->promise <= here->word + length;

    /* Whether it was over by then, only his clock could say. */
    if (own != (other->promise <= other->word + length) ||
        own != (here->promise <= other->word + length)) {
        sim_count.unsure++;
        own = (here->word + length < out->by) == (bound == SIM_NOT_BEFORE);
    }
    if (own)
        out->by = here->word + length;
}

void sim_truth_due(const struct sim_world *world, uint64_t size, enum sim_bound bound,
                   const uint64_t first[SIM_ENTRIES], struct due *out)
{
    uint64_t word = sim_truth_word(world, size), promise = size - 1, said_at = word;
    uint64_t next_due = world->truth[word].next_due, length;
    enum sim_bound opposite = bound == SIM_NOT_BEFORE ? SIM_NOT_AFTER : SIM_NOT_BEFORE;
    struct counted here, other;
    const struct sim_truth *rule;

    *out = (struct due){.promised = true};
    while (promise && world->truth[promise].kind != DOC_PROMISE)
        promise--;
    rule = &world->truth[promise];
    if (is_withdrawn(world, word, size)) {
        said_at = world->truth[word].withdrawn_by;
        next_due = 0;
    }
    here.word = count_from(&world->truth[said_at], said_at, bound, first);
    here.promise = count_from(rule, promise, bound, first);
    other.word = count_from(&world->truth[said_at], said_at, opposite, first);
    other.promise = count_from(rule, promise, opposite, first);
    length = word && next_due ? next_due - world->truth[said_at].published : 0;
    if (length && word > promise) {
        out->by = here.word + length;
    } else if (rule->every_s) {
        out->by = rule->every_s +
                  (word > promise || here.word > here.promise ? here.word : here.promise);
        if (length)
            own_deadline(&here, &other, length, bound, out);
    } else {
        length = rule->silent_until - rule->published;
        out->by = here.promise + length;
        out->silent = true;
        out->promised = !(word > promise && here.word >= out->by);
        /* Whether the word came in the silence or after it, only his clock could say. */
        if (word > promise &&
            (here.word >= other.promise + length) != (other.word >= here.promise + length)) {
            sim_count.unsure++;
            out->promised = bound == SIM_NOT_BEFORE;
        }
    }
}
