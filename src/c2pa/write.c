/* A manifest, its store, and the box that carries it (C2PA 10, 11.1, A.5). */
#include "c2pa/write.h"

#include <string.h>

#include "c2pa/write_int.h"
#include "cbor/cbor.h"

/* RFC 9562 5.4: version 4 and its variant over 16 random bytes. */
static void uuid_text(const uint8_t random[C2PA_WRITE_ID_BYTES], char out[37])
{
    uint8_t id[C2PA_WRITE_ID_BYTES];
    char digits[2 * C2PA_WRITE_ID_BYTES + 1];

    memcpy(id, random, sizeof(id));
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    hex_build(slice_of(id, sizeof(id)), digits);
    for (unsigned from = 0, to = 0; to < 36; to++)
        out[to] = to == 8 || to == 13 || to == 18 || to == 23 ? '-' : digits[from++];
    out[36] = 0;
}

void c2pa_write_label(const struct c2pa_write *write, char label[C2PA_WRITE_LABEL_BYTES])
{
    memcpy(label, "urn:c2pa:", 9);
    uuid_text(write->manifest_id, label + 9);
}

static void claim_put(struct c2pa_making *making, struct bytes *out)
{
    const struct c2pa_write *write = making->write;
    char instance[8 + 37] = "xmp:iid:";
    char uri[96] = "self#jumbf=c2pa.assertions/";
    const size_t uri_len = strlen(uri);

    uuid_text(write->instance_id, instance + 8);
    cbor_put_map(out, 5);
    cbor_put_text(out, "alg");
    cbor_put_text(out, "sha256");
    cbor_put_text(out, "signature");
    cbor_put_text(out, "self#jumbf=c2pa.signature");
    cbor_put_text(out, "instanceID");
    cbor_put_text(out, instance);
    cbor_put_text(out, "created_assertions");
    cbor_put_array(out, making->listed_count);
    for (size_t i = 0; i < making->listed_count; i++) {
        size_t len = strlen(making->listed[i].label);

        memcpy(uri + uri_len, making->listed[i].label, len);
        c2pa_put_hashed_uri(out, slice_of(uri, uri_len + len), making->listed[i].hash);
    }
    cbor_put_text(out, "claim_generator_info");
    cbor_put_map(out, 1u + (write->version != NULL));
    cbor_put_text(out, "name");
    cbor_put_text(out, write->generator);
    if (write->version) {
        cbor_put_text(out, "version");
        cbor_put_text(out, write->version);
    }
}

static int manifest_put(struct c2pa_making *making, struct bytes *out, struct why *why)
{
    char label[C2PA_WRITE_LABEL_BYTES];
    size_t manifest, signature, content;
    int rc;

    c2pa_write_label(making->write, label);
    manifest = c2pa_superbox_open(out, making->write->update ? "c2um" : "c2ma", label);
    c2pa_put_assertions(making, out);
    claim_put(making, &making->claim);
    rc = bytes_check(&making->claim, why);
    if (rc != SH_OK)
        return rc;
    c2pa_superbox_cbor(out, "c2cl", "c2pa.claim.v2", bytes_view(&making->claim));
    signature = c2pa_superbox_open(out, "c2cs", "c2pa.signature");
    content = c2pa_box_open(out, "cbor");
    making->cose_at = out->len;
    rc = c2pa_put_cose(making->write->signer, bytes_view(&making->claim), making->blank, out,
                       why);
    if (rc != SH_OK)
        return rc;
    c2pa_box_close(out, content);
    c2pa_box_close(out, signature);
    c2pa_box_close(out, manifest);
    return SH_OK;
}

static int store_put(struct c2pa_making *making, struct bytes *out, struct why *why)
{
    size_t mark = c2pa_superbox_open(out, "c2pa", "c2pa");
    int rc;

    /* Those before stay where they are when this one is an update (A.5.3). */
    if (making->has_parent && !making->write->update)
        bytes_slice(out, making->parent.manifests);
    if (making->has_parent)
        bytes_slice(out, making->parent.updates);
    rc = manifest_put(making, out, why);
    if (rc == SH_OK)
        c2pa_box_close(out, mark);
    return rc;
}

static int box_put(struct c2pa_making *making, struct bytes *out, struct why *why)
{
    const struct c2pa_write *write = making->write;
    const char *purpose = write->update ? "update" : "manifest";
    size_t mark;
    int rc = SH_OK;

    if (write->parent.len) {
        rc = c2pa_parent_read(write->parent, write->updates, &making->parent, why);
        making->has_parent = true;
    }
    if (rc != SH_OK)
        return rc;
    mark = c2pa_box_open(out, "uuid");
    bytes_append(out, bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid));
    bytes_u32(out, 0); /* version and flags */
    bytes_append(out, purpose, strlen(purpose) + 1);
    bytes_u64(out, write->merkle_at);
    rc = store_put(making, out, why);
    c2pa_box_close(out, mark);
    return rc == SH_OK ? bytes_check(out, why) : rc;
}

static int write_check(const struct c2pa_write *write, struct why *why)
{
    const struct c2pa_write_signer *signer = write->signer;
    const char *wrong = NULL;

    if (!signer->chain_count || signer->chain_count > C2PA_WRITE_CHAIN)
        wrong = "a chain of 1 to 8 certificates";
    else if (!signer->signature_bytes || (signer->stamp && !signer->stamp_bytes))
        wrong = "room for a signature and a time stamp";
    else if (write->update && (!write->parent.len || write->tree_count || write->fragmented))
        wrong = "an update of credentials that are there, without a hash";
    else if (write->token_count > (write->update ? LIMIT_WRITE_STAMPED : 0))
        wrong = "an update for time stamps of earlier manifests, and of 8 at most,";
    else if (write->fragmented && !write->tree_count)
        wrong = "trees of fragments";
    if (wrong)
        return why_set(why, SH_EARG, WHY_NOWHERE, "credentials: %s is needed", wrong);
    return SH_OK;
}

static int hash_check(const struct c2pa_write *write, const uint8_t *hash, struct why *why)
{
    if ((hash == NULL) != (write->update || write->fragmented))
        return why_set(why, SH_EARG, WHY_NOWHERE,
                       "credentials: a flat hash where there is one, and nowhere else");
    return SH_OK;
}

int c2pa_write_size(const struct c2pa_write *write, uint64_t *size, struct why *why)
{
    struct c2pa_making making = {.write = write, .measure = true, .blank = true};
    struct bytes box;
    int rc = write_check(write, why);

    bytes_init(&making.claim, LIMIT_C2PA_STORE_BYTES);
    bytes_init(&box, LIMIT_C2PA_STORE_BYTES);
    if (rc == SH_OK)
        rc = box_put(&making, &box, why);
    *size = box.len;
    bytes_release(&box);
    bytes_release(&making.claim);
    return rc;
}

int c2pa_write_box(const struct c2pa_write *write, const uint8_t *hash, struct bytes *box,
                   struct why *why)
{
    struct c2pa_making making = {.write = write, .hash = hash};
    int rc = write_check(write, why);

    bytes_init(&making.claim, LIMIT_C2PA_STORE_BYTES);
    if (rc == SH_OK)
        rc = hash_check(write, hash, why);
    if (rc == SH_OK)
        rc = box_put(&making, box, why);
    bytes_release(&making.claim);
    return rc;
}

int c2pa_write_unsigned(const struct c2pa_write *write, const uint8_t *hash,
                        struct c2pa_unsigned *out, struct why *why)
{
    struct c2pa_making making = {.write = write, .hash = hash, .blank = true};
    int rc = write_check(write, why);

    bytes_init(&making.claim, LIMIT_C2PA_STORE_BYTES);
    bytes_init(&out->box, LIMIT_C2PA_STORE_BYTES);
    if (rc == SH_OK)
        rc = hash_check(write, hash, why);
    if (rc == SH_OK)
        rc = box_put(&making, &out->box, why);
    out->claim = making.claim;
    out->cose_at = making.cose_at;
    if (rc != SH_OK)
        c2pa_unsigned_release(out);
    return rc;
}

void c2pa_unsigned_release(struct c2pa_unsigned *unsigned_box)
{
    bytes_release(&unsigned_box->box);
    bytes_release(&unsigned_box->claim);
}

int c2pa_write_merkle(const struct c2pa_write_tree *tree, uint64_t location, struct slice proof,
                      struct bytes *box, struct why *why)
{
    size_t mark = c2pa_box_open(box, "uuid");

    bytes_append(box, bmff_c2pa_uuid, sizeof(bmff_c2pa_uuid));
    bytes_u32(box, 0);
    bytes_append(box, "merkle", 7);
    cbor_put_map(box, 3u + (proof.len != 0));
    if (proof.len) {
        cbor_put_text(box, "hashes");
        cbor_put_array(box, proof.len / CRYPT_DIGEST_BYTES);
        for (size_t at = 0; at < proof.len; at += CRYPT_DIGEST_BYTES)
            cbor_put_bytes(box, slice_sub(proof, at, CRYPT_DIGEST_BYTES));
    }
    cbor_put_text(box, "localId");
    cbor_put_unsigned(box, tree->local_id);
    cbor_put_text(box, "location");
    cbor_put_unsigned(box, location);
    cbor_put_text(box, "uniqueId");
    cbor_put_unsigned(box, tree->unique_id);
    c2pa_box_close(box, mark);
    return bytes_check(box, why);
}
