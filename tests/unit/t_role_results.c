/* role: what is found about credentials that are carried on, as the next file's have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "role/sign_int.h"

#define STORE_BYTES 65536

static void add(struct c2pa_results *results, struct c2pa_status *status)
{
    results->first = results->last = status;
    results->count = 1;
}

/* Not only of the active manifest's own: what is missing there would be news for ever. */
static void ingredients_of_ingredients_are_told(void **state)
{
    struct c2pa_status good = {.code = C2PA_SIGNATURE_VALIDATED};
    struct c2pa_status above = {.code = C2PA_CREDENTIAL_UNTRUSTED};
    struct c2pa_status below = {.code = C2PA_SIGNATURE_OUTSIDE};
    struct c2pa_ingredient first = {.uri = slice_text("self#jumbf=/c2pa/a/x")};
    struct c2pa_ingredient second = {.uri = slice_text("self#jumbf=/c2pa/b/y")};
    struct c2pa_manifest_report b = {.ingredients = &second};
    struct c2pa_manifest_report a = {.ingredients = &first, .next = &b};
    struct c2pa_report report = {.state = C2PA_VALID, .manifests = &a};
    const struct c2pa_write_result *result;
    struct bytes list;

    (void)state;
    add(&a.results, &good);
    add(&first.deltas, &above);
    add(&second.deltas, &below);
    bytes_init(&list, STORE_BYTES);
    assert_int_equal(role_results_take(&report, &list, NULL), SH_OK);
    assert_int_equal(list.len, 3 * sizeof *result);
    result = (const void *)list.ptr;
    assert_true(result[0].kind == C2PA_WRITE_SUCCESS && !result[0].ingredient.len);
    assert_true(slice_equal(result[1].ingredient, first.uri));
    assert_int_equal(result[2].kind, C2PA_WRITE_FAILURE);
    assert_true(slice_equal(result[2].ingredient, second.uri));
    assert_true(slice_equal(result[2].code, slice_text("claimSignature.outsideValidity")));
    bytes_release(&list);
}

static void what_nobody_can_read_is_not_carried_on(void **state)
{
    struct c2pa_status bad = {.code = C2PA_CLAIM_MALFORMED};
    struct c2pa_manifest_report a = {.state = C2PA_INVALID};
    struct c2pa_report report = {.state = C2PA_NONE};
    struct bytes list;

    (void)state;
    bytes_init(&list, STORE_BYTES);
    assert_int_equal(role_results_take(&report, &list, NULL), SH_EFORMAT);
    report.state = C2PA_MALFORMED;
    assert_int_equal(role_results_take(&report, &list, NULL), SH_EFORMAT);
    report = (struct c2pa_report){.state = C2PA_INVALID, .manifests = &a};
    add(&a.results, &bad);
    assert_int_equal(role_results_take(&report, &list, NULL), SH_EFORMAT);
    assert_int_equal(list.len, 0);
    bytes_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ingredients_of_ingredients_are_told),
        cmocka_unit_test(what_nobody_can_read_is_not_carried_on),
    };

    return cmocka_run_group_tests_name("role_results", tests, NULL, NULL);
}
