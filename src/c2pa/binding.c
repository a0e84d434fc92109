/* One c2pa.hash.bmff assertion against the content of a file (C2PA 2.2 15.12.2). */
#include "c2pa/content.h"

#include "c2pa/content_int.h"
#include "c2pa/store.h"

bool c2pa_judge_first(struct c2pa_bound *bound, enum c2pa_bound_verdict verdict)
{
    if (!bound || bound->verdict != C2PA_BOUND_MATCH)
        return false;
    bound->verdict = verdict;
    return true;
}

bool c2pa_number_in(const struct cbor_value *map, const char *name, uint64_t *out)
{
    const struct cbor_value *value = cbor_member(map, name);

    if (!value || value->type != CBOR_UNSIGNED)
        return false;
    *out = value->number;
    return true;
}

static int malformed(struct c2pa_bound *bound, const char *what)
{
    return c2pa_judge(bound, C2PA_BOUND_MALFORMED, WHY_NOWHERE, "c2pa.hash.bmff: %s", what);
}

/* What an assertion says. */
struct said {
    enum crypt_hash alg; /* 0: nothing, nor around it */
    struct slice hash;   /* empty: none */
    struct c2pa_exclusions exclusions;
    struct c2pa_trees trees;
};

static int read_assertion(const struct c2pa_binding *binding, struct arena *arena,
                          struct said *said, struct c2pa_bound *bound, struct why *why)
{
    const struct cbor_value *alg = cbor_member(binding->map, "alg");
    const struct cbor_value *hash = cbor_member(binding->map, "hash");
    const struct cbor_value *merkle = cbor_member(binding->map, "merkle");
    struct slice text = alg ? alg->string : binding->alg;
    int rc;

    if (!binding->map || binding->map->type != CBOR_MAP)
        return malformed(bound, "no map (18.6.3)");
    rc = c2pa_exclusions_parse(binding->map, arena, &said->exclusions, bound, why);
    if (rc != SH_OK)
        return rc;
    if ((alg && alg->type != CBOR_TEXT) || (text.len && !c2pa_hash_alg(text, &said->alg)))
        return c2pa_judge(bound, C2PA_BOUND_ALGORITHM, WHY_NOWHERE,
                          "alg: none of sha256, sha384, sha512 (13.1)");
    if (hash && (hash->type != CBOR_BYTES || !hash->string.len))
        return malformed(bound, "hash: no byte string (18.6.3)");
    if (hash && !said->alg)
        return c2pa_judge(bound, C2PA_BOUND_ALGORITHM, WHY_NOWHERE,
                          "alg: not there, and none in the claim (18.6.3)");
    if (hash)
        said->hash = hash->string;
    if (!hash && !merkle)
        return malformed(bound, "neither hash nor merkle (18.6.3)");
    said->trees.alg = said->alg;
    if (merkle)
        rc = c2pa_trees_parse(merkle, arena, &said->trees, bound, why);
    return rc;
}

/* The hash of the file as a whole, and the trees over its mdats where there are some. */
static int check_flat(const struct c2pa_binding *binding, struct said *said,
                      struct c2pa_pass *pass, struct why *why)
{
    struct c2pa_bound *bound = pass->bound;
    int rc;

    if (said->trees.count)
        pass->trees = &said->trees;
    c2pa_digest_init(&pass->digest, said->alg);
    rc = c2pa_pass_roots(pass, 0, pass->file->root_count, why);
    if (rc != SH_OK)
        return rc;
    c2pa_digest_done(&pass->digest, bound->hash);
    bound->has_hash = true;
    if (!slice_equal(said->hash, slice_of(bound->hash, crypt_hash_bytes(said->alg))))
        return c2pa_judge(bound, C2PA_BOUND_MISMATCH, WHY_NOWHERE,
                          "hash: the file is not what was signed (15.12.2)");
    if (binding->fragment_count)
        return c2pa_judge(bound, C2PA_BOUND_MISMATCH, WHY_NOWHERE,
                          "segments: given, but this file is signed by itself (18.6.3)");
    if (said->trees.count)
        rc = c2pa_trees_check(pass->file, binding, &said->trees, bound, why);
    return rc;
}

/* A match that cannot be one: boxes that no reader of the file would see alike. */
static void judge_damage(const struct c2pa_file *file, struct c2pa_bound *bound)
{
    if (file->damaged)
        (void)c2pa_judge(bound, C2PA_BOUND_MISMATCH, file->cause.offset, "%s",
                         file->cause.text);
}

int c2pa_binding_check(const struct c2pa_file *file, const struct c2pa_binding *binding,
                       struct arena *arena, struct c2pa_bound *out, struct why *why)
{
    struct c2pa_bound bound = {.verdict = C2PA_BOUND_MATCH};
    struct c2pa_ranges ranges = {0};
    struct crypt_sha256 whole;
    struct said said = {0};
    struct c2pa_pass pass = {0};
    int rc = read_assertion(binding, arena, &said, &bound, why);

    if (rc != SH_OK)
        goto out;
    bound.alg = said.alg;
    bound.additional = said.exclusions.additional;
    bound.additional_free = said.exclusions.additional_free;
    rc = c2pa_pass_init(&pass, file, &said.exclusions, binding->version, why);
    if (rc == SH_OK && binding->explain)
        rc = c2pa_ranges_init(&ranges, arena, &said.exclusions, why);
    if (rc != SH_OK)
        goto out;
    pass.bound = &bound;
    pass.ranges = binding->explain ? &ranges : NULL;
    if (binding->hash_file) {
        crypto.sha256_init(&whole);
        pass.whole = &whole;
    }
    if (said.hash.len)
        rc = check_flat(binding, &said, &pass, why);
    else
        rc = c2pa_fragments_check(binding, &said.trees, &pass, arena, why);
    if (rc >= 0 && binding->hash_file && pass.matcher.counted == file->root_count) {
        crypto.sha256_final(&whole, bound.file_sha256);
        bound.has_file_sha256 = true;
    }
    if (rc >= 0 && binding->explain && c2pa_ranges_give(&ranges, &bound, why) < 0)
        rc = SH_ENOMEM;
    judge_damage(file, &bound);
out:
    c2pa_ranges_release(&ranges);
    c2pa_pass_release(&pass);
    c2pa_trees_release(&said.trees);
    if (rc < 0)
        return rc;
    *out = bound;
    return SH_OK;
}
