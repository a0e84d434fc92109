/* What lies in private/cosign: the key, the list of logs, the identity chains. */
#include "cosign/cosign_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "io/io.h"

#define KEY_TEXT_BYTES (2 * SECRET_BYTES + 1) /* hex and LF */

const struct store_schema cosign_schema = {
    .version = 1,
    .sql = "CREATE TABLE logs(origin TEXT PRIMARY KEY, size INTEGER NOT NULL,"
           " root BLOB NOT NULL, time INTEGER NOT NULL, stamp INTEGER NOT NULL,"
           " note BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    .log = STORE_JOURNAL};

int cosign_folders(const char *home, int *dir, int *public_dir, struct why *why)
{
    int at = -1;
    int rc = io_open_dir(AT_FDCWD, home, &at, why);

    if (rc == SH_OK)
        rc = io_mkdirs(at, "private/" COSIGN_FOLDER, 0700, why);
    if (rc == SH_OK)
        rc = io_mkdirs(at, "public/" COSIGN_PUBLIC, 0755, why);
    if (rc == SH_OK)
        rc = io_open_dir(at, "private/" COSIGN_FOLDER, dir, why);
    if (rc == SH_OK)
        rc = io_open_dir(at, "public/" COSIGN_PUBLIC, public_dir, why);
    io_close(&at);
    return rc;
}

/* ---- the key ---- */

static int key_make(int dir, struct why *why)
{
    struct io_target target = {
        .dir = dir, .path = COSIGN_KEY, .tmp_dir = dir, .mode = 0600, .sync = IO_SYNC};
    struct secret seed;
    char text[KEY_TEXT_BYTES];
    int rc;

    io_random(seed.byte, sizeof(seed.byte));
    hex_build(slice_of(seed.byte, sizeof(seed.byte)), text);
    text[KEY_TEXT_BYTES - 1] = '\n';
    rc = io_replace(&target, slice_of(text, sizeof(text)), why);
    secret_wipe(&seed);
    wipe(text, sizeof(text));
    return rc;
}

/* Without a name of its own a cosigner is called by its key. */
static int name_key(const struct cosign_config *config,
                    const uint8_t public_key[CRYPT_KEY_BYTES], struct tlog_key *key,
                    struct why *why)
{
    uint8_t digest[CRYPT_DIGEST_BYTES];
    char hex[17], name[64];

    crypto.sha256(slice_of(public_key, CRYPT_KEY_BYTES), digest);
    hex_build(slice_of(digest, 8), hex);
    (void)snprintf(name, sizeof(name), "stillhere/1/cosigner/%s", hex);
    return tlog_key_init(key, config->name[0] ? config->name : name, TLOG_COSIGNATURE,
                         public_key, why);
}

int cosign_key_read(int dir, const struct cosign_config *config, struct secret *seed,
                    struct tlog_key *key, struct why *why)
{
    uint8_t public_key[CRYPT_KEY_BYTES];
    struct bytes raw;
    int rc = SH_OK;

    if (!io_exists(dir, COSIGN_KEY))
        rc = key_make(dir, why);
    bytes_init(&raw, KEY_TEXT_BYTES);
    if (rc == SH_OK)
        rc = io_read(dir, COSIGN_KEY, &raw, why);
    if (rc == SH_OK &&
        (raw.len != KEY_TEXT_BYTES || raw.ptr[raw.len - 1] != '\n' ||
         !hex_parse(slice_of(raw.ptr, raw.len - 1), seed->byte, sizeof(seed->byte))))
        rc = why_set(why, SH_EFORMAT, WHY_NOWHERE,
                     "private/" COSIGN_FOLDER "/" COSIGN_KEY
                     ": expected 64 lower-case hex digits and a newline");
    if (raw.ptr)
        wipe(raw.ptr, raw.cap);
    bytes_release(&raw);
    if (rc != SH_OK)
        return rc;
    crypto.ed25519_public(seed, public_key);
    return name_key(config, public_key, key, why);
}

/* ---- the list ---- */

static const char EMPTY_LOGS[] =
    "# What this machine cosigns, one a line:\n"
    "#   log VKEY             a log by its verifier key (`stillhere key show --vkey`)\n"
    "#   channel ID SOURCE    a channel whose identity chain is followed; SOURCE is a folder\n"
    "#                        or an address where its id/ lies\n"
    "#   name NAME            how this cosigner signs, before the first cosignature\n";

int cosign_config_read(int dir, struct cosign_config *config, struct why *why)
{
    struct io_target target = {
        .dir = dir, .path = COSIGN_LOGS, .tmp_dir = dir, .mode = 0600, .sync = IO_SYNC};
    struct bytes raw;
    int rc;

    bytes_init(&raw, LIMIT_COSIGN_CONFIG_BYTES);
    rc = io_read(dir, COSIGN_LOGS, &raw, why);
    if (rc == SH_ENOTFOUND) {
        *why = (struct why){0};
        rc = io_replace(&target, slice_text(EMPTY_LOGS), why);
        *config = (struct cosign_config){.count = 0};
    } else if (rc == SH_OK) {
        rc = cosign_config_parse(bytes_view(&raw), config, why);
    }
    bytes_release(&raw);
    return rc;
}

/* ---- chains ---- */

void cosign_chain_path(const char *channel, uint64_t number, char out[COSIGN_CHAIN_BYTES])
{
    (void)snprintf(out, COSIGN_CHAIN_BYTES, "chain/%.52s/%llu.note", channel,
                   (unsigned long long)number);
}

int cosign_chain_read(int dir, const char *channel, struct identity_chain *chain,
                      struct why *why)
{
    char path[COSIGN_CHAIN_BYTES];
    struct bytes raw;
    int rc = SH_OK;

    bytes_init(&raw, LIMIT_NOTE_BYTES);
    while (rc == SH_OK && chain->count < LIMIT_IDENTITY_NOTES) {
        cosign_chain_path(channel, chain->count, path);
        if (!io_exists(dir, path))
            break;
        rc = io_read(dir, path, &raw, why);
        if (rc == SH_OK)
            rc = identity_chain_add(chain, bytes_view(&raw), why);
    }
    if (rc == SH_OK && chain->count &&
        strcmp(identity_chain_newest(chain)->channel.text, channel) != 0)
        rc = why_set(why, SH_ECONFLICT, WHY_NOWHERE, "%s: of another channel", path);
    bytes_release(&raw);
    return rc;
}
