/*
 * post --place-from-clip: the clip's own position, made as coarse as was asked for.  The
 * position itself is said to nobody, and stands in no message.
 */
#include "cmd/post_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cmd/files_int.h"
#include "gaz/gaz.h"
#include "io/io.h"

/* How exact a position must be to say so much: metres. */
#define CITY_EXACT_M 10000
#define REGION_EXACT_M 50000

struct finding {
    enum gaz_level finest;
    size_t positions, borders;
    bool found;
    struct gaz_place place; /* of all positions so far */
};

static uint32_t country_of(const struct gaz_place *place)
{
    return place->level == GAZ_COUNTRY ? place->code : place->country;
}

static uint32_t region_of(const struct gaz_place *place)
{
    return place->level == GAZ_REGION ? place->code : place->region;
}

/* The smallest place that holds both; false when they have not even a country in common. */
static bool join(struct gaz_place *place, const struct gaz_place *other)
{
    uint32_t code = country_of(place);

    if (place->code == other->code)
        return true;
    if (code != country_of(other))
        return false;
    if (region_of(place) && region_of(place) == region_of(other))
        code = region_of(place);
    return gaz_get(code, place);
}

static enum gaz_level coarser(enum gaz_level finest, uint32_t radius_m)
{
    if (radius_m > REGION_EXACT_M)
        return GAZ_COUNTRY;
    return radius_m > CITY_EXACT_M && finest == GAZ_CITY ? GAZ_REGION : finest;
}

static void take(struct finding *finding, const struct bmff_leak *leak)
{
    struct gaz_place place;
    enum gaz_snap snap =
        gaz_snap(leak->lat_e7, leak->lon_e7, coarser(finding->finest, leak->radius_m), &place);

    finding->positions++;
    if (snap == GAZ_BORDER ||
        (snap == GAZ_SNAPPED && finding->found && !join(&finding->place, &place)))
        finding->borders++;
    if (snap != GAZ_SNAPPED || finding->found)
        return;
    finding->found = true;
    finding->place = place;
}

static int look(struct finding *finding, const char *name, struct why *why)
{
    struct role_inspection *seen;
    struct arena arena;
    int clip = -1;
    int rc = cmd_clip_open(name, &clip, why);

    if (rc != SH_OK)
        return rc;
    arena_init(&arena, sizeof(*seen) + 64);
    seen = arena_take(&arena, sizeof(*seen));
    rc = seen ? role_inspect(clip, seen, why)
              : why_set(why, SH_ENOMEM, WHY_NOWHERE, "out of memory");
    for (size_t i = 0; rc == SH_OK && i < seen->leaks.count; i++)
        if (seen->leaks.leak[i].has_position)
            take(finding, &seen->leaks.leak[i]);
    arena_release(&arena);
    io_close(&clip);
    return rc == SH_OK ? rc : why_name(why, rc, name);
}

int post_place_commit(const struct cmd *cmd, const char *clip, struct why *why)
{
    struct finding finding = {.finest = GAZ_COUNTRY};
    int rc = look(&finding, clip, why);

    if (rc == SH_OK && !finding.found && !finding.borders)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%s: no position was found in the clip, so there is nothing to commit "
                       "to; nothing was published",
                       clip);
    if (rc == SH_OK)
        cmd_say(cmd, "%s", lang_text(cmd->lang, STR_PLACE_COMMITTED));
    return rc;
}

static enum gaz_level level_of(const char *text)
{
    for (enum gaz_level level = GAZ_COUNTRY; level < GAZ_CITY; level++)
        if (strcmp(text, gaz_level_name(level)) == 0)
            return level;
    return GAZ_CITY; /* Nothing said, or "city": the parser lets nothing else through. */
}

int post_place_from_clip(const struct cmd *cmd, const char *level,
                         const struct post_clips *clips, struct cmd_dispatch *out,
                         struct why *why)
{
    struct finding finding = {.finest = level_of(level)};
    int rc = SH_OK;

    for (size_t i = 0; i < clips->count && rc == SH_OK; i++)
        rc = look(&finding, clips->name[i], why);
    if (rc != SH_OK)
        return rc;
    if (finding.borders)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "the clip's position lies near a border, or in several countries: say "
                       "the place with --place NAME; nothing was published");
    if (!finding.found)
        return why_set(why, SH_ENOTFOUND, WHY_NOWHERE,
                       "%s: say the place with --place NAME, or leave it out; nothing was "
                       "published",
                       finding.positions ? "the clip's position is far from every known place"
                                         : "no position was found in the clip");
    cmd_place_put(&finding.place, out);
    cmd_place_say(cmd, STR_PLACE_FROM_CLIP, &finding.place);
    return SH_OK;
}
