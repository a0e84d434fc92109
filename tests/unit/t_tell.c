/* tell: the contacts file read strictly, messages neutral by default, commands as a way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"
#include "tell/tell.h"

/* ---- a folder with secrets ---- */

static char folder[] = "/tmp/stillhere-tell.XXXXXX";
static int dir;

static void put_file(const char *name, const char *text, mode_t mode)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    dir = open(folder, O_PATH | O_DIRECTORY);
    assert_true(dir >= 0);
    put_file("token", "tk_abc-123\n", 0600);
    put_file("bot", "123456:ABC-def_9\r\n", 0600);
    put_file("key", "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa\n", 0400);
    put_file("hook", "a secret of the webhook", 0600);
    put_file("open", "anybody reads this\n", 0644);
    put_file("empty", "\n", 0600);
    put_file("two", "one\ntwo\n", 0600);
    put_file("ring", "#!/bin/sh\nexit 0\n", 0700);
    put_file("plain", "#!/bin/sh\nexit 0\n", 0600);
    return 0;
}

static int teardown(void **state)
{
    struct why why = {0};

    (void)state;
    assert_int_equal(close(dir), 0);
    assert_int_equal(io_remove_tree(AT_FDCWD, folder, &why), SH_OK);
    return 0;
}

/* ---- reading ---- */

static const char GOOD[] = "\xef\xbb\xbf# who is told\r\n"
                           "mail smtp://Mail.Example.org:587\r\n"
                           "mail-from\twatch@example.org\n"
                           "mail-user watch\n"
                           "  mail-password-file   token  \n"
                           "silence 2h\n"
                           "base https://odesa.example/he\n"
                           "\n"
                           "[olena]\n"
                           "called Олена <b>&\n"
                           "after 6h\n"
                           "lang uk\n"
                           "to mailto:olena+x@example.org\n"
                           "to ntfy:https://ntfy.example.org/our-topic token-file token\n"
                           "to telegram:-100123 token-file bot\n"
                           "to telegram:@name token-file bot at https://api.example.org/x/\n"
                           "to wecom key-file key\n"
                           "to webhook:http://127.0.0.1:8080/h?x=1 secret-file hook\n"
                           "words yes\n"
                           "[li-2]\n"
                           "to wecom:https://qy.example.org/send key-file key\n"
                           "good yes\n"
                           "lang zh-Hans\n"
                           "after 0";

static int parse(const char *text, struct arena *arena, struct tell_contacts *out,
                 struct why *why)
{
    memset(why, 0, sizeof(*why));
    arena_init(arena, LIMIT_CONTACTS_ARENA);
    return tell_contacts_parse(slice_text(text), dir, arena, out, why);
}

static void test_good(void **state)
{
    struct tell_contacts got;
    const struct tell_contact *olena, *li;
    struct arena arena;
    struct why why;

    (void)state;
    assert_int_equal(parse(GOOD, &arena, &got, &why), SH_OK);
    assert_int_equal(got.count, 2);
    assert_string_equal(got.mail.server, "smtp://mail.example.org/");
    assert_string_equal(got.mail.from, "watch@example.org");
    assert_string_equal(got.mail.user, "watch");
    assert_string_equal(got.mail.password, "tk_abc-123");
    assert_int_equal(got.silence_s, 7200);
    assert_string_equal(got.base, "https://odesa.example/he/");
    olena = tell_contact_find(&got, "olena");
    assert_ptr_equal(olena, &got.contact[0]);
    assert_string_equal(olena->called, "Олена <b>&");
    assert_int_equal(olena->after_s, 6 * 3600);
    assert_int_equal(olena->lang, LANG_UK);
    assert_true(olena->words && !olena->good);
    assert_int_equal(olena->way_count, 6);
    assert_int_equal(olena->ways[0].kind, TELL_MAIL);
    assert_string_equal(olena->ways[0].target, "olena+x@example.org");
    assert_string_equal(olena->ways[0].mail->user, "watch");
    assert_string_equal(olena->ways[1].target, "https://ntfy.example.org/our-topic");
    assert_string_equal(olena->ways[1].secret, "tk_abc-123");
    assert_string_equal(olena->ways[2].target, "-100123");
    assert_string_equal(olena->ways[2].secret, "123456:ABC-def_9");
    assert_string_equal(olena->ways[2].at, "https://api.telegram.org");
    assert_string_equal(olena->ways[3].at, "https://api.example.org/x");
    assert_string_equal(olena->ways[4].target,
                        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send");
    assert_string_equal(olena->ways[5].target, "http://127.0.0.1:8080/h?x=1");
    assert_string_equal(olena->ways[5].secret, "a secret of the webhook");
    li = &got.contact[1];
    assert_true(li->good && !li->words);
    assert_null(li->called);
    assert_int_equal(li->after_s, 0);
    assert_int_equal(li->lang, LANG_ZH);
    assert_string_equal(li->ways[0].target, "https://qy.example.org/send");
    assert_null(tell_contact_find(&got, "nobody"));
    arena_release(&arena);
}

/* Every prefix ends in a verdict; one that reads well names at least one contact and way. */
static void test_prefixes(void **state)
{
    struct tell_contacts got;
    struct arena arena;
    struct why why = {0};
    size_t good = 0;

    (void)state;
    for (size_t len = 0; len < sizeof(GOOD); len++) {
        arena_init(&arena, LIMIT_CONTACTS_ARENA);
        memset(&why, 0, sizeof(why));
        if (tell_contacts_parse(slice_of(GOOD, len), dir, &arena, &got, &why) == SH_OK) {
            good++;
            assert_true(got.count > 0 && got.contact[0].way_count > 0);
        } else {
            assert_true(why.text[0]);
        }
        arena_release(&arena);
    }
    assert_true(good > 10);
}

#define MAIL "mail smtps://m.example\nmail-from a@b.example\n"
#define ONE "[a]\nto mailto:a@b.example\n"

static const struct {
    const char *text;
    const char *says;
} REFUSED[] = {
    {"", "nobody would be told"},
    {"# nobody\nsilence 1h\n", "nobody would be told"},
    {MAIL "[a]\nlang uk\n", "line 3: nothing says how to reach a: add a line"},
    {MAIL "[a]\n[b]\nto mailto:a@b.example\n", "line 3: nothing says how to reach a"},
    {"[a]\nto mailto:a@b.example\n", "line 2: mail has no way out"},
    {"mail smtp://m.example\n" ONE, "line 3: mail has no way out"},
    {MAIL "mail-user u\n" ONE, "needed together"},
    {MAIL "mail-password-file token\n" ONE, "needed together"},
    {"mail http://m.example\n", "line 1: mail: write smtp://"},
    {"mail smtp://u:p@m.example\n", "line 1: mail: "},
    {"mail smtp://m.example/x\n", "line 1: mail: "},
    {"mail m.example\n", "line 1: mail: "},
    {"mail-from Olena <a@b.example>\n", "line 1: mail-from: write an address alone"},
    {"mail-from a@b.example\nmail-from a@b.example\n", "line 2: \"mail-from\" stands here"},
    {"silence 1\n", "line 1: a length of time"},
    {"silence 0s\n", "line 1: silence: at least 1s"},
    {"silence 1h30m\n", "line 1: a length of time"},
    {"silence 401d\n", "line 1: this is longer than 400 days"},
    {"silence 99999999999999999999d\n", "line 1: a length of time"},
    {"silence\n", "line 1: \"silence\" needs a value"},
    {"silense 1h\n", "line 1: \"silense\" has no meaning before the first [section]; "
                     "known here: mail mail-from"},
    {"after 1h\n", "has no meaning before the first"},
    {"base odesa.example\n", "line 1: "},
    {"base http://odesa.example/\n", "line 1: whoever is on the way could read it"},
    {"base https://odesa.example/?a\n", "line 1: base: "},
    {"base smtp://odesa.example\n", "line 1: an address https://"},
    {"[a\n", "line 1: a section is a name in brackets"},
    {"[]\n", "line 1: the name of a section"},
    {"[Olena]\n", "line 1: the name of a section"},
    {"[a b]\n", "line 1: the name of a section"},
    {"[<b>]\n", "line 1: the name of a section"},
    {"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", "line 1: the name of a section"},
    {MAIL ONE "[a]\n", "line 5: there is a [a] already"},
    {"[a]\nmail smtp://x.example\n", "line 2: \"mail\" has no meaning in a section; known "
                                     "here: called"},
    {"[a]\nwords maybe\n", "line 2: write yes or no"},
    {"[a]\nlang de\n", "line 2: lang: one of"},
    {"[a]\nafter 1y\n", "line 2: a length of time"},
    {"[a]\nto\n", "line 2: \"to\" needs a value"},
    {"[a]\nto a@b.example\n", "line 2: a way is one of"},
    {"[a]\nto sms:1\n", "line 2: a way is one of"},
    {"[a]\nto mailto:\n", "line 2: one plain address"},
    {"[a]\nto mailto:a@b@c\n", "line 2: one plain address"},
    {"[a]\nto mailto:a@b.example?bcc=c@d\n", "line 2: one plain address"},
    {"[a]\nto mailto:a@b.example,c@d.example\n", "line 2: one plain address"},
    {"[a]\nto mailto:<a@b.example>\n", "line 2: one plain address"},
    {"[a]\nto mailto:\"a\"@b.example\n", "line 2: one plain address"},
    {"[a]\nto mailto:.a@b.example\n", "line 2: one plain address"},
    {"[a]\nto mailto:a@b.example c@d.example\n", "line 2: \"c@d.example\" has no meaning"},
    {"[a]\nto ntfy:http://n.example/t\n", "line 2: whoever is on the way"},
    {"[a]\nto ntfy:https://u:p@n.example/t\n", "line 2: "},
    {"[a]\nto ntfy:https://n.example/t token-file\n", "line 2: \"token-file\" needs"},
    {"[a]\nto ntfy:https://n.example/t token-file hook\n", "characters that no token has"},
    {"[a]\nto ntfy:https://n.example/t token-file token token-file token\n", "a second time"},
    {"[a]\nto ntfy:https://n.example/t at https://x.example\n", "no meaning after ntfy"},
    {"[a]\nto ntfy:https://n.example/t token-file open\n",
     "others can read the secret in 'open': chmod 600 'open'"},
    {"[a]\nto ntfy:https://n.example/t token-file empty\n", "on one line"},
    {"[a]\nto ntfy:https://n.example/t token-file two\n", "on one line"},
    {"[a]\nto ntfy:https://n.example/t token-file none\n", "No such file"},
    {"[a]\nto ntfy:https://n.example/t token-file .\n", "is not a file"},
    {"[a]\nto telegram:1\n", "line 2: telegram needs \"token-file FILE\""},
    {"[a]\nto telegram:olena token-file bot\n", "line 2: the chat is a number"},
    {"[a]\nto telegram: token-file bot\n", "line 2: the chat is a number"},
    {"[a]\nto telegram:1 token-file hook\n", "not one of a bot"},
    {"[a]\nto wecom:https://q.example/send?key=1 key-file key\n", "the key is a secret"},
    {"[a]\nto wecom\n", "line 2: wecom needs \"key-file FILE\""},
    {"[a]\nto wecom key-file hook\n", "not one of a robot"},
    {"[a]\nto webhook:https://h.example/\n", "webhook needs \"secret-file FILE\""},
    {"[a]\nto command:ring\n", "a command is a path from /"},
    {"[a]\nto command:/nowhere/at/all\n", "No such file"},
    {"[a]\nto command:/tmp\n", "cannot be run"},
    {"[a]\nto command:/bin/true x\n", "\"x\" has no meaning after command"},
    {"[a]\ncalled a\x1b[31m\n", "line 2: this is not plain text"},
    {"[a]\ncalled \xff\n", "line 2: this is not plain text"},
    {"[a]\ncalled \xe2\x80\xae"
     "evil\n",
     "line 2: this is not plain text"},
};

static void test_refused(void **state)
{
    struct tell_contacts got;
    struct arena arena;
    struct why why;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        int rc = parse(REFUSED[i].text, &arena, &got, &why);

        if (rc != SH_EFORMAT || !strstr(why.text, REFUSED[i].says))
            fail_msg("case %zu: %d \"%s\" instead of \"%s\"", i, rc, why.text, REFUSED[i].says);
        arena_release(&arena);
    }
}

static void test_command_path(void **state)
{
    struct tell_contacts got;
    struct arena arena;
    struct why why;
    char text[200];

    (void)state;
    (void)snprintf(text, sizeof(text), "[a]\nto command:%s/ring\n", folder);
    assert_int_equal(parse(text, &arena, &got, &why), SH_OK);
    arena_release(&arena);
    (void)snprintf(text, sizeof(text), "[a]\nto command:%s/plain\n", folder);
    assert_int_equal(parse(text, &arena, &got, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "cannot be run: chmod +x"));
    arena_release(&arena);
}

static void test_most(void **state)
{
    struct tell_contacts got;
    struct arena arena;
    struct bytes text;
    struct why why;

    (void)state;
    bytes_init(&text, 1 << 20);
    for (int i = 0; i <= LIMIT_CONTACTS; i++) {
        bytes_printf(&text, "[c%d]\n", i);
        for (int j = 0; j < LIMIT_WAYS; j++)
            bytes_printf(&text, "to ntfy:https://n.example/%0300d token-file token\n", j);
        if (i != LIMIT_CONTACTS - 1)
            continue;
        /* The most that a file can name. */
        bytes_u8(&text, 0);
        text.len--;
        if (text.len <= LIMIT_CONTACTS_BYTES)
            assert_int_equal(parse((const char *)text.ptr, &arena, &got, &why), SH_OK);
        else
            assert_int_equal(parse((const char *)text.ptr, &arena, &got, &why), SH_ELIMIT);
        arena_release(&arena);
    }
    bytes_clear(&text);
    for (int i = 0; i <= LIMIT_CONTACTS; i++)
        bytes_printf(&text, "[c%d]\nto ntfy:https://n.example/t token-file token\n", i);
    bytes_u8(&text, 0);
    assert_int_equal(parse((const char *)text.ptr, &arena, &got, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "at most 32 contacts"));
    arena_release(&arena);
    bytes_clear(&text);
    bytes_text(&text, "[a]\n");
    for (int i = 0; i <= LIMIT_WAYS; i++)
        bytes_text(&text, "to ntfy:https://n.example/t\n");
    bytes_u8(&text, 0);
    assert_int_equal(parse((const char *)text.ptr, &arena, &got, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "line 10: at most 8 ways"));
    arena_release(&arena);
    bytes_release(&text);
}

static void test_file(void **state)
{
    struct tell_contacts got;
    struct arena arena;
    struct why why = {0};
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/contacts", folder);
    arena_init(&arena, LIMIT_CONTACTS_ARENA);
    assert_int_equal(tell_contacts_read(path, &arena, &got, &why), SH_ENOTFOUND);
    assert_true(strncmp(why.text, path, strlen(path)) == 0);
    put_file("contacts", GOOD, 0644);
    memset(&why, 0, sizeof(why));
    assert_int_equal(tell_contacts_read(path, &arena, &got, &why), SH_OK);
    assert_string_equal(got.mail.password, "tk_abc-123");
    put_file("contacts", GOOD, 0664);
    assert_int_equal(tell_contacts_read(path, &arena, &got, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "others may write this file"));
    put_file("contacts", "oops\n", 0600);
    memset(&why, 0, sizeof(why));
    assert_int_equal(tell_contacts_read(path, &arena, &got, &why), SH_EFORMAT);
    assert_non_null(strstr(why.text, "contacts: line 1: \"oops\""));
    memset(&why, 0, sizeof(why));
    assert_int_equal(tell_contacts_read(folder, &arena, &got, &why), SH_EFORMAT);
    arena_release(&arena);
}

/* ---- words ---- */

#define NAME "Ван в Одессе"
#define PLACE_EN "Odesa-on-the-sea"
#define PLACE_UK "Одеса-над-морем"
#define WORDS_EN "Back from shopping"
#define WORDS_UK "Повернувся з крамниці"

static struct doc_text places[] = {{.lang = {(const uint8_t *)"en", 2},
                                    .text = {(const uint8_t *)PLACE_EN, sizeof(PLACE_EN) - 1}},
                                   {.lang = {(const uint8_t *)"uk", 2},
                                    .text = {(const uint8_t *)PLACE_UK, sizeof(PLACE_UK) - 1}}};
static struct doc_text said[] = {{.lang = {(const uint8_t *)"en", 2},
                                  .text = {(const uint8_t *)WORDS_EN, sizeof(WORDS_EN) - 1}},
                                 {.lang = {(const uint8_t *)"uk", 2},
                                  .text = {(const uint8_t *)WORDS_UK, sizeof(WORDS_UK) - 1}}};

static struct document word(void)
{
    struct document doc = {.kind = DOC_DISPATCH, .published = 1772546700};

    doc.status = slice_text("well");
    doc.words = said;
    doc.word_count = 2;
    doc.place.present = true;
    doc.place.names = places;
    doc.place.name_count = 2;
    return doc;
}

static char subject[LIMIT_TELL_SUBJECT_BYTES + 1], body[LIMIT_TELL_BODY_BYTES + 1];

static void say(const struct tell_contact *contact, const struct tell_facts *facts,
                const char *base)
{
    struct tell_contacts contacts = {.base = base};
    struct bytes s = {0}, b = {0};

    bytes_init(&s, sizeof(subject) - 1);
    bytes_init(&b, sizeof(body) - 1);
    tell_words(&contacts, contact, facts, &s, &b);
    assert_int_equal(bytes_check(&s, NULL), SH_OK);
    assert_int_equal(bytes_check(&b, NULL), SH_OK);
    assert_int_equal(text_check(bytes_view(&s), TEXT_LINE, sizeof(subject), "s", NULL), SH_OK);
    assert_int_equal(text_check(bytes_view(&b), TEXT_NEWLINES, sizeof(body), "b", NULL), SH_OK);
    memcpy(subject, s.ptr, s.len);
    subject[s.len] = '\0';
    memcpy(body, b.ptr, b.len);
    body[b.len] = '\0';
    bytes_release(&s);
    bytes_release(&b);
}

#define CODE "abcdefghijklmnopqrstuvwxyz"

static struct tell_facts facts_of(enum tell_what what, const struct document *doc)
{
    return (struct tell_facts){.what = what,
                               .channel_name = NAME,
                               .now = 1772640000,
                               .due_by = 1772633100,
                               .word_at = 1772546700,
                               .heard_at = 1772639000,
                               .copies = 4,
                               .heard = 3,
                               .agree = 2,
                               .word = doc,
                               .ack_code = what <= TELL_DISAGREE ? CODE : NULL,
                               .message_id = "<00@stillhere>"};
}

static bool is_alarm(enum tell_what what)
{
    return what <= TELL_DISAGREE;
}

static void test_neutral(void **state)
{
    static const char *const NEVER[] = {NAME,     PLACE_EN, PLACE_UK, WORDS_EN,
                                        WORDS_UK, "2026",   "14:05",  "{"};
    struct document doc = word();

    (void)state;
    for (int lang = 0; lang < LANG_COUNT; lang++)
        for (int what = 0; what < TELL_WHATS; what++) {
            struct tell_contact contact = {.lang = (enum lang)lang};
            struct tell_facts facts = facts_of((enum tell_what)what, &doc);
            bool trial = what == TELL_TEST || what == TELL_REHEARSAL;

            say(&contact, &facts, "https://odesa.example/");
            for (size_t i = 0; i < COUNT_OF(NEVER); i++) {
                assert_null(strstr(subject, NEVER[i]));
                assert_null(strstr(body, NEVER[i]));
            }
            assert_string_equal(
                subject,
                lang_text((enum lang)lang, trial ? STR_TELL_TEST_SUBJECT : STR_TELL_SUBJECT));
            assert_non_null(strstr(
                body, lang_text((enum lang)lang, trial ? STR_TELL_TEST : STR_TELL_NEUTRAL)));
            assert_int_equal(!!strstr(body, "\nhttps://odesa.example/ack/" CODE "\n"),
                             is_alarm((enum tell_what)what));
            assert_int_equal(strchr(body, '4') && strchr(body, '3') && strchr(body, '2'),
                             is_alarm((enum tell_what)what));
        }
}

static void test_with_words(void **state)
{
    static const char *const PLACES[] = {PLACE_EN, PLACE_EN, PLACE_UK, PLACE_EN};
    static const char *const WORDS[] = {WORDS_EN, WORDS_EN, WORDS_UK, WORDS_EN};
    struct document doc = word();

    (void)state;
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        struct tell_contact contact = {.lang = (enum lang)lang, .words = true};
        char subjects[TELL_TEST][LIMIT_TELL_SUBJECT_BYTES + 1];

        for (int what = 0; what < TELL_TEST; what++) {
            struct tell_facts facts = facts_of((enum tell_what)what, &doc);

            say(&contact, &facts, NULL);
            assert_non_null(strstr(subject, NAME));
            assert_non_null(strstr(body, NAME));
            assert_non_null(strstr(body, PLACES[lang]));
            assert_non_null(strstr(body, WORDS[lang]));
            assert_non_null(strstr(body, lang_text((enum lang)lang, STR_STATUS_WELL)));
            assert_non_null(strstr(body, "14:05 UTC"));
            assert_int_equal(!!strstr(body, "\n" CODE "\n"), is_alarm((enum tell_what)what));
            /* When it is read on a small screen, what to do comes before long words. */
            if (is_alarm((enum tell_what)what))
                assert_true(strstr(body, CODE) < strstr(body, WORDS[lang]));
            memcpy(subjects[what], subject, sizeof(subjects[what]));
            for (int other = 0; other < what; other++)
                assert_string_not_equal(subject, subjects[other]);
        }
    }
}

static void test_odd(void **state)
{
    struct document doc = {.kind = DOC_DISPATCH};
    struct tell_contact contact = {.words = true};
    struct tell_facts facts = facts_of(TELL_SILENT, NULL);
    char big[LIMIT_WORDS_BYTES + 1];
    size_t characters = 0;

    (void)state;
    facts.channel_name = NULL;
    facts.heard_at = facts.due_by = facts.word_at = 0;
    say(&contact, &facts, NULL);
    assert_null(strstr(body, "1970"));
    assert_non_null(strstr(body, "no copy has answered so far"));
    facts.doubtful_clock = true;
    say(&contact, &facts, NULL);
    assert_non_null(strstr(body, "clock"));
    /* The longest words, in characters of three bytes: whole ones only. */
    for (size_t i = 0; i < sizeof(big) - 1; i++)
        big[i] = "\xe5\x85\xab"[i % 3];
    doc.word_count = 1;
    doc.words = &(struct doc_text){.lang = slice_text("zh"), .text = slice_of(big, 8190)};
    doc.status_text.text = slice_text("<script>alert(1)</script>");
    facts = facts_of(TELL_GOOD, &doc);
    say(&contact, &facts, NULL);
    assert_non_null(strstr(body, "<script>"));
    for (const char *at = strstr(body, "\xe5\x85\xab"); at; at = strstr(at + 3, "\xe5\x85\xab"))
        characters++;
    assert_int_equal(characters, 8190 / 3);
}

/* ---- a command ---- */

static struct tell_answer run(const char *script, unsigned deadline_ms)
{
    char path[64];
    struct tell_contact contact = {.name = "a"};
    struct tell_way way = {.kind = TELL_COMMAND, .target = path};
    struct tell_message message = {.what = TELL_LATE,
                                   .message_id = "<0a@stillhere>",
                                   .subject = slice_text("A new message"),
                                   .body = slice_text("There is a new message.\n"),
                                   .deadline_ms = deadline_ms};
    struct tell_answer answer;

    (void)snprintf(path, sizeof(path), "%s/script", folder);
    put_file("script", script, 0700);
    tell_send(NULL, &contact, &way, &message, &answer);
    return answer;
}

static void test_command(void **state)
{
    static const struct {
        const char *script;
        enum tell_outcome outcome;
        unsigned status;
    } CASES[] = {
        {"#!/bin/sh\nexit 0\n", TELL_ACCEPTED, 0}, {"#!/bin/sh\nexit 75\n", TELL_LATER, 75},
        {"#!/bin/sh\nexit 1\n", TELL_REFUSED, 1},  {"#!/bin/sh\nkill -9 $$\n", TELL_LATER, 0},
        {"#!/nowhere\n", TELL_LATER, 126},         {"#!/bin/sh\nsleep 60\n", TELL_LATER, 0},
    };
    struct bytes seen;
    struct why why = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct tell_answer answer = run(CASES[i].script, 700);

        if (answer.outcome != CASES[i].outcome || answer.status != CASES[i].status)
            fail_msg("case %zu: %d %u %s", i, answer.outcome, answer.status, answer.text);
    }
    /* What it is given: three variables and a path to look in, the message, nothing else. */
    assert_int_equal(setenv("STILLHERE_LEAK", "secret", 1), 0);
    assert_int_equal(run("#!/bin/sh\ncd \"${0%/*}\" || exit 1\n{ /usr/bin/env | sort; cat; ls "
                         "/proc/self/fd | wc -l; } >seen\n",
                         5000)
                         .outcome,
                     TELL_ACCEPTED);
    bytes_init(&seen, 4096);
    assert_int_equal(io_read(dir, "seen", &seen, &why), SH_OK);
    bytes_u8(&seen, 0);
    assert_non_null(strstr((const char *)seen.ptr, "STILLHERE_KIND=alarm\n"));
    assert_non_null(strstr((const char *)seen.ptr, "STILLHERE_ID=<0a@stillhere>\n"));
    assert_non_null(strstr((const char *)seen.ptr, "STILLHERE_SUBJECT=A new message\n"));
    assert_non_null(strstr((const char *)seen.ptr, "There is a new message.\n"));
    assert_null(strstr((const char *)seen.ptr, "LEAK"));
    assert_null(strstr((const char *)seen.ptr, "HOME="));
    /* 0, 1, 2 and the one that ls opens. */
    assert_non_null(strstr((const char *)seen.ptr, "\n4\n"));
    bytes_release(&seen);
}

/* What it started is ended with it when it takes too long. */
static void test_command_group(void **state)
{
    (void)state;
    assert_int_equal(
        run("#!/bin/sh\n(sleep 2; touch \"${0%/*}/lives\") &\nwait\n", 300).outcome,
        TELL_LATER);
    sleep(3);
    assert_false(io_exists(dir, "lives"));
}

/* ---- a trial ---- */

struct heard {
    size_t ways;
    enum tell_outcome outcome[4];
};

static void hear(void *ctx, const struct tell_way *way, const struct tell_answer *answer)
{
    struct heard *heard = ctx;

    assert_int_equal(way->kind, TELL_COMMAND);
    heard->outcome[heard->ways++] = answer->outcome;
}

/* Every way is tried, also behind one that took it; each with an id of its own. */
static void test_trial(void **state)
{
    static const char SCRIPT[] =
        "#!/bin/sh\n{ echo \"$STILLHERE_KIND $STILLHERE_SUBJECT\"; cat; "
        "echo \"$STILLHERE_ID\"; } >>\"${0%/*}/trial\"\n";
    char good[64], bad[64];
    struct tell_way ways[] = {{.kind = TELL_COMMAND, .target = good},
                              {.kind = TELL_COMMAND, .target = bad},
                              {.kind = TELL_COMMAND, .target = good}};
    struct tell_contact contact = {.name = "a", .words = true, .ways = ways, .way_count = 3};
    struct tell_contacts contacts = {.contact = &contact, .count = 1};
    struct heard heard = {0};
    struct tell_trial trial = {
        .what = TELL_REHEARSAL, .now = 1, .ack_code = CODE, .heard = hear, .ctx = &heard};
    const char *first, *second;
    struct bytes seen;
    struct why why = {0};

    (void)state;
    (void)snprintf(good, sizeof(good), "%s/try-good", folder);
    (void)snprintf(bad, sizeof(bad), "%s/try-bad", folder);
    put_file("try-good", SCRIPT, 0700);
    put_file("try-bad", "#!/bin/sh\nexit 1\n", 0700);
    assert_int_equal(tell_trial_send(NULL, &contacts, &contact, &trial), 2);
    assert_int_equal(heard.ways, 3);
    assert_int_equal(heard.outcome[0], TELL_ACCEPTED);
    assert_int_equal(heard.outcome[1], TELL_REFUSED);
    assert_int_equal(heard.outcome[2], TELL_ACCEPTED);
    bytes_init(&seen, 8192);
    assert_int_equal(io_read(dir, "trial", &seen, &why), SH_OK);
    bytes_u8(&seen, 0);
    assert_non_null(strstr((const char *)seen.ptr, "rehearsal Only a test\n"
                                                   "This is only a test."));
    assert_non_null(strstr((const char *)seen.ptr, "\n" CODE "\n"));
    first = strstr((const char *)seen.ptr, "\n<");
    assert_non_null(first);
    second = strstr(first + 1, "\n<");
    assert_non_null(second);
    assert_int_equal(strcspn(first, "@"), 2 + 32);
    assert_memory_not_equal(first, second, 2 + 32);
    bytes_release(&seen);
}

static void test_without_fetcher(void **state)
{
    struct tell_contacts got;
    struct tell_message message = {
        .message_id = "<0a@stillhere>", .subject = slice_text("s"), .body = slice_text("b")};
    struct arena arena;
    struct why why;

    (void)state;
    assert_int_equal(parse(GOOD, &arena, &got, &why), SH_OK);
    for (size_t i = 0; i < got.contact[0].way_count; i++) {
        struct tell_answer answer;

        tell_send(NULL, &got.contact[0], &got.contact[0].ways[i], &message, &answer);
        assert_int_equal(answer.outcome, TELL_LATER);
        assert_non_null(strstr(answer.text, "stillhere-fetch"));
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_command_path),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_neutral),
        cmocka_unit_test(test_with_words),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_command_group),
        cmocka_unit_test(test_trial),
        cmocka_unit_test(test_without_fetcher),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
