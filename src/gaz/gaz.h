/*
 * gaz -- the gazetteer: countries, their regions, and cities with 15,000 people and more, with
 * names in the four languages.  It turns what a person types into a place that has a number,
 * and a position into a place that is not finer than was asked for.
 *
 * Spec:    FORMATS.md, "Document", place; docs/decisions/0020.  Data: GeoNames, CC BY 4.0
 *          (data/README.md); the table is made by tools/make-gazetteer and lies in the program.
 * Shapes:  a place is known by its GeoNames number (code); country, region and city have one.
 * Memory:  names borrow from the table, which is there as long as the program.
 * Errors:  none; what is not found is false, or 0.
 * Threads: no state.
 *
 * Where the table is not built in (the verifier in a browser names no places) nothing is found.
 */
#ifndef GAZ_GAZ_H
#define GAZ_GAZ_H

#include "base/base.h"
#include "lang/lang.h"

enum gaz_level { GAZ_COUNTRY, GAZ_REGION, GAZ_CITY };

struct gaz_place {
    uint32_t code; /* GeoNames number */
    enum gaz_level level;
    uint32_t population; /* of a region or country: of its cities in the table together */
    int32_t lat_e4;      /* ten-thousandths of a degree; the middle of the cities */
    int32_t lon_e4;
    uint32_t region;  /* codes of what it lies in; 0: none, or it is itself one */
    uint32_t country; /* 0 for a country */
};

/* "country", "region", "city": as a document writes it. */
const char *gaz_level_name(enum gaz_level level);

/* The place with this GeoNames number. */
MUST_CHECK bool gaz_get(uint32_t code, struct gaz_place *out);

/*
 * The places that name may mean, the first `most` of them into out, larger levels first, then
 * by people; returns how many there are.  Case, accents, apostrophes, hyphens and spaces do not
 * count, and Traditional Chinese is read as Simplified.  Also understood: a GeoNames number,
 * and a name with what it lies in.
 *   gaz_find(slice_text("Odesa"), ...)           1: 698740
 *   gaz_find(slice_text("paris, texas"), ...)    1
 *   gaz_find(slice_text("698740"), ...)          1
 * name: any bytes; what is no UTF-8 is not found.
 */
size_t gaz_find(struct slice name, struct gaz_place *out, size_t most);

/* What became of a position. */
enum gaz_snap {
    GAZ_SNAPPED,
    GAZ_NOWHERE, /* no coordinates of this earth, 0/0, or far from every place */
    GAZ_BORDER,  /* another country is about as near: a person must say which */
};
/*
 * The place that a position lies in, never finer than `finest`.  A city is given within its
 * bounds as its people make them probable, and only with 15,000 of them; else the region, and
 * where that is not sure the country.  Integers only: the same position gives the same place on
 * every machine.  Positions in ten-millionths of a degree.
 */
enum gaz_snap gaz_snap(int32_t lat_e7, int32_t lon_e7, enum gaz_level finest,
                       struct gaz_place *out);

/*
 * The name in a language; where there is none, that of the region, else the English one: never
 * empty.  False when there is no place with this number.
 */
MUST_CHECK bool gaz_name(uint32_t code, enum lang lang, struct slice *name);
/* Has the place itself a name in this language? */
bool gaz_has_name(uint32_t code, enum lang lang);

#endif
