/* dispatch: channel id, entry, sheet, paths; a refusing test for each rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dispatch/dispatch.h"
#include "golden.h"
#include "tlog/tlog.h"

#define H64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

/* ---- channel id ---- */

static void channel_ids(void **state)
{
    struct channel_id id = {0}, again = {0};
    char text[CHANNEL_ORIGIN_BYTES], brief[CHANNEL_SHORT_ID_BYTES];

    (void)state;
    /* SHA-256("") in base32. */
    channel_id_of_note(slice_text(""), &id);
    assert_string_equal(id.text, "4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq");
    assert_true(channel_id_parse(slice_text(id.text), &again));
    assert_memory_equal(id.hash, again.hash, 32);
    channel_id_short(&id, brief);
    assert_string_equal(brief, "4oym-iquy-7qob-jgx3");
    channel_origin(&id, text);
    assert_string_equal(text,
                        "stillhere/1/4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq");
    channel_identity_name(&id, text);
    assert_string_equal(
        text, "stillhere/1/4oymiquy7qobjgx36tejs35zeqt24qpemsnzgtfeswmrw6csxbkq/identity");
    id.text[51] = 'r'; /* Bits beyond the 32 bytes. */
    assert_false(channel_id_parse(slice_text(id.text), &again));
    id.text[51] = 'Q';
    assert_false(channel_id_parse(slice_text(id.text), &again));
    assert_false(channel_id_parse(slice_text("4oym"), &again));
}

/* ---- entry ---- */

static void entries_there_and_back(void **state)
{
    static const char *const good[] = {
        "stillhere-entry/1 identity - " H64 "\n", "stillhere-entry/1 dispatch - " H64 "\n",
        "stillhere-entry/1 promise - " H64 "\n",  "stillhere-entry/1 mirrors - " H64 "\n",
        "stillhere-entry/1 sealed - " H64 "\n",   "stillhere-entry/1 open 0 " H64 "\n",
        "stillhere-entry/1 withdraw 6 " H64 "\n", "stillhere-entry/1 correct 1 " H64 "\n",
        "stillhere-entry/1 copy 4 " H64 "\n"};
    struct bytes all;
    struct bytes golden;
    struct entry entry;
    char line[LIMIT_ENTRY_BYTES + 1];

    (void)state;
    bytes_init(&all, 4096);
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(entry_parse(slice_text(good[i]), 7, &entry, NULL), SH_OK);
        assert_int_equal(entry.type, (int)i);
        assert_int_equal(entry_build(&entry, line), strlen(good[i]));
        assert_string_equal(line, good[i]);
        bytes_text(&all, line);
    }
    read_golden("entries.txt", &golden);
    assert_true(slice_equal(bytes_view(&all), bytes_view(&golden)));
    bytes_release(&golden);
    bytes_release(&all);
}

static void entries_unknown(void **state)
{
    struct entry entry;
    struct why why = {0};

    (void)state;
    assert_int_equal(
        entry_parse(slice_text("stillhere-entry/1 later-thing 3 " H64 "\n"), 7, &entry, NULL),
        SH_OK);
    assert_int_equal(entry.type, ENTRY_UNKNOWN);
    assert_int_equal(entry.ref, 3);
    assert_int_equal(
        entry_parse(slice_text("stillhere-entry/2 dispatch - " H64 "\n"), 7, &entry, &why),
        SH_EUNSUPPORTED);
}

static void entries_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "stillhere-entry/1\n",
        "stillhere-entry/1 dispatch -\n",
        "stillhere-entry/1 dispatch - " H64,
        "stillhere-entry/1 dispatch - " H64 "\n\n",
        "stillhere-entry/1 dispatch - " H64 "\nx",
        "stillhere-entry/1 dispatch - " H64 " \n",
        "stillhere-entry/1  dispatch - " H64 "\n",
        " stillhere-entry/1 dispatch - " H64 "\n",
        "stillhere-entry/1 dispatch - " H64 "\r\n",
        "stillhere-entry/01 dispatch - " H64 "\n",
        "Stillhere-entry/1 dispatch - " H64 "\n",
        "stillhere-entry/1 Dispatch - " H64 "\n",
        "stillhere-entry/1 3d - " H64 "\n",
        "stillhere-entry/1 \xc3\xa9 - " H64 "\n",
        "stillhere-entry/1 dispatch 1 " H64 "\n", /* REF must be - */
        "stillhere-entry/1 identity 0 " H64 "\n",
        "stillhere-entry/1 promise 0 " H64 "\n",
        "stillhere-entry/1 mirrors 0 " H64 "\n",
        "stillhere-entry/1 sealed 0 " H64 "\n",
        "stillhere-entry/1 withdraw - " H64 "\n", /* REF must be an index */
        "stillhere-entry/1 correct - " H64 "\n",
        "stillhere-entry/1 copy - " H64 "\n",
        "stillhere-entry/1 open - " H64 "\n",
        "stillhere-entry/1 withdraw 7 " H64 "\n", /* not smaller than its own */
        "stillhere-entry/1 withdraw 8 " H64 "\n",
        "stillhere-entry/1 withdraw 01 " H64 "\n",
        "stillhere-entry/1 withdraw +1 " H64 "\n",
        "stillhere-entry/1 withdraw  " H64 "\n",
        "stillhere-entry/1 withdraw 18446744073709551615 " H64 "\n",
        "stillhere-entry/1 dispatch - 0" H64 "\n",
        "stillhere-entry/1 dispatch - A00102030405060708090a0b0c0d0e0f"
        "101112131415161718191a1b1c1d1e1f\n",
        "stillhere-entry/1 dispatch - 0g0102030405060708090a0b0c0d0e0f"
        "101112131415161718191a1b1c1d1e1f\n"};
    static const char whole[] = "stillhere-entry/1 withdraw 6 " H64 "\n";
    struct entry entry;
    char longer[LIMIT_ENTRY_BYTES + 2];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (entry_parse(slice_text(bad[i]), 7, &entry, NULL) != SH_EFORMAT)
            fail_msg("not refused: %s", bad[i]);
    for (size_t len = 0; len < sizeof(whole) - 1; len++)
        assert_int_equal(entry_parse(slice_of(whole, len), 7, &entry, NULL), SH_EFORMAT);
    memset(longer, 'x', sizeof(longer));
    memcpy(longer, "stillhere-entry/1 ", 18);
    longer[LIMIT_ENTRY_BYTES] = '\n';
    assert_int_equal(entry_parse(slice_of(longer, LIMIT_ENTRY_BYTES + 1), 7, &entry, NULL),
                     SH_ELIMIT);
}

/* Replace the first occurrence of from in text by to. */
static void replace(struct bytes *out, struct slice text, const char *from, const char *to)
{
    size_t len = strlen(from);

    bytes_clear(out);
    for (size_t i = 0; i + len <= text.len; i++) {
        if (memcmp(text.ptr + i, from, len) == 0) {
            bytes_append(out, text.ptr, i);
            bytes_text(out, to);
            bytes_append(out, text.ptr + i + len, text.len - i - len);
            return;
        }
    }
    fail_msg("no \"%s\" in the note", from);
}

/* ---- recovery sheet ---- */

static struct sheet make_sheet(void)
{
    struct sheet sheet = {.part = 2, .parts = 3};

    channel_id_of_note(slice_text("x"), &sheet.channel);
    for (uint8_t i = 0; i < 32; i++) {
        sheet.identity.byte[i] = i;
        sheet.archive.byte[i] = (uint8_t)(255 - i);
    }
    return sheet;
}

static void check_sheet(struct slice text, int wanted, const char *says)
{
    struct sheet sheet = make_sheet(), again = {0};
    struct why why = {0};
    int rc = sheet_parse(text, &again, &why);

    if (rc != wanted)
        fail_msg("%d instead of %d: %s", rc, wanted, why.text);
    if (says && !strstr(why.text, says))
        fail_msg("\"%s\" does not say \"%s\"", why.text, says);
    if (rc != SH_OK)
        return;
    assert_string_equal(again.channel.text, sheet.channel.text);
    assert_int_equal(again.part, 2);
    assert_int_equal(again.parts, 3);
    assert_true(secret_equal(&again.identity, &sheet.identity));
    assert_true(secret_equal(&again.archive, &sheet.archive));
}

static void sheets(void **state)
{
    struct sheet sheet = make_sheet();
    struct bytes text, changed, golden;

    (void)state;
    bytes_init(&text, LIMIT_SHEET_BYTES);
    bytes_init(&changed, LIMIT_SHEET_BYTES);
    sheet_build(&sheet, &text);
    read_golden("sheet.txt", &golden);
    assert_true(slice_equal(bytes_view(&text), bytes_view(&golden)));
    bytes_release(&golden);
    check_sheet(bytes_view(&text), SH_OK, NULL);
    /* As people keep it: capitals, hyphens, indents, other words around, broken lines. */
    bytes_text(&changed, "Keep this paper safe.\nidentity of the keeper: me\n\n");
    for (size_t i = 0; i < text.len; i++)
        bytes_u8(&changed,
                 text.ptr[i] >= 'a' && text.ptr[i] <= 'z' ? text.ptr[i] - 32 : text.ptr[i]);
    bytes_text(&changed, "\nEnd.\n");
    check_sheet(bytes_view(&changed), SH_OK, NULL);
    replace(&changed, bytes_view(&text), "aaaq eaye auda", "aaaqea-ye\r\n   auda");
    check_sheet(bytes_view(&changed), SH_OK, NULL);
    replace(&changed, bytes_view(&text), "eaye", "eaze");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "group 2");
    replace(&changed, bytes_view(&text), "eaye", "ea0e");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "group 2");
    replace(&changed, bytes_view(&text), "aaaq eaye", "eaye aaaq");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "more than one place");
    replace(&changed, bytes_view(&text), "aaaq ", "");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "ends in group 14");
    replace(&changed, bytes_view(&text), "aaaq ", "aaaq aaaq ");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "more than 14");
    bytes_clear(&changed);
    bytes_text(&changed, "\xef\xbb\xbf");
    bytes_slice(&changed, bytes_view(&text));
    check_sheet(bytes_view(&changed), SH_OK, NULL);
    bytes_clear(&changed);
    bytes_append(&changed, "\xff\xfes\0t\0", 6);
    check_sheet(bytes_view(&changed), SH_EFORMAT, "UTF-16");
    replace(&changed, bytes_view(&text), "sheet 2 of 3", "sheet 4 of 3");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "sheet I of N");
    replace(&changed, bytes_view(&text), "-sheet", "-sheat");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "stillhere-sheet/1");
    replace(&changed, bytes_view(&text), "archive", "archiv");
    check_sheet(bytes_view(&changed), SH_EFORMAT, NULL);
    replace(&changed, bytes_view(&text), "channel ", "channel a");
    check_sheet(bytes_view(&changed), SH_EFORMAT, "id");
    for (size_t len = 0; len + 1 < text.len; len++)
        check_sheet(slice_of(text.ptr, len), SH_EFORMAT, NULL);
    for (size_t i = 0; i < LIMIT_SHEET_BYTES; i++)
        bytes_u8(&text, ' ');
    bytes_release(&changed);
    bytes_init(&changed, 2 * LIMIT_SHEET_BYTES);
    for (size_t i = 0; i <= LIMIT_SHEET_BYTES; i++)
        bytes_u8(&changed, '\n');
    check_sheet(bytes_view(&changed), SH_ELIMIT, NULL);
    bytes_release(&changed);
    bytes_release(&text);
}

/* ---- paths ---- */

static void paths(void **state)
{
    uint8_t hash[32];
    char path[TREE_PATH_BYTES];

    (void)state;
    assert_true(hex_parse(slice_text(H64), hash, 32));
    tree_document_path(hash, path);
    assert_string_equal(path, "d/00/" H64 ".json");
    assert_int_equal(tree_blob_path(hash, slice_text("video/mp4"), path, NULL), SH_OK);
    assert_string_equal(path, "b/00/" H64 ".mp4");
    assert_int_equal(tree_blob_path(hash, slice_text("text/html"), path, NULL), SH_EFORMAT);
    assert_string_equal(tree_extension(slice_text("image/jpeg")), "jpg");
    assert_null(tree_extension(slice_text("video/mp")));
    tree_identity_path(12, path);
    assert_string_equal(path, "id/12.note");
    tree_dispatch_path(4, path);
    assert_string_equal(path, "w/004");
    tree_timeline_path(1234, path);
    assert_string_equal(path, "p/x001/234");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channel_ids),     cmocka_unit_test(entries_there_and_back),
        cmocka_unit_test(entries_unknown), cmocka_unit_test(entries_refused),
        cmocka_unit_test(sheets),          cmocka_unit_test(paths)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
