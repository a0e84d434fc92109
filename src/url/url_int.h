/* What the files of url share: addresses as text. */
#ifndef URL_URL_INT_H
#define URL_URL_INT_H

#include "url/url.h"

#define URL_V6_TEXT 40 /* "ffff:" eight times, its last colon the NUL */

/* Four decimal numbers and three dots: no zeros in front, no other base, no fewer parts. */
MUST_CHECK bool url_v4_parse(struct slice text, uint8_t out[4]);
MUST_CHECK bool url_v6_parse(struct slice text, uint8_t out[16]);
void url_v6_build(const uint8_t address[16], char out[URL_V6_TEXT]);

#endif
