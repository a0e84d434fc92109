/* The page behind the link of an alarm: large, plain, one button, no script. */
#include "front/front_int.h"

#include "markup/markup.h"

/* Of the same family as the channel's pages; there is nothing here that needs more. */
static const char STYLE[] =
    ":root{color-scheme:light dark;--paper:#fbfaf6;--ink:#1d1b18;--soft:#5e5950;"
    "--line:#dfdad0;--link:#174a74;--on:#fff}"
    "@media(prefers-color-scheme:dark){:root{--paper:#161513;--ink:#ece8e0;--soft:#aca598;"
    "--line:#38352f;--link:#a3c9ee;--on:#161513}}"
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%;text-size-adjust:100%}"
    "body{margin:0 auto;max-inline-size:36rem;padding:0 1.15rem 3rem;background:var(--paper);"
    "color:var(--ink);font:1.25rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
    "'PingFang SC','Noto Sans CJK SC','Microsoft YaHei',sans-serif;overflow-wrap:break-word}"
    "h1{font-size:1.75rem;line-height:1.25;margin:2rem 0 1rem;text-wrap:balance}"
    "p{margin:0 0 1rem}"
    "button{font:inherit;font-weight:600;inline-size:100%;min-block-size:3.5rem;"
    "padding:.7rem 1.2rem;margin-block:.6rem 1.4rem;border:0;border-radius:.5rem;"
    "background:var(--link);color:var(--on);cursor:pointer}"
    ".small{font-size:1rem;color:var(--soft)}"
    "ul{display:flex;flex-wrap:wrap;list-style:none;margin:0 0 0 -.5rem;padding:.4rem 0;"
    "font-size:1rem}nav{border-block-end:1px solid var(--line)}"
    "nav a{display:block;padding:.7rem .5rem;color:var(--link)}"
    "nav a[aria-current]{color:inherit;text-decoration:none;font-weight:600}"
    ":focus-visible{outline:3px solid var(--link);outline-offset:3px;border-radius:2px}";

static struct slice text_of(enum lang lang, enum lang_string id)
{
    return slice_text(lang_text(lang, id));
}

static void meta(struct markup *m, const char *name, const char *content)
{
    markup_void(m, "meta");
    markup_attr(m, "name", slice_text(name));
    markup_attr(m, "content", slice_text(content));
}

static void head(struct markup *m, enum lang lang)
{
    markup_open(m, "head");
    markup_void(m, "meta");
    markup_attr(m, "charset", slice_text("utf-8"));
    meta(m, "viewport", "width=device-width, initial-scale=1");
    meta(m, "robots", "noindex, nofollow");
    meta(m, "referrer", "no-referrer");
    meta(m, "color-scheme", "light dark");
    markup_element(m, "title", NULL, text_of(lang, STR_FRONT_TITLE));
    markup_void(m, "link"); /* Else browsers ask for /favicon.ico. */
    markup_attr(m, "rel", slice_text("icon"));
    markup_attr(m, "href", slice_text("data:,"));
    markup_style(m, STYLE);
    markup_close(m);
    markup_newline(m);
}

/* The same page in the four languages. */
static void languages(struct markup *m, enum lang lang)
{
    static const char *const QUERIES[LANG_COUNT] = {"?lang=en", "?lang=zh", "?lang=uk",
                                                    "?lang=ru"};

    markup_open(m, "nav");
    markup_attr(m, "aria-label", text_of(lang, STR_PAGE_LANGUAGES));
    markup_open(m, "ul");
    for (int i = 0; i < LANG_COUNT; i++) {
        markup_open(m, "li");
        markup_open(m, "a");
        markup_attr(m, "href", slice_text(QUERIES[i]));
        markup_attr(m, "lang", slice_text(lang_tag((enum lang)i)));
        markup_attr(m, "hreflang", slice_text(lang_tag((enum lang)i)));
        if ((enum lang)i == lang)
            markup_attr(m, "aria-current", slice_text("page"));
        markup_text(m, slice_text(lang_own_name((enum lang)i)));
        markup_close(m);
        markup_close(m);
    }
    markup_close(m);
    markup_close(m);
    markup_newline(m);
}

/* <p> with a time for {1}. */
static void sentence(struct markup *m, enum lang lang, enum lang_string id,
                     const struct watch_ack *ack)
{
    const char *text = lang_text(lang, id);
    uint64_t at = ack->acked_at;
    char date[TELL_DATE_BYTES], machine[WHEN_TEXT_BYTES];
    struct slice literal;
    unsigned number;

    tell_date(lang, ack->zone, at, date);
    when_text(at, machine);
    markup_open(m, "p");
    while ((text = lang_next(text, &literal, &number))) {
        markup_text(m, literal);
        if (number) {
            markup_open(m, "time");
            markup_attr(m, "datetime", slice_text(machine));
            markup_text(m, slice_text(date));
            markup_close(m);
        }
    }
    markup_close(m);
    markup_newline(m);
}

static void form(struct markup *m, enum lang lang)
{
    markup_element(m, "p", NULL, text_of(lang, STR_FRONT_MEANS));
    markup_newline(m);
    markup_open(m, "form"); /* To the address of this page. */
    markup_attr(m, "method", slice_text("post"));
    markup_open(m, "button");
    markup_attr(m, "name", slice_text("seen"));
    markup_attr(m, "value", slice_text("1"));
    markup_text(m, text_of(lang, STR_FRONT_BUTTON));
    markup_close(m);
    markup_close(m);
    markup_newline(m);
    markup_element(m, "p", "small", text_of(lang, STR_FRONT_LOOKING));
    markup_newline(m);
}

static void content(struct markup *m, const struct watch_ack *ack, enum lang lang)
{
    bool ask = ack->open && !ack->acked;

    markup_element(m, "h1", NULL,
                   text_of(lang, ask          ? STR_FRONT_ASK
                                 : ack->acked ? STR_FRONT_THANKS
                                              : STR_FRONT_OVER));
    markup_newline(m);
    if (ack->rehearsal) {
        markup_element(m, "p", NULL, text_of(lang, STR_TELL_TEST));
        markup_newline(m);
    }
    /* Not what it is about: messages are neutral, and messengers fetch what links show. */
    if (ack->acked)
        sentence(m, lang, STR_FRONT_ACKED, ack);
    if (ack->acked && !ack->open)
        markup_element(m, "p", NULL, text_of(lang, STR_FRONT_OVER));
    if (ask)
        form(m, lang);
}

void front_page(const struct watch_ack *ack, enum lang lang, struct bytes *out)
{
    struct markup m;

    markup_start(&m, out);
    markup_open(&m, "html");
    markup_attr(&m, "lang", slice_text(lang_tag(lang)));
    head(&m, lang);
    markup_open(&m, "body");
    languages(&m, lang);
    markup_open(&m, "main");
    content(&m, ack, lang);
    markup_close(&m);
    markup_close(&m);
    markup_close(&m);
    markup_end(&m);
}
