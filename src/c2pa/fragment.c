/* Files in fragments: one file with several moofs, or an init segment with its segments
 * (C2PA 2.2 15.12.2.2, 18.6.3 and A.5.4.1.2). */
#include "c2pa/content.h"

#include <string.h>

#include "c2pa/content_int.h"

#define MOOF C2PA_FOURCC('m', 'o', 'o', 'f')

/* ---- the part in front of the fragments ---- */

/* Compare roots [0, last) with what each tree that is in use says of them. */
static int check_init(const struct c2pa_pass *main, size_t last, const struct c2pa_trees *trees,
                      struct why *why)
{
    uint8_t digest[CRYPT_SHA512 + 1][CRYPT_DIGEST_MAX];
    bool made[CRYPT_SHA512 + 1] = {false};

    for (size_t i = 0; i < trees->count; i++) {
        const struct c2pa_tree *tree = &trees->tree[i];
        struct c2pa_pass pass;
        int rc = SH_OK;

        if (!tree->seen)
            continue;
        if (!made[tree->alg]) {
            rc =
                c2pa_pass_init(&pass, main->file, main->matcher.exclusions, main->version, why);
            c2pa_digest_init(&pass.digest, tree->alg);
            if (rc == SH_OK)
                rc = c2pa_pass_roots(&pass, 0, last, why);
            c2pa_digest_done(&pass.digest, digest[tree->alg]);
            c2pa_pass_release(&pass);
            made[tree->alg] = true;
        }
        if (rc != SH_OK)
            return rc;
        if (!slice_equal(tree->init_hash, slice_of(digest[tree->alg], tree->digest_bytes)))
            return c2pa_judge(main->bound, C2PA_BOUND_MISMATCH, 0,
                              "initHash: what is in front of the fragments is not what was "
                              "signed (18.6.6)");
    }
    return SH_OK;
}

/* ---- one file ---- */

/* The box of proofs in front of a moof: which tree, and is it the next leaf? */
static int check_fragment(struct c2pa_pass *pass, size_t moof, const uint8_t *leaf,
                          struct c2pa_trees *trees, struct why *why)
{
    const struct c2pa_file *file = pass->file;
    const struct c2pa_root *root = moof ? &file->roots[moof - 1] : NULL;
    struct c2pa_proof proof = {.bound = pass->bound};
    struct c2pa_tree *tree;
    struct arena scratch;
    int rc;

    if (!root || root->purpose != C2PA_PURPOSE_MERKLE)
        return c2pa_judge(pass->bound, C2PA_BOUND_MALFORMED, file->roots[moof].at,
                          "moof: no merkle box in front of it (15.12.2.2)");
    arena_init(&scratch, LIMIT_C2PA_PROOF_ARENA);
    rc = c2pa_proof_read(file, root, &scratch, &proof, why);
    if (rc != SH_OK)
        goto out;
    if (proof.padding_odd)
        pass->bound->odd |= C2PA_ODD_PADDING;
    tree = c2pa_trees_find(trees, proof.unique_id, proof.local_id);
    if (!tree) {
        rc = c2pa_judge(pass->bound, C2PA_BOUND_MISMATCH, root->at,
                        "merkle box: of no tree that was signed (18.6.6)");
    } else if (proof.location != tree->next) {
        rc = c2pa_judge(pass->bound, C2PA_BOUND_MISMATCH, root->at,
                        "merkle box: location %llu where %llu should be (15.12.2)",
                        (unsigned long long)proof.location, (unsigned long long)tree->next);
    } else {
        tree->next++;
        tree->seen++;
        rc = c2pa_proof_check(tree, &proof, leaf, root->at, pass->bound);
    }
out:
    arena_release(&scratch);
    return rc;
}

/* Digests of all fragments: here, in the pass that looks at everything, or by several. */
static int hash_leaves(const struct c2pa_binding *binding, struct c2pa_pass *pass,
                       struct c2pa_leaves *leaves, struct why *why)
{
    const struct c2pa_plan *plan = leaves->plan;
    int rc = SH_OK;

    if (binding->share) {
        rc = binding->share(binding->ctx, leaves, why);
        pass->notes_only = true;
    }
    c2pa_digest_init(&pass->digest, plan->alg);
    if (rc == SH_OK)
        rc = c2pa_pass_roots(pass, 0, plan->moofs[0], why);
    for (size_t i = 0; rc == SH_OK && i < leaves->count; i++) {
        uint8_t out[CRYPT_DIGEST_MAX];

        c2pa_digest_init(&pass->digest, plan->alg);
        rc = c2pa_pass_roots(pass, plan->moofs[i], plan->moofs[i + 1], why);
        if (pass->notes_only)
            continue;
        c2pa_digest_done(&pass->digest, out);
        memcpy(leaves->digests + i * leaves->digest_bytes, out, leaves->digest_bytes);
    }
    return rc;
}

static int check_file(const struct c2pa_binding *binding, struct c2pa_trees *trees,
                      struct c2pa_pass *pass, struct arena *arena, struct why *why)
{
    const struct c2pa_file *file = pass->file;
    size_t *moofs = arena_take(arena, (file->fragments + 1) * sizeof(*moofs));
    struct c2pa_plan plan = {.alg = trees->tree[0].alg,
                             .map = file,
                             .exclusions = pass->matcher.exclusions,
                             .version = pass->version,
                             .moofs = moofs};
    struct c2pa_leaves leaves = {.file = file->source, .plan = &plan, .count = file->fragments};
    struct bytes *room = &trees->tree[0].leaves;
    size_t n = 0;
    int rc;

    if (!moofs)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for fragments");
    for (size_t i = 0; i < file->root_count; i++)
        if (file->roots[i].type == MOOF)
            moofs[n++] = i;
    moofs[n] = file->root_count;
    for (size_t i = 0; i < trees->count; i++)
        if (trees->tree[i].alg != plan.alg)
            return c2pa_judge(pass->bound, C2PA_BOUND_ALGORITHM, WHY_NOWHERE,
                              "merkle: trees of one file with different algorithms");
    leaves.digest_bytes = trees->tree[0].digest_bytes;
    leaves.digests = bytes_room(room, leaves.count * leaves.digest_bytes);
    rc = bytes_check(room, why);
    if (rc == SH_OK)
        rc = hash_leaves(binding, pass, &leaves, why);
    for (size_t i = 0; rc == SH_OK && i < n; i++)
        rc = check_fragment(pass, moofs[i], leaves.digests + i * leaves.digest_bytes, trees,
                            why);
    if (rc == SH_OK && file->merkle_count > n)
        pass->bound->odd |= C2PA_ODD_STRAY;
    for (size_t i = 0; rc == SH_OK && i < trees->count; i++)
        if (trees->tree[i].next != trees->tree[i].count)
            rc = c2pa_judge(pass->bound, C2PA_BOUND_MISMATCH, WHY_NOWHERE,
                            "fragments: %llu of %llu are there (15.12.2)",
                            (unsigned long long)trees->tree[i].next,
                            (unsigned long long)trees->tree[i].count);
    return rc == SH_OK ? check_init(pass, moofs[0], trees, why) : rc;
}

/* ---- an init segment and its segments ---- */

/* The one merkle box of a segment, right in front of its moof. */
static const struct c2pa_root *find_box(const struct c2pa_file *segment)
{
    for (size_t i = 0; segment->merkle_count == 1 && i + 1 < segment->root_count; i++)
        if (segment->roots[i].purpose == C2PA_PURPOSE_MERKLE &&
            segment->roots[i + 1].type == MOOF)
            return &segment->roots[i];
    return NULL;
}

/* Hash the whole segment with the exclusions, its offsets being its own. */
static int hash_segment(const struct c2pa_pass *main, const struct c2pa_file *segment,
                        uint32_t number, struct c2pa_digest *digest, struct why *why)
{
    struct c2pa_pass pass;
    int rc = c2pa_pass_init(&pass, segment, main->matcher.exclusions, main->version, why);

    pass.bound = main->bound;
    pass.ranges = main->ranges;
    pass.file_number = number;
    if (pass.ranges)
        pass.ranges->file = number;
    pass.digest = *digest;
    if (rc == SH_OK)
        rc = c2pa_pass_roots(&pass, 0, segment->root_count, why);
    *digest = pass.digest;
    c2pa_pass_release(&pass);
    return rc;
}

static int judge_segment(const struct c2pa_pass *main, const struct c2pa_file *segment,
                         uint32_t number, struct c2pa_trees *trees, struct why *why)
{
    const struct c2pa_root *root = find_box(segment);
    struct c2pa_bound *bound = main->bound;
    uint8_t leaf[CRYPT_DIGEST_MAX];
    struct c2pa_digest digest;
    struct c2pa_proof proof = {.bound = bound};
    struct c2pa_tree *tree;
    struct arena scratch;
    int rc;

    if (!root)
        return c2pa_judge(bound, C2PA_BOUND_MALFORMED, 0,
                          "segment %u: not exactly one merkle box, in front of its moof "
                          "(15.12.2.2)",
                          number);
    arena_init(&scratch, LIMIT_C2PA_PROOF_ARENA);
    rc = c2pa_proof_read(segment, root, &scratch, &proof, why);
    if (rc != SH_OK)
        goto out;
    if (proof.padding_odd)
        bound->odd |= C2PA_ODD_PADDING;
    tree = c2pa_trees_find(trees, proof.unique_id, proof.local_id);
    if (!tree || proof.location < tree->next) {
        rc = c2pa_judge(bound, C2PA_BOUND_MISMATCH, root->at,
                        tree ? "segment %u: one behind it was given before it (15.12.2)"
                             : "segment %u: of no tree that was signed (18.6.6)",
                        number);
        goto out;
    }
    tree->next = proof.location + 1;
    tree->seen++;
    c2pa_digest_init(&digest, tree->alg);
    rc = hash_segment(main, segment, number, &digest, why);
    if (rc != SH_OK)
        goto out;
    c2pa_digest_done(&digest, leaf);
    rc = c2pa_proof_check(tree, &proof, leaf, root->at, bound);
    if (rc == SH_OK && segment->damaged)
        rc = c2pa_judge(bound, C2PA_BOUND_MISMATCH, 0, "segment %u: %s", number,
                        segment->cause.text);
out:
    arena_release(&scratch);
    return rc;
}

static int check_set(const struct c2pa_binding *binding, struct c2pa_trees *trees,
                     struct c2pa_pass *pass, struct why *why)
{
    int rc;

    if (!binding->fragment_count)
        return c2pa_judge(pass->bound, C2PA_BOUND_MISMATCH, WHY_NOWHERE, C2PA_INIT_ALONE);
    /* For its ranges and what it leaves out; its hash is compared below. */
    c2pa_digest_init(&pass->digest, trees->tree[0].alg);
    rc = c2pa_pass_roots(pass, 0, pass->file->root_count, why);
    for (size_t i = 0; rc == SH_OK && i < binding->fragment_count; i++) {
        struct c2pa_file segment;
        struct arena map;

        arena_init(&map, (LIMIT_BOXES + 64) * sizeof(struct c2pa_root));
        rc = c2pa_file_open(&binding->fragments[i], &map, &segment, why);
        if (rc == SH_OK)
            rc = judge_segment(pass, &segment, (uint32_t)i + 1, trees, why);
        arena_release(&map);
    }
    return rc == SH_OK ? check_init(pass, pass->file->root_count, trees, why) : rc;
}

int c2pa_fragments_check(const struct c2pa_binding *binding, struct c2pa_trees *trees,
                         struct c2pa_pass *pass, struct arena *arena, struct why *why)
{
    int rc;

    for (size_t i = 0; i < trees->count; i++) {
        const struct c2pa_tree *tree = &trees->tree[i];

        if (tree->init_hash.len != tree->digest_bytes)
            return c2pa_judge(pass->bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE,
                              "merkle: neither a hash of the file nor an initHash of the "
                              "algorithm (18.6.3)");
        if (tree->block || tree->sizes)
            return c2pa_judge(pass->bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE,
                              "merkle: sizes of blocks and an initHash (18.6.3)");
    }
    if (pass->file->fragments && !binding->fragment_count)
        rc = check_file(binding, trees, pass, arena, why);
    else
        rc = check_set(binding, trees, pass, why);
    for (size_t i = 0; i < trees->count; i++) {
        pass->bound->parts_seen += (size_t)trees->tree[i].seen;
        if (trees->tree[i].seen)
            pass->bound->parts_of += (size_t)trees->tree[i].count;
    }
    return rc;
}
