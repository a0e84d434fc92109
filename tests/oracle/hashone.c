/*
 * hashone: our hash of a file's content behind a pipe, for a comparison with another.
 *
 *     hashone VERSION ALG ASSERTION FILE [SEGMENT]...     ASSERTION: CBOR; "-": that of FILE
 *
 * Out, one a line: the verdict, its cause, the flat hash, flags, and "from to in|out|zero file
 * why" for each run of bytes.  With - in front: the label of the assertion that is in use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "c2pa/c2pa.h"
#include "c2pa/content.h"
#include "c2pa/store.h"

#define SEGMENTS_MAX 32

static void stop(const char *what, const struct why *why)
{
    (void)fprintf(stderr, "hashone: %s: %s\n", what, why ? why->text : "");
    exit(2);
}

static struct slice load(const char *path)
{
    struct bytes all;
    FILE *file = fopen(path, "rb");
    size_t n;

    if (!file)
        stop(path, NULL);
    bytes_init(&all, SIZE_MAX);
    do {
        uint8_t *room = bytes_room(&all, 1 << 16);

        if (!room)
            stop("no memory", NULL);
        n = fread(room, 1, 1 << 16, file);
        all.len += n;
    } while (n);
    (void)fclose(file); /* read only */
    return bytes_view(&all);
}

/* The binding of the newest manifest that has one. */
static const struct cbor_value *find(const struct c2pa_file *file, struct arena *arena,
                                     struct c2pa_binding *binding, struct why *why)
{
    struct slice parts[2];
    struct c2pa_store_options options = {.parts = parts};
    struct c2pa_store *store = NULL;

    if (c2pa_file_store(file, arena, parts, &options.part_count, why) != SH_OK ||
        c2pa_store_parse(&options, arena, &store, why) != SH_OK)
        stop("store", why);
    for (size_t i = store->manifest_count; i-- > 0;) {
        const struct c2pa_manifest *manifest = &store->manifests[i];

        for (size_t j = 0; j < manifest->assertion_count; j++) {
            const struct c2pa_assertion *one = &manifest->assertions[j];

            if (!slice_equal(one->name, slice_text("c2pa.hash.bmff")) || !one->cbor)
                continue;
            binding->version = one->version > 3 ? C2PA_BMFF_V3 : one->version;
            binding->alg = manifest->claim.alg;
            (void)printf("%.*s\n", (int)one->label.len, (const char *)one->label.ptr);
            return one->cbor;
        }
    }
    stop("no c2pa.hash.bmff", NULL);
    return NULL;
}

static void show(const struct c2pa_bound *bound)
{
    static const char *const words[] = {"match", "mismatch", "malformed", "algorithm"};
    char hex[2 * CRYPT_DIGEST_MAX + 1] = "";

    if (bound->has_hash)
        hex_build(slice_of(bound->hash, crypt_hash_bytes(bound->alg)), hex);
    (void)printf("%s\n%s\n%s\n", words[bound->verdict], bound->cause.text, hex);
    (void)printf("additional %d free %d odd %u uncovered %llu nonzero %llu-%llu media %d parts "
                 "%zu/%zu\n",
                 bound->additional, bound->additional_free, bound->odd,
                 (unsigned long long)bound->uncovered.bytes,
                 (unsigned long long)bound->uncovered.from,
                 (unsigned long long)bound->uncovered.to, bound->uncovered.media,
                 bound->parts_seen, bound->parts_of);
    for (size_t i = 0; i < bound->range_count; i++)
        (void)printf("%llu %llu %s %u %.*s\n", (unsigned long long)bound->ranges[i].from,
                     (unsigned long long)bound->ranges[i].to,
                     bound->ranges[i].hashed  ? "in"
                     : bound->ranges[i].empty ? "zero"
                                              : "out",
                     bound->ranges[i].file, (int)bound->ranges[i].why.len,
                     (const char *)bound->ranges[i].why.ptr);
}

int main(int argc, char **argv)
{
    struct slice content[SEGMENTS_MAX];
    struct bmff_source source[SEGMENTS_MAX];
    struct c2pa_binding binding = {.explain = true};
    struct cbor_value *map = NULL;
    struct c2pa_bound bound;
    struct c2pa_file file;
    struct why why = {0};
    struct arena arena;

    if (argc < 5 || argc - 4 > SEGMENTS_MAX)
        stop("VERSION ALG ASSERTION FILE [SEGMENT]...", NULL);
    arena_init(&arena, LIMIT_C2PA_ARENA);
    for (int i = 4; i < argc; i++) {
        content[i - 4] = load(argv[i]);
        source[i - 4] = bmff_source_slice(&content[i - 4]);
    }
    if (c2pa_file_open(&source[0], &arena, &file, &why) != SH_OK)
        stop(argv[4], &why);
    binding.version = (enum c2pa_binding_version)(argv[1][0] - '0');
    binding.alg = slice_text(argv[2]);
    binding.fragments = source + 1;
    binding.fragment_count = (size_t)argc - 5;
    if (strcmp(argv[3], "-") == 0)
        binding.map = find(&file, &arena, &binding, &why);
    else if (cbor_parse(load(argv[3]), LIMIT_CBOR_DEPTH, &arena, &map, &why) != SH_OK)
        stop(argv[3], &why);
    else
        binding.map = map;
    if (c2pa_binding_check(&file, &binding, &arena, &bound, &why) != SH_OK)
        stop("check", &why);
    show(&bound);
    return 0; /* what is left of memory goes with the process */
}
