/* What a clip tells, for a program. */
#include "cmd/inspect_int.h"

#include <stdio.h>
#include <string.h>

#include "gaz/gaz.h"

/* Degrees as text: JSON's numbers here are whole and not below 0. */
static void put_degrees(struct json_writer *json, const char *name, int32_t e7)
{
    uint32_t size = (uint32_t)(e7 < 0 ? -(int64_t)e7 : e7);
    char text[24];

    (void)snprintf(text, sizeof(text), "%s%u.%07u", e7 < 0 ? "-" : "", size / 10000000,
                   size % 10000000);
    json_put_text(json, name, text);
}

static void put_place(struct json_writer *json, const struct bmff_leak *leak)
{
    struct gaz_place place;
    struct slice name;

    if (gaz_snap(leak->lat_e7, leak->lon_e7, GAZ_CITY, &place) != GAZ_SNAPPED)
        return;
    json_object_open(json, "place");
    json_put_text(json, "level", gaz_level_name(place.level));
    json_put_number(json, "code", place.code);
    json_object_open(json, "names");
    for (unsigned lang = 0; lang < LANG_COUNT; lang++)
        if (gaz_name(place.code, (enum lang)lang, &name))
            json_put_slice(json, lang_code((enum lang)lang), name);
    json_object_close(json);
    json_object_close(json);
}

static void put_leak(struct json_writer *json, const struct bmff_leak *leak)
{
    json_object_open(json, NULL);
    json_put_text(json, "kind", bmff_leak_name(leak->kind));
    json_put_text(json, "where", leak->where);
    if (leak->text[0])
        json_put_text(json, "text", leak->text);
    if (leak->has_position) {
        put_degrees(json, "latitude", leak->lat_e7);
        put_degrees(json, "longitude", leak->lon_e7);
        json_put_number(json, "exact_to_m", leak->radius_m);
        put_place(json, leak);
    }
    if (leak->has_time)
        json_put_number(json, "time", leak->time);
    json_object_close(json);
}

static void put_unseen(struct json_writer *json, uint32_t unseen)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{BMFF_UNSEEN_KIND, "kind"},
                 {BMFF_UNSEEN_DAMAGED, "damaged"},
                 {BMFF_UNSEEN_MORE, "more"}};

    json_array_open(json, "unseen");
    json_put_text(json, NULL, "picture-and-sound");
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (unseen & names[i].bit)
            json_put_text(json, NULL, names[i].name);
    json_array_close(json);
}

static void put_published(struct json_writer *json, const struct inspected *clip)
{
    const struct role_inspection *what = &clip->what;
    const struct bmff_facts *facts = &what->facts;
    uint32_t removed = inspect_removed(clip);

    json_object_open(json, "published");
    json_put_bool(json, "taken", what->plan_rc == SH_OK);
    if (what->plan_rc != SH_OK) {
        json_put_text(json, "reason", what->refusal.text);
    } else {
        json_put_number(json, "bytes", facts->file_bytes);
        json_put_number(json, "width", facts->width);
        json_put_number(json, "height", facts->height);
        json_put_number(json, "duration_ms", facts->duration_ms);
        json_put_bool(json, "sound", facts->audio_codec != 0);
        json_put_bool(json, "signed", true);
        json_put_bool(json, "credentials_kept", inspect_carries(clip));
        json_array_open(json, "removed");
        for (unsigned kind = 0; kind < BMFF_REMOVED_KINDS; kind++)
            if (removed & (1u << kind))
                json_put_text(json, NULL, bmff_removed_name(kind));
        json_array_close(json);
        json_array_open(json, "still");
        for (unsigned kind = 0; kind < BMFF_LEAK_KINDS; kind++)
            if (what->still & (1u << kind))
                json_put_text(json, NULL, bmff_leak_name(kind));
        json_array_close(json);
    }
    json_object_close(json);
}

void inspect_json(struct json_writer *json, const struct inspected *clip)
{
    static const char *const remains[] = {"voices",  "faces",        "skyline",
                                          "shadows", "sensor-noise", "mains-hum"};
    const struct bmff_leaks *leaks = &clip->what.leaks;

    json_put_text(json, "kind", bmff_kind_name(leaks->kind));
    json_put_number(json, "file_bytes", clip->bytes);
    json_put_number(json, "file_time", clip->modified);
    json_array_open(json, "leaks");
    for (uint32_t i = 0; i < leaks->count; i++)
        put_leak(json, &leaks->leak[i]);
    json_array_close(json);
    put_unseen(json, leaks->unseen);
    put_published(json, clip);
    json_put_text(json, "original", clip->keeps ? "sealed" : "not-kept");
    json_array_open(json, "remains");
    for (size_t i = 0; i < COUNT_OF(remains); i++)
        json_put_text(json, NULL, remains[i]);
    json_array_close(json);
}
