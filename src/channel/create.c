/*
 * A channel is born whole: built in HOME/.init, then private/ is renamed into place, which is
 * the moment from which it exists, then public/; opening finishes the second rename.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/channel_int.h"

struct newborn {
    struct channel_birth *birth;
    struct channel_nest nest;
    struct secret log, ca;
    uint8_t spki[CRYPT_SPKI_BYTES];
    struct bytes text; /* of identity note 0 */
    struct bytes note; /* signed */
    struct bytes pem;
    char pem_path[TREE_PATH_BYTES];
    struct channel_id id;
};

/* ---- places ---- */

static int home_copy(struct channel *channel, const char *home, struct why *why)
{
    size_t len = strlen(home);

    while (len > 1 && home[len - 1] == '/')
        len--;
    if (!len || len >= sizeof(channel->home))
        return why_set(why, SH_ELIMIT, WHY_NOWHERE, "%.80s...: path empty or too long", home);
    memcpy(channel->home, home, len);
    channel->home[len] = '\0';
    return SH_OK;
}

static int open_home(struct channel_nest *nest, struct why *why)
{
    struct channel *channel = nest->channel;
    const char *home = channel->home;

    if (mkdir(home, 0755) == 0) {
        nest->made_home = true;
        if (chmod(home, 0755) != 0)
            return why_set(why, SH_EIO, WHY_NOWHERE, "%.300s: %s", home, strerror(errno));
    } else if (errno != EEXIST) {
        return why_set(why, SH_EIO, WHY_NOWHERE, "%.300s: cannot be made: %s", home,
                       strerror(errno));
    }
    channel->home_dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (channel->home_dir < 0)
        return why_set(why, SH_EIO, WHY_NOWHERE, "%.300s: %s", home, strerror(errno));
    if (flock(channel->home_dir, LOCK_EX | LOCK_NB) != 0)
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%.300s: another stillhere makes a channel here just now", home);
    if (io_exists(channel->home_dir, "private"))
        return why_set(why, SH_ECONFLICT, WHY_NOWHERE,
                       "%.300s: a channel is here already; nothing was changed", home);
    if (io_exists(channel->home_dir, "public"))
        return why_set(
            why, SH_ECONFLICT, WHY_NOWHERE,
            "%.300s: public/ of another channel is here; nothing was changed: choose "
            "an empty directory",
            home);
    return SH_OK;
}

int channel_nest_open(struct channel_nest *nest, const char *home, struct why *why)
{
    int rc = home_copy(nest->channel, home, why);

    if (rc == SH_OK)
        rc = open_home(nest, why);
    nest->ours = rc == SH_OK;
    return rc;
}

int channel_nest_make(struct channel_nest *nest, struct why *why)
{
    static const char *const folders[] = {"keys", "tmp", "staging", "quarantine"};
    struct channel *channel = nest->channel;
    int rc = io_remove_tree(channel->home_dir, CHANNEL_BIRTH, why);

    if (rc == SH_OK)
        rc = io_mkdirs(channel->home_dir, CHANNEL_BIRTH "/private", 0700, why);
    if (rc == SH_OK)
        rc = io_mkdirs(channel->home_dir, CHANNEL_BIRTH "/public", 0755, why);
    if (rc != SH_OK)
        return why_name(why, rc, channel->home);
    /* The folder above is ours alone until the end. */
    if (fchmodat(channel->home_dir, CHANNEL_BIRTH, 0700, 0) != 0)
        rc = why_set(why, SH_EIO, WHY_NOWHERE, CHANNEL_BIRTH ": %s", strerror(errno));
    if (rc == SH_OK)
        rc = io_open_dir(channel->home_dir, CHANNEL_BIRTH "/private", &channel->private_dir,
                         why);
    if (rc == SH_OK)
        rc = io_open_dir(channel->home_dir, CHANNEL_BIRTH "/public", &channel->info.public_dir,
                         why);
    for (size_t i = 0; i < COUNT_OF(folders) && rc == SH_OK; i++)
        rc = io_mkdirs(channel->private_dir, folders[i], 0700, why);
    return rc == SH_OK ? io_open_dir(channel->private_dir, "tmp", &channel->info.tmp_dir, why)
                       : rc;
}

int channel_nest_place(struct channel_nest *nest, struct why *why)
{
    int home = nest->channel->home_dir;
    int rc = io_move(home, CHANNEL_BIRTH "/private", home, "private", why);

    if (rc == SH_OK)
        rc = io_move(home, CHANNEL_BIRTH "/public", home, "public", why);
    if (rc == SH_OK && nest->made_home)
        rc = io_sync_above(home, nest->channel->home, why);
    if (rc == SH_OK)
        (void)unlinkat(home, CHANNEL_BIRTH, AT_REMOVEDIR); /* Empty, and swept by no one. */
    return rc;
}

void channel_nest_end(struct channel_nest *nest, int rc)
{
    struct channel *channel = nest->channel;

    /* With private/ in place the channel exists, and the rest is done by opening it. */
    if (rc != SH_OK && nest->ours && !io_exists(channel->home_dir, "private") &&
        io_remove_tree(channel->home_dir, CHANNEL_BIRTH, NULL) != SH_OK)
        nest->made_home = false; /* What is left is removed by the next try. */
    if (rc != SH_OK && nest->made_home)
        (void)rmdir(channel->home); /* Stays when something is in it. */
    channel_close(channel);
}

/* ---- keys and the identity note ---- */

static void key_add(struct identity *identity, enum key_role role, struct slice bytes)
{
    identity_key_make(role, bytes, &identity->keys[identity->key_count++]);
}

static void draw_keys(struct newborn *newborn)
{
    struct sheet *sheet = &newborn->birth->sheet;

    io_random(sheet->identity.byte, SECRET_BYTES);
    io_random(sheet->archive.byte, SECRET_BYTES);
    for (size_t i = 0; i < COUNT_OF(newborn->birth->others); i++) {
        io_random(newborn->birth->others[i].identity.byte, SECRET_BYTES);
        newborn->birth->others[i].archive = sheet->archive;
    }
    io_random(newborn->log.byte, SECRET_BYTES);
    do {
        io_random(newborn->ca.byte, SECRET_BYTES);
    } while (!crypt_es256_public(&newborn->ca, newborn->spki));
}

static int note_text(struct newborn *newborn, struct why *why)
{
    struct channel_birth *birth = newborn->birth;
    struct identity_key keys[6];
    struct identity identity = {.name = slice_text(birth->name),
                                .lang = slice_text(birth->lang),
                                .threshold = birth->two_of_three ? 2 : 1,
                                .keys = keys};
    uint8_t key[CRYPT_KEY_BYTES];

    crypto.ed25519_public(&birth->sheet.identity, key);
    key_add(&identity, KEY_IDENTITY, slice_of(key, sizeof(key)));
    for (size_t i = 0; birth->two_of_three && i < COUNT_OF(birth->others); i++) {
        crypto.ed25519_public(&birth->others[i].identity, key);
        key_add(&identity, KEY_IDENTITY, slice_of(key, sizeof(key)));
    }
    crypto.ed25519_public(&newborn->log, key);
    key_add(&identity, KEY_LOG, slice_of(key, sizeof(key)));
    crypto.x25519_public(&birth->sheet.archive, key);
    key_add(&identity, KEY_ARCHIVE, slice_of(key, sizeof(key)));
    key_add(&identity, KEY_C2PA_CA, slice_of(newborn->spki, sizeof(newborn->spki)));
    (void)snprintf(newborn->pem_path, sizeof(newborn->pem_path), "id/c2pa-ca-%s.pem",
                   keys[identity.key_count - 1].id);
    return identity_build(&identity, &newborn->text, why);
}

/* Number 0 is signed by all its identity keys. */
static int make_identity(struct newborn *newborn, struct why *why)
{
    struct channel_birth *birth = newborn->birth;
    struct identity_secrets secrets = {.secret = {&birth->sheet.identity}, .count = 1};
    int rc = note_text(newborn, why);

    if (rc != SH_OK)
        return rc;
    channel_id_of_note(bytes_view(&newborn->text), &newborn->id);
    birth->sheet.channel = newborn->id;
    birth->sheet.part = birth->sheet.parts = 1;
    for (size_t i = 0; birth->two_of_three && i < COUNT_OF(birth->others); i++) {
        secrets.secret[secrets.count++] = &birth->others[i].identity;
        birth->others[i].channel = newborn->id;
        birth->others[i].part = i + 2;
        birth->sheet.parts = birth->others[i].parts = COUNT_OF(birth->others) + 1;
    }
    return identity_sign(bytes_view(&newborn->text), &newborn->id, &secrets, &newborn->note,
                         why);
}

static int make_authority(struct newborn *newborn, struct why *why)
{
    char short_id[CHANNEL_SHORT_ID_BYTES];
    struct crypt_ca ca = {.scalar = &newborn->ca, .short_id = short_id};

    channel_id_short(&newborn->id, short_id);
    io_random(ca.serial, sizeof(ca.serial));
    ca.year = when_of(io_now()).year;
    return crypt_ca_build(&ca, &newborn->pem, why);
}

/* ---- the first entry ---- */

static int sign_here(void *ctx, struct slice text, uint8_t signature[CRYPT_SIGNATURE_BYTES],
                     struct why *why)
{
    const struct newborn *newborn = ctx;

    (void)why;
    crypto.ed25519_sign(&newborn->log, text, signature);
    return SH_OK;
}

static int write_rows(struct newborn *newborn, struct why *why)
{
    struct channel *channel = newborn->nest.channel;
    struct channel_signer signer = {.sign_checkpoint = sign_here, .ctx = newborn};
    struct channel_state *state = &channel->state;
    struct channel_row row = {.type = ENTRY_IDENTITY, .ref = CHANNEL_NONE};
    struct entry entry = {.type = ENTRY_IDENTITY, .ref = ENTRY_NO_REF};
    int rc = channel_kept_put(channel->store, "id/0.note", bytes_view(&newborn->note), why);

    if (rc == SH_OK)
        rc = channel_kept_put(channel->store, "id/current", bytes_view(&newborn->note), why);
    if (rc == SH_OK)
        rc =
            channel_kept_put(channel->store, newborn->pem_path, bytes_view(&newborn->pem), why);
    if (rc == SH_OK)
        rc = channel_info_fill(channel, why);
    memcpy(entry.hash, newborn->id.hash, sizeof(entry.hash));
    row.line_len = entry_build(&entry, row.line);
    if (rc == SH_OK)
        rc = channel_row_put(channel->store, &row, why);
    tlog_leaf_hash(slice_of(row.line, row.line_len), state->root);
    state->size = 1;
    state->stamp = io_now();
    if (rc == SH_OK)
        rc = channel_sign(channel, state, &signer, why);
    return rc == SH_OK ? channel_state_save(channel->store, state, why) : rc;
}

static int make_log(struct newborn *newborn, struct why *why)
{
    struct channel *channel = newborn->nest.channel;
    char path[CHANNEL_PATH_BYTES];
    int rc;

    channel_path(channel->home, CHANNEL_BIRTH "/private/" CHANNEL_DB, path);
    rc = store_open(path, STORE_CREATE, &channel_schema, &channel->store, why);
    if (rc == SH_OK)
        rc = store_begin(channel->store, STORE_DURABLE, why);
    if (rc == SH_OK)
        rc = write_rows(newborn, why);
    if (rc == SH_OK)
        rc = store_commit(channel->store, why);
    if (rc == SH_OK)
        rc = channel_publish_all(channel, CHANNEL_KEEP, why);
    if (rc == SH_OK)
        rc = store_fold(channel->store, why);
    store_close(channel->store);
    channel->store = NULL;
    return rc;
}

/* ---- all of it ---- */

static int make_durable(struct newborn *newborn, struct why *why)
{
    struct channel *channel = newborn->nest.channel;
    int rc = channel_key_write(channel->private_dir, channel->info.tmp_dir, CHANNEL_LOG_KEY,
                               &newborn->log, why);

    if (rc == SH_OK)
        rc = channel_key_write(channel->private_dir, channel->info.tmp_dir, CHANNEL_CA_KEY,
                               &newborn->ca, why);
    if (rc == SH_OK)
        rc = channel_place_write(channel, why);
    if (rc == SH_OK)
        rc = io_sync_fd(channel->private_dir, "private", why);
    if (rc == SH_OK)
        rc = io_sync_fd(channel->info.public_dir, "public", why);
    return rc == SH_OK ? io_sync_parent(channel->home_dir, CHANNEL_BIRTH "/private", why) : rc;
}

static int keep_sheets(struct channel_birth *birth, struct why *why)
{
    int rc = birth->keep_sheet ? birth->keep_sheet(birth->ctx, &birth->sheet, why) : SH_OK;

    for (size_t i = 0;
         birth->keep_sheet && birth->two_of_three && i < COUNT_OF(birth->others) && rc == SH_OK;
         i++)
        rc = birth->keep_sheet(birth->ctx, &birth->others[i], why);
    return rc;
}

static int make_all(struct newborn *newborn, struct why *why)
{
    int rc = channel_nest_make(&newborn->nest, why);

    if (rc == SH_OK) {
        draw_keys(newborn);
        rc = make_identity(newborn, why);
    }
    if (rc == SH_OK)
        rc = make_authority(newborn, why);
    if (rc == SH_OK)
        rc = make_log(newborn, why);
    if (rc == SH_OK)
        rc = make_durable(newborn, why);
    if (rc == SH_OK)
        rc = keep_sheets(newborn->birth, why);
    return rc == SH_OK ? channel_nest_place(&newborn->nest, why) : rc;
}

int channel_create(struct channel_birth *birth, struct why *why)
{
    struct newborn newborn = {.birth = birth};
    int rc = channel_new(&newborn.nest.channel, why);

    if (rc != SH_OK)
        return rc;
    bytes_init(&newborn.text, LIMIT_IDENTITY_BYTES);
    bytes_init(&newborn.note, LIMIT_NOTE_BYTES);
    bytes_init(&newborn.pem, LIMIT_NOTE_BYTES);
    rc = channel_nest_open(&newborn.nest, birth->home, why);
    if (rc == SH_OK)
        rc = make_all(&newborn, why);
    secret_wipe(&newborn.log);
    secret_wipe(&newborn.ca);
    bytes_release(&newborn.text);
    bytes_release(&newborn.note);
    bytes_release(&newborn.pem);
    channel_nest_end(&newborn.nest, rc);
    return rc;
}
