/*
 * The table, as tools/make-gazetteer writes it; numbers are big-endian:
 *   "shgaz/1\n", then eight 32-bit numbers: countries, regions, cities, keys, folds, bytes of
 *   names, bytes of texts, hints
 *   places    24 bytes each, countries first, then regions, then cities, each by code:
 *             code 4, people 4, latitude 4 and longitude 4 (e-4 degrees, signed),
 *             region 2 and country 2 (place number plus one, 0: none), its names 4 (offset)
 *   keys      8 bytes each, by text: text 4 (offset), place number 4
 *   folds     8 bytes each, by character: character 4, UTF-8 that stands for it 4 (0-padded)
 *   names     of each place four texts, in the order of enum lang: length 1, UTF-8; 0: none
 *   texts     length 1, folded UTF-8
 *   hints     6 bytes each: villages near to which the nearest city lies in another region:
 *             latitude + 90 and longitude + 180 in hundredths of a degree, number of the region
 *             (country, where the region is not known)
 */
#ifndef GAZ_GAZ_INT_H
#define GAZ_GAZ_INT_H

#include "gaz/gaz.h"

/* Longest name that is looked up, once folded; those of the table have at most 255 bytes. */
#define GAZ_KEY_BYTES 512

/* The built-in table; empty where it is not built in. */
struct slice gaz_table_bytes(void);

struct gaz_key {
    uint8_t text[GAZ_KEY_BYTES];
    size_t len;
};

size_t gaz_place_count(void);
/* Number of the first place of a level; of GAZ_CITY + 1: one past the last. */
size_t gaz_level_start(unsigned level);
/* By place number. */
void gaz_place_at(size_t number, struct gaz_place *out);
int32_t gaz_place_lat(size_t number);
/* The place's own name; empty when it has none. */
struct slice gaz_own_name(size_t number, enum lang lang);
/* The place number; false when there is none. */
bool gaz_number_of(uint32_t code, size_t *number);

size_t gaz_key_count(void);
struct slice gaz_key_text(size_t row);
size_t gaz_key_place(size_t row);

size_t gaz_hint_count(void);
int32_t gaz_hint_lat(size_t row);
/* A point of a region or country: where it lies stands in region and country, as of a city. */
void gaz_hint_at(size_t row, struct gaz_place *out);

/*
 * What stands for a character in keys into out, and its length (may be 0); SIZE_MAX when it
 * stands for itself.
 */
size_t gaz_fold_char(uint32_t c, uint8_t out[4]);
/* false: not UTF-8, or too long. */
bool gaz_fold(struct slice name, struct gaz_key *out);

#endif
