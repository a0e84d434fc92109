/* The contacts file: stillhere-contacts(5). */
#include "tell/tell_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "io/io.h"

int tell_fail(struct tell_reader *reader, const char *fmt, ...)
{
    char text[sizeof(reader->why->text) - 20]; /* Room for the number of the line. */
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args); /* Cut at worst. */
    va_end(args);
    return why_set(reader->why, SH_EFORMAT, WHY_NOWHERE, "line %u: %s", reader->line, text);
}

static int no_room(struct tell_reader *reader)
{
    return why_set(reader->why, SH_ELIMIT, WHY_NOWHERE, "line %u: the file says too much",
                   reader->line);
}

const char *tell_keep(struct arena *arena, struct slice text)
{
    char *copy = arena_take(arena, text.len + 1);

    if (copy && text.len)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

char *tell_word(char **rest)
{
    char *word = *rest + strspn(*rest, " ");
    size_t len = strcspn(word, " ");

    if (!len)
        return NULL;
    *rest = word + len;
    if (**rest)
        *(*rest)++ = '\0';
    *rest += strspn(*rest, " ");
    return word;
}

bool tell_is_address(const char *text)
{
    static const char local[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                ".!#$&'*+/=^_`{|}~-";
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               ".-";
    const char *at = strchr(text, '@');
    size_t len = strlen(text);

    /* RFC 5321 4.5.3.1.1 and 4.5.3.1.3: 64 before the "@", 254 in all. */
    return at && at > text && at - text <= 64 && len <= 254 &&
           strspn(text, local) == (size_t)(at - text) && at[1] && !strchr(at, ',') &&
           strspn(at + 1, host) == strlen(at + 1) && text[0] != '.' && at[-1] != '.' &&
           !strstr(text, "..") && at[1] != '.' && at[1] != '-' && text[len - 1] != '.';
}

/* ---- values ---- */

static int take_duration(struct tell_reader *reader, const char *text, uint64_t *out)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } UNITS[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    size_t len = strspn(text, "0123456789");
    uint64_t number;

    if (!decimal_parse(slice_of(text, len), LIMIT_EVERY_S, &number))
        return tell_fail(reader, "a length of time was expected: 30m, 6h or 2d");
    if (!number && !text[len]) {
        *out = 0;
        return SH_OK;
    }
    for (size_t i = 0; i < COUNT_OF(UNITS); i++)
        if (text[len] == UNITS[i].unit && !text[len + 1]) {
            if (!size_mul(number, UNITS[i].seconds, out) || *out > LIMIT_EVERY_S)
                return tell_fail(reader, "this is longer than 400 days");
            return SH_OK;
        }
    return tell_fail(reader, "a length of time was expected, a number and one of s m h d w: "
                             "30m, 6h or 2d");
}

static int take_yes(struct tell_reader *reader, const char *text, bool *out)
{
    *out = strcmp(text, "yes") == 0;
    return *out || strcmp(text, "no") == 0 ? SH_OK : tell_fail(reader, "write yes or no");
}

static int take_line(struct tell_reader *reader, const char *text, const char **out)
{
    *out = tell_keep(reader->arena, slice_text(text));
    return *out ? SH_OK : no_room(reader);
}

/* ---- keys ---- */

static int key_mail(struct tell_reader *reader, char *value)
{
    struct why why = {0};
    struct bytes text = {0};
    struct url url;
    int rc;

    if (url_parse(slice_text(value), &url, &why) != SH_OK)
        return tell_fail(reader, "mail: %s", why.text);
    if ((url.scheme != URL_SMTP && url.scheme != URL_SMTPS) || strlen(url.path) > 1)
        return tell_fail(reader, "mail: write smtp://HOST:PORT (it must offer STARTTLS) or "
                                 "smtps://HOST:PORT");
    bytes_init(&text, LIMIT_URL_BYTES * 2);
    url_build(&url, &text);
    rc = bytes_check(&text, reader->why);
    if (rc == SH_OK) {
        reader->out->mail.server = tell_keep(reader->arena, bytes_view(&text));
        rc = reader->out->mail.server ? SH_OK : no_room(reader);
    }
    bytes_release(&text);
    return rc;
}

static int key_mail_from(struct tell_reader *reader, char *value)
{
    if (!tell_is_address(value))
        return tell_fail(reader, "mail-from: write an address alone: watch@example.org");
    return take_line(reader, value, &reader->out->mail.from);
}

static int key_mail_user(struct tell_reader *reader, char *value)
{
    return take_line(reader, value, &reader->out->mail.user);
}

static int key_mail_password(struct tell_reader *reader, char *value)
{
    return tell_take_secret(reader, value, &reader->out->mail.password);
}

static int key_silence(struct tell_reader *reader, char *value)
{
    int rc = take_duration(reader, value, &reader->out->silence_s);

    if (rc == SH_OK && !reader->out->silence_s)
        rc = tell_fail(reader, "silence: at least 1s; an hour (1h) is usual");
    return rc;
}

static int key_base(struct tell_reader *reader, char *value)
{
    const char *url;
    size_t len;
    int rc = tell_take_url(reader, value, &url);

    if (rc != SH_OK)
        return rc;
    len = strlen(url);
    if (strchr(url, '?'))
        return tell_fail(reader, "base: an address without \"?\" was expected");
    if (url[len - 1] != '/') {
        char *longer = arena_take(reader->arena, len + 2);

        if (!longer)
            return no_room(reader);
        memcpy(longer, url, len);
        longer[len] = '/';
        url = longer;
    }
    reader->out->base = url;
    return SH_OK;
}

/* Asked for a day of today's rules; which day does not matter. */
static int take_zone(struct tell_reader *reader, const char *value, const char **out)
{
    struct why why = {0};
    int32_t east_s;

    if (io_zone_offset(value, io_now(), &east_s, &why) != SH_OK)
        return tell_fail(reader, "zone: %s", why.text);
    return take_line(reader, value, out);
}

static int key_zone_all(struct tell_reader *reader, char *value)
{
    return take_zone(reader, value, &reader->out->zone);
}

static int key_zone(struct tell_reader *reader, char *value)
{
    return take_zone(reader, value, &reader->open->zone);
}

static int key_called(struct tell_reader *reader, char *value)
{
    if (strlen(value) > LIMIT_NAME_BYTES)
        return tell_fail(reader, "called: at most %d bytes", LIMIT_NAME_BYTES);
    return take_line(reader, value, &reader->open->called);
}

static int key_after(struct tell_reader *reader, char *value)
{
    return take_duration(reader, value, &reader->open->after_s);
}

static int key_lang(struct tell_reader *reader, char *value)
{
    if (!lang_from_tag(slice_text(value), &reader->open->lang))
        return tell_fail(reader, "lang: one of en, zh-Hans, uk, ru");
    return SH_OK;
}

static int key_to(struct tell_reader *reader, char *value)
{
    return tell_take_way(reader, value);
}

static int key_words(struct tell_reader *reader, char *value)
{
    return take_yes(reader, value, &reader->open->words);
}

static int key_good(struct tell_reader *reader, char *value)
{
    return take_yes(reader, value, &reader->open->good);
}

enum key_where { KEY_TOP, KEY_SECTION };
static const struct key {
    const char *name;
    enum key_where where;
    bool often;
    int (*take)(struct tell_reader *reader, char *value);
} KEYS[] = {
    {"mail", KEY_TOP, false, key_mail},
    {"mail-from", KEY_TOP, false, key_mail_from},
    {"mail-user", KEY_TOP, false, key_mail_user},
    {"mail-password-file", KEY_TOP, false, key_mail_password},
    {"silence", KEY_TOP, false, key_silence},
    {"base", KEY_TOP, false, key_base},
    {"zone", KEY_TOP, false, key_zone_all},
    {"called", KEY_SECTION, false, key_called},
    {"after", KEY_SECTION, false, key_after},
    {"lang", KEY_SECTION, false, key_lang},
    {"zone", KEY_SECTION, false, key_zone},
    {"to", KEY_SECTION, true, key_to},
    {"words", KEY_SECTION, false, key_words},
    {"good", KEY_SECTION, false, key_good},
};

/* ---- lines ---- */

static int section_close(struct tell_reader *reader)
{
    if (!reader->open || reader->open->way_count)
        return SH_OK;
    reader->line = reader->open_line;
    return tell_fail(reader,
                     "nothing says how to reach %s: add a line such as "
                     "\"to mailto:NAME@HOST\"",
                     reader->open->name);
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name.ptr[i]) || !name.ptr[i])
            return false;
    return name.len >= 1 && name.len <= 32;
}

static int section_open(struct tell_reader *reader, const char *line)
{
    struct slice name = slice_of(line + 1, strlen(line + 1));
    struct tell_contacts *out = reader->out;
    int rc = section_close(reader);

    if (rc != SH_OK)
        return rc;
    if (!name.len || name.ptr[name.len - 1] != ']')
        return tell_fail(reader, "a section is a name in brackets alone on its line: [olena]");
    name.len--;
    if (!is_name(name))
        return tell_fail(reader, "the name of a section has 1 to 32 of a-z, 0-9 and \"-\": "
                                 "write [olena], and \"called ...\" below it as you like");
    if (out->count == LIMIT_CONTACTS)
        return tell_fail(reader, "at most %d contacts", LIMIT_CONTACTS);
    reader->open = &reader->contacts[out->count];
    reader->ways = arena_take(reader->arena, LIMIT_WAYS * sizeof(struct tell_way));
    *reader->open =
        (struct tell_contact){.name = tell_keep(reader->arena, name), .ways = reader->ways};
    if (!reader->ways || !reader->open->name)
        return no_room(reader);
    if (tell_contact_find(out, reader->open->name))
        return tell_fail(reader, "there is a [%s] already: give this contact another name",
                         reader->open->name);
    out->count++;
    reader->open_line = reader->line;
    reader->seen = 0;
    return SH_OK;
}

static int not_a_key(struct tell_reader *reader, const char *word)
{
    char known[160];
    size_t used = 0;

    for (size_t i = 0; i < COUNT_OF(KEYS); i++)
        if ((KEYS[i].where == KEY_SECTION) == (reader->open != NULL))
            used += (size_t)snprintf(known + used, sizeof(known) - used, " %s", KEYS[i].name);
    return tell_fail(reader, "\"%.*s\" has no meaning %s; known here:%s", TELL_START(word, 40),
                     reader->open ? "in a section" : "before the first [section]", known);
}

static int take_key(struct tell_reader *reader, char *line)
{
    const char *word = tell_word(&line);

    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        const struct key *key = &KEYS[i];

        if (strcmp(key->name, word) != 0 || (key->where == KEY_SECTION) != !!reader->open)
            continue;
        if (!key->often && reader->seen & UINT32_C(1) << i)
            return tell_fail(reader, "\"%s\" stands here a second time: keep one", key->name);
        reader->seen |= UINT32_C(1) << i;
        if (!*line)
            return tell_fail(reader, "\"%s\" needs a value after it", key->name);
        return key->take(reader, line);
    }
    return not_a_key(reader, word);
}

/* line ends with a NUL; blanks at both ends are gone. */
static int take_one(struct tell_reader *reader, char *line)
{
    int rc;

    if (!*line || *line == '#')
        return SH_OK;
    rc = text_check(slice_text(line), TEXT_LINE, LIMIT_CONTACTS_BYTES, "text", NULL);
    if (rc != SH_OK)
        return tell_fail(reader, "this is not plain text in UTF-8: write the line again");
    return *line == '[' ? section_open(reader, line) : take_key(reader, line);
}

static int finish(struct tell_reader *reader)
{
    const struct tell_mail *mail = &reader->out->mail;
    int rc = section_close(reader);

    if (rc != SH_OK)
        return rc;
    if (!reader->out->count)
        return why_set(reader->why, SH_EFORMAT, WHY_NOWHERE,
                       "nobody would be told: the file names no contact; "
                       "see stillhere-contacts(5)");
    reader->line = reader->mail_line;
    if (reader->mail_line && (!mail->server || !mail->from))
        return tell_fail(reader, "mail has no way out: add \"mail smtp://HOST:PORT\" and "
                                 "\"mail-from ADDRESS\" before the first [section]");
    if (!mail->user != !mail->password)
        return why_set(reader->why, SH_EFORMAT, WHY_NOWHERE,
                       "mail-user and mail-password-file are needed together");
    *reader->mail = *mail;
    return SH_OK;
}

int tell_contacts_parse(struct slice text, int dir, struct arena *arena,
                        struct tell_contacts *out, struct why *why)
{
    struct tell_reader reader = {.dir = dir, .arena = arena, .out = out, .why = why};
    struct why own = {0};
    char *at, *end;
    int rc = SH_OK;

    if (!why)
        reader.why = &own;
    *out = (struct tell_contacts){.silence_s = 3600};
    if (text.len > LIMIT_CONTACTS_BYTES)
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "more than %u bytes", LIMIT_CONTACTS_BYTES);
    if (slice_starts(text, "\xef\xbb\xbf"))
        text = slice_sub(text, 3, text.len - 3);
    reader.contacts = arena_take(arena, LIMIT_CONTACTS * sizeof(struct tell_contact));
    reader.mail = arena_take(arena, sizeof(*reader.mail));
    at = arena_take(arena, text.len + 1);
    if (!reader.contacts || !reader.mail || !at)
        return why_set(why, SH_ENOMEM, WHY_NOWHERE, "no memory for the contacts");
    if (text.len)
        memcpy(at, text.ptr, text.len);
    out->contact = reader.contacts;
    end = at + text.len;
    while (rc == SH_OK && at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *stop = newline ? newline : end;
        char *line = at;

        at = stop + 1;
        reader.line++;
        if (memchr(line, '\0', (size_t)(stop - line))) {
            rc = tell_fail(&reader, "this is not plain text in UTF-8: write the line again");
            break;
        }
        *stop = '\0';
        for (char *tab = strchr(line, '\t'); tab; tab = strchr(tab, '\t'))
            *tab = ' ';
        line += strspn(line, " ");
        while (stop > line && (stop[-1] == ' ' || stop[-1] == '\r'))
            *--stop = '\0';
        rc = take_one(&reader, line);
    }
    return rc == SH_OK ? finish(&reader) : rc;
}

const struct tell_contact *tell_contact_find(const struct tell_contacts *contacts,
                                             const char *name)
{
    for (size_t i = 0; i < contacts->count; i++)
        if (strcmp(contacts->contact[i].name, name) == 0)
            return &contacts->contact[i];
    return NULL;
}

/* ---- the file ---- */

static int open_both(const char *path, int *dir, int *fd, struct why *why)
{
    char parent[LIMIT_HOME_BYTES];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 2;
    struct stat st;

    if (len >= sizeof(parent))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "the path is too long");
    memcpy(parent, slash ? path : "./", len);
    parent[len] = '\0';
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return why_set(why, errno == ENOENT ? SH_ENOTFOUND : SH_EIO, WHY_NOWHERE, "%s",
                       strerror(errno));
    *dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*dir < 0 || fstat(*fd, &st) != 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE, "a file was expected");
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return why_set(why, SH_EFORMAT, WHY_NOWHERE,
                       "others may write this file, and it can name a command to be run: "
                       "chmod go-w '%.200s'",
                       path);
    return SH_OK;
}

int tell_contacts_read(const char *path, struct arena *arena, struct tell_contacts *out,
                       struct why *why)
{
    struct bytes text = {0};
    int dir = -1, fd = -1;
    int rc = open_both(path, &dir, &fd, why);

    bytes_init(&text, LIMIT_CONTACTS_BYTES);
    if (rc == SH_OK)
        rc = io_read_fd(fd, &text, why);
    if (rc == SH_OK)
        rc = tell_contacts_parse(bytes_view(&text), dir, arena, out, why);
    if (rc != SH_OK)
        (void)why_name(why, rc, path); /* Gives rc back. */
    bytes_release(&text);
    io_close(&fd);
    io_close(&dir);
    return rc;
}
