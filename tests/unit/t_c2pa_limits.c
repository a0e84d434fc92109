/* c2pa: stores that are small and ask for much, and what they get: a limit, and soon. */
#include <time.h>

#include "c2pa_maker.h"

#define HASH "{\"exclusions\":[{\"xpath\":\"/uuid\"}],\"alg\":\"sha256\",\"hash\":\"#00\"}"
#define MANY 990 /* references of one list: a few less than LIMIT_C2PA_ASSERTIONS */

/* The key of RFC 8410 10.3: who signed is nothing to these tests. */
static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                          "-----END PRIVATE KEY-----\n";

static struct maker_key key = {.alg = -8};

static int key_open(void **state)
{
    (void)state;
    return crypt_signer_open(slice_text(pem), &key.signer, NULL);
}

static int key_close(void **state)
{
    (void)state;
    crypt_signer_close(key.signer);
    return 0;
}

struct looked {
    struct arena arena;
    struct c2pa_report report;
    struct why why;
    int rc;
    double seconds; /* of the processor */
};

static void look(struct maker *maker, struct looked *out)
{
    const struct c2pa_options options = {.now = MAKER_NOW};
    clock_t start = clock();
    struct bytes store;

    *out = (struct looked){.rc = 0};
    maker_store(maker, &store);
    arena_init(&out->arena, LIMIT_C2PA_ARENA);
    out->rc =
        c2pa_verify_store(bytes_view(&store), &options, &out->arena, &out->report, &out->why);
    out->seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    bytes_release(&store);
}

/* A list of JSON: what makes entry number i, up to count. */
static char *list_of(size_t count, const char *form)
{
    size_t room = count * (strlen(form) + 24) + 3, at = 1;
    char *out = malloc(room);

    assert_non_null(out);
    out[0] = '[';
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%s%zu\"", i ? "," : "", form, i);
    (void)snprintf(out + at, room - at, "]");
    return out;
}

/*
 * Each reference of each manifest would be compared with each redaction of all: those that find
 * theirs are told in no status, of which there may be some thousands only.
 */
static void redactions_times_references(void **state)
{
    enum { MANIFESTS = 18 };
    char *used = list_of(MANY, "\"@org.x"), form[100], parent[200], label[40] = "", below[40];
    struct maker_assertion assertions[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                           {"c2pa.ingredient.v3", parent, 0, 0, 0}};
    struct maker_manifest manifest = {.label = label, .assertions = assertions, .key = &key};
    struct looked looked;
    struct maker maker;

    (void)state;
    maker_init(&maker);
    for (unsigned i = 0; i < MANIFESTS; i++) {
        char *gone, *extra;
        size_t room;

        memcpy(below, label, sizeof below);
        (void)snprintf(label, sizeof label, "urn:c2pa:%u", i);
        (void)snprintf(form, sizeof form, "\"self#jumbf=/c2pa/%s/c2pa.assertions/org.x", below);
        (void)snprintf(parent, sizeof parent,
                       "{\"relationship\":\"componentOf\",\"activeManifest\":\"@/c2pa/%s\"}",
                       below);
        gone = list_of(MANY, form);
        room = strlen(gone) + strlen(used) + 100;
        extra = malloc(room);
        assert_non_null(extra);
        (void)snprintf(extra, room, "{\"redacted_assertions\":%s,\"created_assertions\":[%s%s}",
                       gone, i ? "\"@c2pa.ingredient.v3\"," : "", used + 1);
        manifest.count = i ? 2 : 1;
        manifest.extra = extra;
        maker_add(&maker, &manifest);
        free(extra);
        free(gone);
    }
    look(&maker, &looked);
    print_message("#   %.2f s: %s\n", looked.seconds, looked.why.text);
    assert_int_equal(looked.rc, SH_ELIMIT);
    assert_non_null(strstr(looked.why.text, "more work"));
    arena_release(&looked.arena);
    free(used);
}

/* An action that asks for more hashing than is done is not one whose ingredient differs. */
static void hashing_for_actions_is_bounded(void **state)
{
    enum { BIG = 6 << 20, TIMES = (int)(LIMIT_C2PA_HASHED / BIG) + 2 };
    char *big = malloc(BIG + 8), *many = list_of(TIMES, "\"@big"), *actions;
    struct maker_assertion assertions[] = {{"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
                                           {"big", NULL, 0, 0, 0},
                                           {"c2pa.actions.v2", NULL, 0, 0, 0}};
    struct maker_manifest manifest = {
        .label = "urn:c2pa:a", .assertions = assertions, .count = 3, .key = &key};
    struct looked looked;
    struct maker maker;
    size_t room = strlen(many) + 200;

    (void)state;
    actions = malloc(room);
    assert_true(big && actions);
    memcpy(big, "json:\"", 6);
    memset(big + 6, 'a', BIG);
    memcpy(big + BIG + 6, "\"", 2);
    /* "@big0" to "@big99": all the same one. */
    for (char *at = many; (at = strstr(at, "@big")); at += 4)
        for (char *digit = at + 4; *digit != '"'; digit++)
            *digit = ' ';
    (void)snprintf(actions, room,
                   "{\"actions\":[{\"action\":\"c2pa.placed\",\"digitalSourceType\":\"x\","
                   "\"parameters\":{\"ingredients\":%s}}]}",
                   many);
    for (char *from = actions, *to = actions;; from++) {
        if (*from != ' ')
            *to++ = *from;
        if (!*from)
            break;
    }
    assertions[1].json = big;
    assertions[2].json = actions;
    maker_init(&maker);
    maker_add(&maker, &manifest);
    look(&maker, &looked);
    assert_int_equal(looked.rc, SH_ELIMIT);
    arena_release(&looked.arena);
    free(actions);
    free(many);
    free(big);
}

/* What is told of actions goes through the pipe, however many assertions they stand in. */
static void actions_of_many_assertions_are_told(void **state)
{
    static const char form[] = "{\"action\":\"c2pa.edited\",\"digitalSourceType\":\"x\"}";
    enum { EACH = 450, LISTS = 5 };
    static const char *const labels[] = {"c2pa.actions.v2", "c2pa.actions.v2__1",
                                         "c2pa.actions.v2__2", "c2pa.actions.v2__3",
                                         "c2pa.actions.v2__4"};
    struct maker_assertion assertions[LISTS];
    struct maker_manifest manifest = {
        .label = "urn:c2pa:a", .assertions = assertions, .count = LISTS, .key = &key};
    char *json = malloc(EACH * sizeof form + 100), *at = json;
    struct c2pa_report again;
    struct looked looked;
    struct bytes piped;
    struct maker maker;
    size_t told = 0;

    (void)state;
    assert_non_null(json);
    at += snprintf(at, 20, "{\"actions\":[");
    for (size_t i = 0; i < EACH; i++)
        at += snprintf(at, sizeof form + 1, "%s%s", i ? "," : "", form);
    (void)snprintf(at, 3, "]}");
    for (size_t i = 0; i < LISTS; i++)
        assertions[i] = (struct maker_assertion){labels[i], json, 0, 0, 0};
    maker_init(&maker);
    maker_add(&maker, &manifest);
    look(&maker, &looked);
    assert_int_equal(looked.rc, 0);
    for (const struct c2pa_action *one = looked.report.manifests->actions; one; one = one->next)
        told++;
    assert_int_equal(told, LIMIT_C2PA_ITEMS);
    bytes_init(&piped, LIMIT_C2PA_REPORT);
    assert_int_equal(c2pa_report_build(&looked.report, &piped, NULL), 0);
    assert_int_equal(c2pa_report_parse(bytes_view(&piped), &looked.arena, &again, NULL), 0);
    bytes_release(&piped);
    arena_release(&looked.arena);
    free(json);
}

/* A place that is relative to a manifest which is not there. */
static void results_about_a_missing_manifest(void **state)
{
    static const struct maker_assertion assertions[] = {
        {"c2pa.hash.bmff.v3", HASH, 0, 0, 0},
        {"c2pa.ingredient.v3",
         "{\"relationship\":\"componentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:away\","
         "\"validationResults\":{\"activeManifest\":{\"success\":[],\"informational\":[],"
         "\"failure\":[{\"code\":\"ingredient.manifest.missing\","
         "\"url\":\"self#jumbf=c2pa.assertions/c2pa.ingredient.v3\"}]}}}",
         0, 0, 0}};
    struct maker_manifest manifest = {
        .label = "urn:c2pa:a", .assertions = assertions, .count = 2, .key = &key};
    struct looked looked;
    struct maker maker;

    (void)state;
    maker_init(&maker);
    maker_add(&maker, &manifest);
    look(&maker, &looked);
    assert_int_equal(looked.rc, 0);
    assert_non_null(looked.report.manifests->ingredients);
    assert_int_equal(looked.report.manifests->ingredients->deltas.count, 0);
    arena_release(&looked.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_about_a_missing_manifest),
        cmocka_unit_test(actions_of_many_assertions_are_told),
        cmocka_unit_test(hashing_for_actions_is_bounded),
        cmocka_unit_test(redactions_times_references),
    };

    return cmocka_run_group_tests(tests, key_open, key_close);
}
