/* Trees of hashes over mdat and over fragments (C2PA 2.2 15.12.2, 18.6.3 and A.5.4). */
#include "c2pa/content.h"

#include <string.h>

#include "c2pa/content_int.h"
#include "c2pa/store.h"

/* ---- the maps of an assertion ---- */

static int bad(struct c2pa_bound *bound, const char *field, const char *what)
{
    return c2pa_judge(bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE, "merkle: %s: %s (18.6.3)",
                      field, what);
}

static int take_number(const struct cbor_value *map, const char *name, uint64_t *out,
                       struct c2pa_bound *bound)
{
    return c2pa_number_in(map, name, out) ? SH_OK
                                          : bad(bound, name, "not there, or no number from 0");
}

static int take_alg(const struct cbor_value *map, enum crypt_hash enclosing,
                    struct c2pa_tree *tree, struct c2pa_bound *bound)
{
    const struct cbor_value *alg = cbor_member(map, "alg");

    tree->alg = enclosing;
    if (alg && (alg->type != CBOR_TEXT || !c2pa_hash_alg(alg->string, &tree->alg)))
        return c2pa_judge(bound, C2PA_BOUND_ALGORITHM, WHY_NOWHERE,
                          "merkle: alg: none of sha256, sha384, sha512 (13.1)");
    if (!tree->alg)
        return c2pa_judge(bound, C2PA_BOUND_ALGORITHM, WHY_NOWHERE,
                          "merkle: alg: not there, and none around it (18.6.3)");
    tree->digest_bytes = crypt_hash_bytes(tree->alg);
    return SH_OK;
}

/* A row has as many hashes as some layer of a tree with count leaves. */
static bool is_layer(uint64_t count, uint64_t row)
{
    while (count > row)
        count = count / 2 + count % 2;
    return count == row;
}

static int take_row(const struct cbor_value *map, struct arena *arena, struct c2pa_tree *tree,
                    struct c2pa_bound *bound, struct why *why)
{
    const struct cbor_value *list = cbor_member(map, "hashes");
    struct slice *row;

    if (!list || list->type != CBOR_ARRAY || !list->count)
        return bad(bound, "hashes", "no array with at least one entry");
    if (!is_layer(tree->count, list->count))
        return bad(bound, "hashes", "as many as no row of a tree with count leaves has");
    row = arena_take(arena, list->count * sizeof(*row));
    if (!row)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for a row of hashes");
    for (const struct cbor_value *item = list->first; item; item = item->next) {
        if (item->type != CBOR_BYTES || item->string.len != tree->digest_bytes)
            return bad(bound, "hashes", "an entry is no hash of the algorithm");
        row[tree->row_count++] = item->string;
    }
    tree->row = row;
    return SH_OK;
}

static int take_sizes(const struct cbor_value *map, struct arena *arena, struct c2pa_tree *tree,
                      struct c2pa_bound *bound, struct why *why)
{
    const struct cbor_value *fixed = cbor_member(map, "fixedBlockSize");
    const struct cbor_value *list = cbor_member(map, "variableBlockSizes");
    uint64_t *sizes;
    size_t n = 0;

    if (fixed && list)
        return bad(bound, "fixedBlockSize", "variableBlockSizes is there as well");
    if (fixed && (fixed->type != CBOR_UNSIGNED || fixed->number < 2))
        return bad(bound, "fixedBlockSize", "no number above 1");
    if (fixed)
        tree->block = fixed->number;
    if (!list)
        return SH_OK;
    if (list->type != CBOR_ARRAY || list->count != tree->count)
        return bad(bound, "variableBlockSizes", "no array of count entries");
    sizes = arena_take(arena, list->count * sizeof(*sizes));
    if (!sizes)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for the sizes of blocks");
    for (const struct cbor_value *item = list->first; item; item = item->next) {
        if (item->type != CBOR_UNSIGNED)
            return bad(bound, "variableBlockSizes", "an entry is no number from 0");
        sizes[n++] = item->number;
    }
    tree->sizes = sizes;
    return SH_OK;
}

static int parse_tree(const struct cbor_value *map, enum crypt_hash enclosing,
                      struct arena *arena, struct c2pa_tree *tree, struct c2pa_bound *bound)
{
    const struct cbor_value *init = cbor_member(map, "initHash");
    struct why why = {0};
    int rc = take_number(map, "uniqueId", &tree->unique_id, bound);

    if (rc == SH_OK)
        rc = take_number(map, "localId", &tree->local_id, bound);
    if (rc == SH_OK)
        rc = take_number(map, "count", &tree->count, bound);
    if (rc == SH_OK && (!tree->count || tree->count > LIMIT_C2PA_LEAVES))
        rc = bad(bound, "count", "0, or more leaves than are read here");
    if (rc == SH_OK)
        rc = take_alg(map, enclosing, tree, bound);
    if (rc == SH_OK && init && (init->type != CBOR_BYTES || !init->string.len))
        rc = bad(bound, "initHash", "no byte string");
    if (rc == SH_OK && init)
        tree->init_hash = init->string;
    if (rc == SH_OK)
        rc = take_row(map, arena, tree, bound, &why);
    if (rc == SH_OK)
        rc = take_sizes(map, arena, tree, bound, &why);
    return rc;
}

int c2pa_trees_parse(const struct cbor_value *list, struct arena *arena,
                     struct c2pa_trees *trees, struct c2pa_bound *bound, struct why *why)
{
    struct c2pa_tree *tree;
    uint64_t leaves = 0;

    if (list->type != CBOR_ARRAY || !list->count || list->count > LIMIT_C2PA_TREES)
        return bad(bound, "merkle", "no array with entries, or more than are read here");
    tree = arena_take(arena, list->count * sizeof(*tree));
    if (!tree)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for Merkle trees");
    trees->tree = tree;
    for (const struct cbor_value *item = list->first; item; item = item->next) {
        struct c2pa_tree *made = &tree[trees->count];
        int rc;

        bytes_init(&made->leaves, (size_t)LIMIT_C2PA_LEAVES * CRYPT_DIGEST_MAX);
        rc = parse_tree(item, trees->alg, arena, made, bound);
        if (rc < 0)
            return why_set(why, (enum sh_err)rc, WHY_NOWHERE, "no memory for Merkle trees");
        leaves += made->count; /* each at most LIMIT_C2PA_LEAVES */
        if (rc == SH_OK && leaves > LIMIT_C2PA_LEAVES)
            rc = bad(bound, "count", "more leaves in all than are read here");
        if (rc == SH_OK && c2pa_trees_find(trees, made->unique_id, made->local_id))
            rc = bad(bound, "localId", "two trees with the same uniqueId and localId");
        if (rc != SH_OK)
            return rc;
        trees->count++;
    }
    return SH_OK;
}

void c2pa_trees_release(struct c2pa_trees *trees)
{
    for (size_t i = 0; i < trees->count; i++)
        bytes_release(&trees->tree[i].leaves);
    trees->count = 0;
}

struct c2pa_tree *c2pa_trees_find(const struct c2pa_trees *trees, uint64_t unique_id,
                                  uint64_t local_id)
{
    for (size_t i = 0; i < trees->count; i++)
        if (trees->tree[i].unique_id == unique_id && trees->tree[i].local_id == local_id)
            return &trees->tree[i];
    return NULL;
}

bool c2pa_trees_cover(const struct c2pa_trees *trees, size_t mdat)
{
    for (size_t i = 0; i < trees->count; i++)
        if (trees->tree[i].local_id == mdat)
            return true;
    return false;
}

/* ---- proofs ---- */

int c2pa_proof_read(const struct c2pa_file *file, const struct c2pa_root *root,
                    struct arena *scratch, struct c2pa_proof *proof, struct why *why)
{
    size_t len = (size_t)(root->size - root->data);
    struct cbor_value *map = NULL;
    struct c2pa_bound *bound = proof->bound;
    uint8_t *buf;
    int rc;

    if (root->size - root->data > LIMIT_C2PA_PROOF_BYTES)
        return c2pa_judge(bound, C2PA_BOUND_MALFORMED, root->at,
                          "merkle box: larger than is read here");
    buf = arena_take(scratch, len ? len : 1);
    if (!buf)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for a merkle box");
    rc = file->source->read_at(file->source->ctx, root->at + root->data, buf, len, why);
    if (rc < 0)
        return rc;
    rc = cbor_parse_first(slice_of(buf, len), 4, scratch, &map, NULL);
    if (rc < 0 || map->type != CBOR_MAP)
        return c2pa_judge(bound, C2PA_BOUND_MALFORMED, root->at,
                          "merkle box: no map in CBOR (A.5.4.2)");
    proof->padding_odd = false;
    for (size_t i = map->raw.len; i < len; i++)
        proof->padding_odd = proof->padding_odd || buf[i];
    rc = take_number(map, "uniqueId", &proof->unique_id, bound);
    if (rc == SH_OK)
        rc = take_number(map, "localId", &proof->local_id, bound);
    if (rc == SH_OK)
        rc = take_number(map, "location", &proof->location, bound);
    proof->hashes = cbor_member(map, "hashes");
    if (rc == SH_OK && proof->hashes && proof->hashes->type != CBOR_ARRAY)
        rc = bad(bound, "hashes", "no array");
    return rc;
}

static void join(enum crypt_hash alg, struct slice left, struct slice right, uint8_t *out)
{
    uint8_t digest[CRYPT_DIGEST_MAX];
    struct c2pa_digest running;

    c2pa_digest_init(&running, alg);
    c2pa_digest_add(&running, left);
    c2pa_digest_add(&running, right);
    c2pa_digest_done(&running, digest);
    memcpy(out, digest, crypt_hash_bytes(alg));
}

int c2pa_proof_check(const struct c2pa_tree *tree, const struct c2pa_proof *proof,
                     const uint8_t *leaf, uint64_t at, struct c2pa_bound *bound)
{
    const struct cbor_value *step = proof->hashes ? proof->hashes->first : NULL;
    uint64_t place = proof->location;
    uint64_t count = tree->count;
    uint8_t node[CRYPT_DIGEST_MAX] = {0};
    struct slice here = slice_of(node, tree->digest_bytes);

    if (place >= count)
        return c2pa_judge(bound, C2PA_BOUND_MISMATCH, at,
                          "merkle box: location %llu, and the tree has %llu leaves",
                          (unsigned long long)place, (unsigned long long)count);
    memcpy(node, leaf, tree->digest_bytes);
    for (; count > tree->row_count; place /= 2, count = count / 2 + count % 2) {
        if (place % 2 == 0 && place + 1 == count)
            continue; /* The odd one at the end goes up as it is. */
        if (!step || step->type != CBOR_BYTES || step->string.len != tree->digest_bytes)
            return c2pa_judge(bound, C2PA_BOUND_MISMATCH, at,
                              "merkle box: too few hashes, or none of the algorithm (A.5.4.2)");
        if (place % 2)
            join(tree->alg, step->string, here, node);
        else
            join(tree->alg, here, step->string, node);
        step = step->next;
    }
    if (step)
        return c2pa_judge(bound, C2PA_BOUND_MISMATCH, at,
                          "merkle box: more hashes than lead to the row (A.5.4.2)");
    if (!slice_equal(here, tree->row[place]))
        return c2pa_judge(bound, C2PA_BOUND_MISMATCH, at,
                          "leaf %llu of the Merkle tree %llu: not the hash that was signed",
                          (unsigned long long)proof->location,
                          (unsigned long long)tree->local_id);
    return SH_OK;
}

/* ---- leaves ---- */

static int hash_block(struct c2pa_window *window, const struct c2pa_span *run,
                      struct c2pa_digest *digest, struct why *why)
{
    for (uint64_t at = run->from; at < run->to;) {
        struct slice part;
        int rc = c2pa_window_at(window, at, run->to - at, &part, why);

        if (rc < 0)
            return rc;
        c2pa_digest_add(digest, part);
        at += part.len;
    }
    return SH_OK;
}

/* Blocks [from, to) of an mdat. */
static int hash_blocks(const struct c2pa_leaves *leaves, const struct bmff_source *file,
                       size_t from, size_t to, struct why *why)
{
    const struct c2pa_plan *plan = leaves->plan;
    struct c2pa_window window = {.source = file, .cap = LIMIT_C2PA_WINDOW};
    uint64_t at = plan->from;
    struct bytes room;
    int rc;

    bytes_init(&room, LIMIT_C2PA_WINDOW);
    window.buf = bytes_room(&room, LIMIT_C2PA_WINDOW);
    rc = bytes_check(&room, why);
    if (plan->sizes)
        for (size_t i = 0; i < from; i++)
            at += plan->sizes[i];
    else
        at += plan->block * from;
    for (size_t i = from; rc == SH_OK && i < to; i++) {
        uint64_t size = plan->sizes ? plan->sizes[i] : plan->block;
        struct c2pa_span run = {.from = at};
        struct c2pa_digest digest;
        uint8_t out[CRYPT_DIGEST_MAX];

        run.to = size < plan->to - at ? at + size : plan->to;
        c2pa_digest_init(&digest, plan->alg);
        rc = hash_block(&window, &run, &digest, why);
        c2pa_digest_done(&digest, out);
        memcpy(leaves->digests + i * leaves->digest_bytes, out, leaves->digest_bytes);
        at = run.to;
    }
    bytes_release(&room);
    return rc;
}

/* Fragments [from, to) of a file: each from its moof to the next. */
static int hash_fragments(const struct c2pa_leaves *leaves, const struct bmff_source *file,
                          size_t from, size_t to, struct why *why)
{
    const struct c2pa_plan *plan = leaves->plan;
    struct c2pa_file map = *plan->map;
    struct c2pa_pass pass;
    int rc;

    map.source = file;
    rc = c2pa_pass_init(&pass, &map, plan->exclusions, plan->version, why);
    for (size_t i = from; rc == SH_OK && i < to; i++) {
        uint8_t out[CRYPT_DIGEST_MAX];

        c2pa_digest_init(&pass.digest, plan->alg);
        rc = c2pa_pass_roots(&pass, plan->moofs[i], plan->moofs[i + 1], why);
        c2pa_digest_done(&pass.digest, out);
        memcpy(leaves->digests + i * leaves->digest_bytes, out, leaves->digest_bytes);
    }
    c2pa_pass_release(&pass);
    return rc;
}

int c2pa_leaves_hash(const struct c2pa_leaves *leaves, const struct bmff_source *file,
                     size_t from, size_t to, struct why *why)
{
    const struct c2pa_plan *plan = leaves->plan;

    if (from > to || to > leaves->count)
        return why_set(why, SH_EARG, WHY_NOWHERE, "leaves %zu to %zu of %zu", from, to,
                       leaves->count);
    if (plan->map)
        return hash_fragments(leaves, file, from, to, why);
    return hash_blocks(leaves, file, from, to, why);
}

/* ---- trees over the mdats of a file ---- */

static const struct c2pa_root *find_mdat(const struct c2pa_file *file, uint64_t number)
{
    for (size_t i = 0; i < file->root_count; i++)
        if (file->roots[i].type == C2PA_FOURCC('m', 'd', 'a', 't') && !number--)
            return &file->roots[i];
    return NULL;
}

/* How mdat is cut into blocks (15.12.2.1). */
static int plan_blocks(const struct c2pa_tree *tree, struct c2pa_plan *plan,
                       struct c2pa_bound *bound)
{
    uint64_t len = plan->to - plan->from;
    uint64_t left = len;
    uint64_t count = 1;

    plan->alg = tree->alg;
    plan->block = tree->block ? tree->block : len;
    plan->sizes = tree->sizes;
    for (uint64_t i = 0; tree->sizes && i < tree->count; i++) {
        if (tree->sizes[i] > left)
            return bad(bound, "variableBlockSizes", "their sum is not the size of mdat");
        left -= tree->sizes[i];
    }
    if (tree->sizes && left)
        return bad(bound, "variableBlockSizes", "their sum is not the size of mdat");
    if (tree->block)
        count = len / tree->block + (len % tree->block != 0);
    if (!tree->sizes && count != tree->count)
        return c2pa_judge(bound, C2PA_BOUND_MISMATCH, plan->from,
                          "mdat number %llu: %llu blocks, signed were %llu",
                          (unsigned long long)tree->local_id, (unsigned long long)count,
                          (unsigned long long)tree->count);
    return SH_OK;
}

/* Fold the leaves up to the row; the first that differs is told by the leaves below it. */
static int compare_row(const struct c2pa_tree *tree, uint64_t at, struct c2pa_bound *bound,
                       struct why *why)
{
    size_t bytes = tree->digest_bytes;
    uint64_t count = tree->count;
    uint64_t below = 1;
    struct bytes copy;
    uint8_t *node;
    int rc;

    bytes_init(&copy, (size_t)LIMIT_C2PA_LEAVES * CRYPT_DIGEST_MAX);
    bytes_append(&copy, tree->leaves.ptr, (size_t)count * bytes);
    rc = bytes_check(&copy, why);
    node = copy.ptr;
    for (; rc == SH_OK && count > tree->row_count; count = count / 2 + count % 2, below *= 2) {
        for (uint64_t i = 0; i < count; i += 2) {
            if (i + 1 < count)
                join(tree->alg, slice_of(node + i * bytes, bytes),
                     slice_of(node + (i + 1) * bytes, bytes), node + i / 2 * bytes);
            else
                memmove(node + i / 2 * bytes, node + i * bytes, bytes);
        }
    }
    for (uint64_t i = 0; rc == SH_OK && i < count; i++)
        if (memcmp(node + i * bytes, tree->row[i].ptr, bytes) != 0)
            rc = c2pa_judge(bound, C2PA_BOUND_MISMATCH, at,
                            "mdat number %llu: blocks %llu to %llu are not what was signed",
                            (unsigned long long)tree->local_id, (unsigned long long)(i * below),
                            (unsigned long long)((i + 1) * below < tree->count
                                                     ? (i + 1) * below - 1
                                                     : tree->count - 1));
    bytes_release(&copy);
    return rc;
}

static int hash_tree(const struct c2pa_file *file, const struct c2pa_binding *binding,
                     struct c2pa_tree *tree, struct c2pa_bound *bound, struct why *why)
{
    const struct c2pa_root *mdat = find_mdat(file, tree->local_id);
    struct c2pa_plan plan = {0};
    struct c2pa_leaves leaves = {.file = file->source, .plan = &plan};
    uint64_t skip;
    int rc;

    if (!mdat)
        return c2pa_judge(bound, C2PA_BOUND_MISMATCH, WHY_NOWHERE,
                          "mdat number %llu: not in the file",
                          (unsigned long long)tree->local_id);
    if (tree->init_hash.len)
        return bad(bound, "initHash", "there, and a hash of the file as well");
    /* Always 16 bytes, so that a header of 8 and one of 16 have the same blocks (A.5.6). */
    skip = binding->version == C2PA_BMFF_V1 ? mdat->head : 16;
    plan.from = mdat->at + (skip < mdat->size ? skip : mdat->size);
    plan.to = mdat->at + mdat->size;
    rc = plan_blocks(tree, &plan, bound);
    if (rc != SH_OK)
        return rc;
    leaves.count = (size_t)tree->count;
    leaves.digest_bytes = tree->digest_bytes;
    leaves.digests = bytes_room(&tree->leaves, leaves.count * tree->digest_bytes);
    rc = bytes_check(&tree->leaves, why);
    if (rc == SH_OK && binding->share)
        rc = binding->share(binding->ctx, &leaves, why);
    else if (rc == SH_OK)
        rc = c2pa_leaves_hash(&leaves, file->source, 0, leaves.count, why);
    return rc == SH_OK ? compare_row(tree, mdat->at, bound, why) : rc;
}

/* One box of proofs behind the mdats. */
static int check_box(const struct c2pa_file *file, const struct c2pa_root *root,
                     const struct c2pa_trees *trees, struct c2pa_bound *bound, struct why *why)
{
    struct c2pa_proof proof = {.bound = bound};
    struct c2pa_tree *tree;
    struct arena scratch;
    int rc;

    arena_init(&scratch, LIMIT_C2PA_PROOF_ARENA);
    rc = c2pa_proof_read(file, root, &scratch, &proof, why);
    if (rc != SH_OK)
        goto out;
    if (proof.padding_odd)
        bound->odd |= C2PA_ODD_PADDING;
    tree = c2pa_trees_find(trees, proof.unique_id, proof.local_id);
    if (!tree) {
        bound->odd |= C2PA_ODD_STRAY;
    } else if (proof.location != tree->next++) {
        rc = c2pa_judge(bound, C2PA_BOUND_MISMATCH, root->at,
                        "merkle box: location %llu is not the next one (A.5.4.1.1)",
                        (unsigned long long)proof.location);
    } else if (proof.location >= tree->count) {
        rc = c2pa_judge(bound, C2PA_BOUND_MISMATCH, root->at,
                        "merkle box: more of them than leaves (A.5.4.1.1)");
    } else {
        rc = c2pa_proof_check(tree, &proof,
                              tree->leaves.ptr + (size_t)proof.location * tree->digest_bytes,
                              root->at, bound);
    }
out:
    arena_release(&scratch);
    return rc;
}

int c2pa_trees_check(const struct c2pa_file *file, const struct c2pa_binding *binding,
                     struct c2pa_trees *trees, struct c2pa_bound *bound, struct why *why)
{
    int rc = SH_OK;

    for (size_t i = 0; i < trees->count; i++)
        for (size_t j = 0; j < i; j++)
            if (trees->tree[i].local_id == trees->tree[j].local_id)
                return bad(bound, "localId", "two trees for one mdat");
    for (size_t i = 0; rc == SH_OK && i < trees->count; i++)
        rc = hash_tree(file, binding, &trees->tree[i], bound, why);
    for (size_t i = 0; rc == SH_OK && i < file->root_count; i++)
        if (file->roots[i].purpose == C2PA_PURPOSE_MERKLE)
            rc = check_box(file, &file->roots[i], trees, bound, why);
    for (size_t i = 0; rc == SH_OK && i < trees->count; i++) {
        const struct c2pa_tree *tree = &trees->tree[i];

        if (!tree->next && tree->row_count < tree->count)
            return c2pa_judge(bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE,
                              "merkle boxes: none, and the row is not that of the leaves "
                              "(15.12.2.1)");
        if (tree->next && tree->next != tree->count)
            return c2pa_judge(bound, C2PA_BOUND_MISMATCH, WHY_NOWHERE,
                              "merkle boxes: %llu of %llu are there (A.5.4.1.1)",
                              (unsigned long long)tree->next, (unsigned long long)tree->count);
    }
    return rc;
}
