/* The recovery sheet as text and as an SVG page, with its QR code. */
#include "cmd/sheet_int.h"

#include <qrencode.h>
#include <stdio.h>
#include <string.h>

#include "age/age.h"

#define TEXT_COLUMNS 76
#define QUIET 4 /* modules of white around the code (ISO/IEC 18004, 6.3.8) */

/* The SVG page, in tenths of a millimetre: A4. */
#define PAGE_WIDTH 2100
#define PAGE_HEIGHT 2970
#define PAGE_MARGIN 180
#define PAGE_COLUMNS 84
#define TEXT_SIZE 36
#define TEXT_STEP 50
#define MODULE_SIZE 12

void cmd_secret_buffer(struct bytes *bytes)
{
    bytes_init(bytes, LIMIT_PAGE_BYTES);
    (void)bytes_room(bytes, LIMIT_PAGE_BYTES); /* A failure shows in bytes_check. */
}

void cmd_secret_release(struct bytes *bytes)
{
    if (bytes->ptr)
        wipe(bytes->ptr, bytes->cap);
    bytes_release(bytes);
}

/* ---- lines ---- */

/* The code point at text->ptr[at], which is UTF-8 of our own or checked; *len its bytes. */
static uint32_t code_point(struct slice text, size_t at, size_t *len)
{
    uint8_t c = text.ptr[at];
    uint32_t code;

    *len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (*len > text.len - at)
        *len = 1;
    code = *len == 1 ? c : c & (0x7fu >> *len);
    for (size_t i = 1; i < *len; i++)
        code = code << 6 | (text.ptr[at + i] & 0x3f);
    return code;
}

static bool is_wide(uint32_t code)
{
    return (code >= 0x2e80 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) ||
           (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe30 && code <= 0xfe6f) ||
           (code >= 0xff00 && code <= 0xff60) || (code >= 0x1f300 && code <= 0x3fffd);
}

/* Marks that must not begin a line. */
static bool is_closing(uint32_t code)
{
    static const uint32_t closing[] = {0x3001, 0x3002, 0xff0c, 0xff1a, 0xff1b,
                                       0xff09, 0xff01, 0xff1f, 0x201d, 0x300d};

    for (size_t i = 0; i < COUNT_OF(closing); i++)
        if (code == closing[i])
            return true;
    return false;
}

bool cmd_wrap(struct slice *rest, size_t columns, struct slice *line)
{
    size_t used = 0, at = 0, best = 0, len, width;
    bool wide_before = false;
    uint32_t code;

    if (!rest->len)
        return false;
    for (; at < rest->len; at += len, used += width) {
        code = code_point(*rest, at, &len);
        width = is_wide(code) ? 2 : 1;
        if (at && (code == ' ' || ((wide_before || width == 2) && !is_closing(code))))
            best = at;
        wide_before = width == 2;
        if (used + width > columns && best)
            break;
    }
    if (at >= rest->len)
        best = rest->len;
    *line = slice_sub(*rest, 0, best);
    while (best < rest->len && rest->ptr[best] == ' ')
        best++;
    *rest = slice_sub(*rest, best, rest->len - best);
    return true;
}

static void wrapped(struct bytes *out, struct slice rest)
{
    struct slice line;

    bytes_u8(out, '\n');
    while (cmd_wrap(&rest, TEXT_COLUMNS, &line)) {
        bytes_slice(out, line);
        bytes_u8(out, '\n');
    }
}

static void paragraph(struct bytes *out, enum lang lang, enum lang_string id)
{
    wrapped(out, slice_text(lang_text(lang, id)));
}

/* ---- the code ---- */

static QRcode *code_of(struct slice text, struct why *why)
{
    QRcode *code = QRcode_encodeData((int)text.len, text.ptr, 0, QR_ECLEVEL_M);

    if (!code)
        (void)why_set(why, SH_ENOMEM, WHY_NOWHERE, "recovery sheet: no memory for the QR code");
    return code;
}

static void code_free(QRcode *code)
{
    if (!code)
        return;
    wipe(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
}

static bool is_dark(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return false;
    return code->data[y * code->width + x] & 1;
}

/* Two modules in a character: upper and lower half block. */
static void code_text(const QRcode *code, enum cmd_sheet_ink ink, struct bytes *out)
{
    static const char *const blocks[] = {" ", "\xe2\x96\x80", "\xe2\x96\x84", "\xe2\x96\x88"};

    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        if (ink == SHEET_ON_SCREEN)
            bytes_text(out, "\033[30;107m");
        for (int x = -QUIET; x < code->width + QUIET; x++)
            bytes_text(out, blocks[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)]);
        bytes_text(out, ink == SHEET_ON_SCREEN ? "\033[0m\n" : "\n");
    }
}

static void title_line(const struct cmd_sheet_page *page, struct bytes *out)
{
    char short_id[CHANNEL_SHORT_ID_BYTES];

    channel_id_short(&page->sheet->channel, short_id);
    LANG_SAY(out, page->lang, STR_SHEET_OF, page->name, short_id);
}

/* Why this paper matters, in the order in which a person should read it. */
#define WORDS 5
static const enum lang_string *words_of(const struct sheet *sheet)
{
    static const enum lang_string one[WORDS] = {STR_SHEET_WHAT, STR_SHEET_USE, STR_SHEET_LOST,
                                                STR_SHEET_STOLEN, STR_SHEET_KEEP};
    static const enum lang_string three[WORDS] = {
        STR_SHEET_WHAT, STR_SHEET_USE, STR_SHEET_LOST_3, STR_SHEET_STOLEN_3, STR_SHEET_KEEP};

    return sheet->parts > 1 ? three : one;
}

/* "Sheet 2 of 3: ..."; nothing for a single one. */
static void part_text(const struct cmd_sheet_page *page, struct bytes *out)
{
    char part[24], parts[24];

    if (page->sheet->parts < 2)
        return;
    (void)snprintf(part, sizeof(part), "%llu", (unsigned long long)page->sheet->part);
    (void)snprintf(parts, sizeof(parts), "%llu", (unsigned long long)page->sheet->parts);
    LANG_SAY(out, page->lang, STR_SHEET_PART, part, parts);
}

int cmd_sheet_text(const struct cmd_sheet_page *page, enum cmd_sheet_ink ink, struct bytes *out,
                   struct why *why)
{
    const enum lang_string *words = words_of(page->sheet);
    char identity[AGE_IDENTITY_BYTES];
    struct bytes part;
    size_t from, till;
    QRcode *code;

    bytes_text(out, "stillhere \xc2\xb7 ");
    bytes_text(out, lang_text(page->lang, STR_SHEET_TITLE));
    bytes_u8(out, '\n');
    title_line(page, out);
    bytes_u8(out, '\n');
    bytes_init(&part, LIMIT_NOTE_BYTES);
    part_text(page, &part);
    if (part.len)
        wrapped(out, bytes_view(&part));
    bytes_release(&part);
    for (size_t i = 0; i < WORDS; i++)
        paragraph(out, page->lang, words[i]);
    paragraph(out, page->lang, STR_SHEET_MACHINE);
    bytes_u8(out, '\n');
    from = out->len;
    sheet_build(page->sheet, out);
    till = out->len;
    if (bytes_check(out, why) < 0)
        return out->failed;
    code = code_of(slice_sub(bytes_view(out), from, till - from), why);
    if (!code)
        return SH_ENOMEM;
    paragraph(out, page->lang, STR_SHEET_QR);
    bytes_u8(out, '\n');
    code_text(code, ink, out);
    code_free(code);
    paragraph(out, page->lang, STR_SHEET_AGE);
    age_identity_text(&page->sheet->archive, identity);
    bytes_printf(out, "\n%s\n", identity);
    wipe(identity, sizeof(identity));
    return bytes_check(out, why);
}

/* ---- the page to print ---- */

static void svg_escape(struct bytes *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '&')
            bytes_text(out, "&amp;");
        else if (text.ptr[i] == '<')
            bytes_text(out, "&lt;");
        else if (text.ptr[i] == '>')
            bytes_text(out, "&gt;");
        else
            bytes_u8(out, text.ptr[i]);
    }
}

static void svg_line(struct bytes *out, unsigned *y, const char *class, struct slice text)
{
    bytes_printf(out, "<text x=\"%d\" y=\"%u\" class=\"%s\" xml:space=\"preserve\">",
                 PAGE_MARGIN, *y, class);
    svg_escape(out, text);
    bytes_text(out, "</text>\n");
    *y += TEXT_STEP;
}

static void svg_paragraph(struct bytes *out, unsigned *y, struct slice rest)
{
    struct slice line;

    while (cmd_wrap(&rest, PAGE_COLUMNS, &line))
        svg_line(out, y, "t", line);
    *y += TEXT_STEP / 2;
}

static void svg_code(struct bytes *out, const QRcode *code, unsigned y)
{
    int run;

    bytes_printf(out, "<path d=\"");
    for (int row = 0; row < code->width; row++)
        for (int x = 0; x < code->width; x += run) {
            for (run = 1; is_dark(code, x, row) && is_dark(code, x + run, row);)
                run++;
            if (is_dark(code, x, row))
                bytes_printf(out, "M%d %dh%dv%dh-%dz", PAGE_MARGIN + x * MODULE_SIZE,
                             (int)y + row * MODULE_SIZE, run * MODULE_SIZE, MODULE_SIZE,
                             run * MODULE_SIZE);
        }
    bytes_text(out, "\"/>\n");
}

static int svg_machine(const struct cmd_sheet_page *page, struct bytes *out, unsigned *y,
                       struct why *why)
{
    struct bytes machine;
    struct cursor cur;
    struct slice line;
    QRcode *code = NULL;
    int rc;

    cmd_secret_buffer(&machine);
    sheet_build(page->sheet, &machine);
    rc = bytes_check(&machine, why);
    if (rc < 0)
        goto out;
    cur = cursor_of(bytes_view(&machine));
    while (line = rd_line(&cur), !cur.failed)
        svg_line(out, y, "m", line);
    code = code_of(bytes_view(&machine), why);
    if (!code) {
        rc = SH_ENOMEM;
        goto out;
    }
    svg_code(out, code, *y + TEXT_STEP / 2);
out:
    code_free(code);
    cmd_secret_release(&machine);
    return rc;
}

int cmd_sheet_svg(const struct cmd_sheet_page *page, struct bytes *out, struct why *why)
{
    const enum lang_string *words = words_of(page->sheet);
    unsigned y = PAGE_MARGIN + 40;
    struct bytes title;
    int rc;

    bytes_printf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" "
                 "viewBox=\"0 0 %d %d\" xml:lang=\"%s\">\n"
                 "<style>.t,.h,.m{font-family:sans-serif;font-size:%dpx}.h{font-size:64px}"
                 ".m{font-family:monospace}</style>\n"
                 "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
                 PAGE_WIDTH, PAGE_HEIGHT, lang_tag(page->lang), TEXT_SIZE, PAGE_WIDTH,
                 PAGE_HEIGHT);
    bytes_init(&title, LIMIT_NOTE_BYTES);
    bytes_text(&title, "stillhere \xc2\xb7 ");
    bytes_text(&title, lang_text(page->lang, STR_SHEET_TITLE));
    svg_line(out, &y, "h", bytes_view(&title));
    bytes_clear(&title);
    title_line(page, &title);
    y += TEXT_STEP / 2;
    svg_paragraph(out, &y, bytes_view(&title));
    bytes_clear(&title);
    part_text(page, &title);
    if (title.len)
        svg_paragraph(out, &y, bytes_view(&title));
    bytes_release(&title);
    for (size_t i = 0; i < WORDS; i++)
        svg_paragraph(out, &y, slice_text(lang_text(page->lang, words[i])));
    svg_paragraph(out, &y, slice_text(lang_text(page->lang, STR_SHEET_MACHINE)));
    rc = svg_machine(page, out, &y, why);
    bytes_text(out, "</svg>\n");
    return rc == SH_OK ? bytes_check(out, why) : rc;
}
