/* c2pa: each rule about claims, assertions, actions, ingredients, redactions: kept, broken. */
#include "c2pa_maker.h"
#include "shows.h"

#define CERTS "c2pa/certs/sdk/tests/fixtures/certs/"
#define NONE C2PA_CODE_COUNT

static struct maker_key key;
static struct slice pem, chain_pem, roots;
static struct arena certs;
static struct x509_trust trust;

static int key_open(void **state)
{
    struct x509_cert *cert = NULL;
    size_t count = 0;

    (void)state;
    arena_init(&certs, 8u << 20);
    pem = maker_load(CERTS "es256.pem");
    chain_pem = maker_load(CERTS "es256.pub");
    roots = maker_load(CERTS "trust/test_cert_root_bundle.pem");
    if (!pem.ptr || !chain_pem.ptr || !roots.ptr)
        return 0;
    assert_int_equal(crypt_signer_open(pem, &key.signer, NULL), 0);
    assert_int_equal(x509_pem(chain_pem, &certs, &cert, &count, NULL), 0);
    for (key.count = 0; key.count < count && key.count < 2; key.count++)
        key.chain[key.count] = cert[key.count].raw;
    key.alg = -7;
    assert_int_equal(x509_trust_init(&trust, &certs, NULL), 0);
    assert_int_equal(x509_trust_anchors(&trust, roots, NULL), 0);
    return 0;
}

static int key_close(void **state)
{
    (void)state;
    crypt_signer_close(key.signer);
    maker_free(pem);
    maker_free(chain_pem);
    maker_free(roots);
    arena_release(&certs);
    return 0;
}

/* ---- one manifest ----------------------------------------------------------------------- */

#define CREATED                                                                                \
    "{\"actions\":[{\"action\":\"c2pa.created\",\"digitalSourceType\":\"http://cv.iptc.org/"   \
    "newscodes/digitalsourcetype/digitalCapture\"}]}"
#define HASH "{\"exclusions\":[{\"xpath\":\"/uuid\"}],\"alg\":\"sha256\",\"hash\":\"#00\"}"
#define BASE                                                                                   \
    {"c2pa.hash.bmff.v3", HASH, 0, 0, 0},                                                      \
    {                                                                                          \
        "c2pa.actions.v2", CREATED, 0, 0, 0                                                    \
    }
#define BOUND                                                                                  \
    {                                                                                          \
        "c2pa.hash.bmff.v3", HASH, 0, 0, 0                                                     \
    }

#define PARTS                                                                                  \
    {                                                                                          \
        "c2pa.hash.multi-asset", "{\"parts\":[1]}", 0, 0, 0                                    \
    }
#define IMAGE(reference)                                                                       \
    {"org.example.image", "{\"pixels\":\"#0102\"}", 0, 0, 0},                                  \
    {                                                                                          \
        "c2pa.alternative-content-representation",                                             \
            "{\"parameters\":{\"type\":\"exif.originalPreservationImage\","                    \
            "\"embeddedOriginalPreservationImage\":\"" reference "\"}}",                       \
            0, 0, 0                                                                            \
    }

struct rule {
    const char *name;
    struct maker_assertion assertions[6];
    enum c2pa_code code; /* that must be found; NONE: no failure at all */
    const char *extra, *listed, *claim, *type;
};

/* An ingredient with these validationResults (15.2.1); its manifest is not there. */
#define RESULTS(json)                                                                          \
    "{\"relationship\":\"componentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:none\","           \
    "\"validationResults\":" json "}"

static const struct rule rules[] = {
    {"PRED-CROSS-001 PRED-CRYP-004 PRED-CRYP-007 PRED-CRYP-008 PRED-STRU-001 a good manifest",
     {BASE},
     NONE,
     0,
     0,
     0,
     0},
    {"PRED-CROSS-001 a hash that nobody may use",
     {BASE},
     C2PA_ALGORITHM_UNSUPPORTED,
     "{\"alg\":\"md5\"}",
     0,
     0,
     0},
    {"PRED-CROSS-001 sha1 is not among those that may be used",
     {BASE},
     C2PA_ALGORITHM_UNSUPPORTED,
     "{\"alg\":\"sha1\"}",
     0,
     0,
     0},
    {"PRED-CONT-006 no hash algorithm anywhere",
     {BASE},
     C2PA_ALGORITHM_UNSUPPORTED,
     "{\"alg\":null}",
     0,
     0,
     0},
    {"PRED-STRU-008 no name of the generator",
     {BASE},
     C2PA_CLAIM_MALFORMED,
     "{\"claim_generator_info\":{\"version\":\"1\"}}",
     0,
     0,
     0},
    {"PRED-STRU-008 no instanceID",
     {BASE},
     C2PA_CLAIM_MALFORMED,
     "{\"instanceID\":null}",
     0,
     0,
     0},
    {"PRED-STRU-008 no created_assertions",
     {BASE},
     C2PA_CLAIM_MALFORMED,
     "{\"created_assertions\":null}",
     0,
     0,
     0},
    {"PRED-STRU-008 a field that is not known is no fault",
     {BASE},
     NONE,
     "{\"surprise\":1}",
     0,
     0,
     0},
    {"PRED-STRU-008 the list of version 1 in a claim of version 2",
     {BASE},
     C2PA_CLAIM_MALFORMED,
     "{\"assertions\":[]}",
     0,
     0,
     0},
    {"PRED-STRU-009 an icon that is not there",
     {BASE},
     C2PA_REFERENCE_MISSING,
     "{\"claim_generator_info\":{\"name\":\"x\",\"icon\":\"@c2pa.icon\"}}",
     0,
     0,
     0},
    {"PRED-STRU-009 an icon that was changed",
     {BASE, {"c2pa.icon", "{}", 0, 0, 0}},
     C2PA_REFERENCE_MISMATCH,
     "{\"claim_generator_info\":{\"name\":\"x\",\"icon\":\"!@c2pa.icon\"}}",
     0,
     0,
     0},
    {"PRED-CRYP-002 a signature that is elsewhere",
     {BASE},
     C2PA_SIGNATURE_MISSING,
     "{\"signature\":\"self#jumbf=/c2pa/urn:c2pa:other/c2pa.signature\"}",
     0,
     0,
     0},
    {"PRED-CRYP-002 a signature that is an assertion",
     {BASE},
     C2PA_SIGNATURE_MISSING,
     "{\"signature\":\"self#jumbf=c2pa.assertions/c2pa.actions.v2\"}",
     0,
     0,
     0},
    {"PRED-CROSS-002 PRED-ASSE-020 nothing binds the content",
     {{"c2pa.actions.v2", CREATED, 0, 0, 0}},
     C2PA_BINDINGS_MISSING,
     0,
     0,
     0,
     0},
    {"two hard bindings",
     {BASE, {"c2pa.hash.data", "{}", 0, 0, 0}},
     C2PA_MULTIPLE_BINDINGS,
     0,
     0,
     0,
     0},
    {"a hard binding that is only gathered",
     {{"c2pa.hash.bmff.v3", HASH, 1, 0, 0}, {"c2pa.actions.v2", CREATED, 0, 0, 0}},
     C2PA_CLAIM_MALFORMED,
     0,
     0,
     0,
     0},

    /* ---- the list of assertions ---- */
    {"PRED-ASSE-008 an assertion that the claim does not list",
     {BASE, {"org.example.x", "{}", 0, 1, 0}},
     C2PA_UNDECLARED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-005 an assertion that is not there",
     {BASE},
     C2PA_ASSERTION_MISSING,
     0,
     "\"@org.example.none\"",
     0,
     0},
    {"PRED-ASSE-006 an assertion that was changed",
     {BASE, {"org.example.x", "{}", 0, 1, 0}},
     C2PA_HASHED_URI_MISMATCH,
     0,
     "\"!@org.example.x\"",
     0,
     0},
    {"PRED-ASSE-004 an assertion of another manifest",
     {BASE},
     C2PA_OUTSIDE_MANIFEST,
     0,
     "\"@/c2pa/urn:c2pa:other/c2pa.assertions/c2pa.actions.v2\"",
     0,
     0},
    {"an assertion that is listed twice",
     {BASE},
     C2PA_CLAIM_MALFORMED,
     0,
     "\"@c2pa.actions.v2\"",
     0,
     0},
    {"two assertions with one label",
     {BASE, {"org.example.x", "{}", 0, 0, 0}, {"org.example.x", "{\"a\":1}", 0, 1, 0}},
     C2PA_ASSERTION_MISSING,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-007 an assertion that is no CBOR",
     {BASE, {"c2pa.soft-binding", "raw:ff", 0, 0, 0}},
     C2PA_CBOR_INVALID,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-007 an assertion that is no JSON",
     {BASE, {"stds.schema-org.CreativeWork", "json:{", 0, 0, 0}},
     C2PA_JSON_INVALID,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-011 an assertion of a kind that nobody knows",
     {BASE, {"org.example.own", "{\"a\":[1,2]}", 1, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-010 metadata of an assertion is not looked at",
     {BASE,
      {"c2pa.soft-binding", "{\"metadata\":{\"reference\":\"!@c2pa.actions.v2\"}}", 0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"PRED-STRU-017 c2pa.metadata with a field of later versions",
     {BASE, {"c2pa.metadata", "json:{\"@context\":{},\"new:field\":1}", 0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-012 PRED-ASSE-015 PRED-INGR-003 a reference to what was changed",
     {BASE, {"c2pa.soft-binding", "{\"icon\":\"!@c2pa.actions.v2\"}", 0, 0, 0}},
     C2PA_REFERENCE_MISMATCH,
     0,
     0,
     0,
     0},
    {"PRED-STRU-018 PRED-INGR-003 a reference to what is not there",
     {BASE, {"c2pa.soft-binding", "{\"icon\":\"@none\"}", 0, 0, 0}},
     C2PA_REFERENCE_MISSING,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-012 a reference that holds",
     {BASE, {"c2pa.soft-binding", "{\"icon\":\"@c2pa.actions.v2\"}", 0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"PRED-CROSS-006 PRED-CONT-005 pad and pad2 are nothing",
     {{"c2pa.hash.bmff.v3",
       "{\"exclusions\":[{\"xpath\":\"/uuid\"}],\"alg\":\"sha256\",\"hash\":\"#00\",\"pad\":"
       "\"#0000\",\"pad2\":\"#00\"}",
       0, 0, 0},
      {"c2pa.actions.v2", CREATED, 0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},

    /* ---- actions ---- */
    {"PRED-ASSE-023 c2pa.created that is not the first action",
     {BOUND,
      {"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.published\"},{\"action\":\"c2pa.created\","
       "\"digitalSourceType\":\"x\"}]}",
       0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-023 c2pa.created in the second actions assertion",
     {BOUND,
      {"c2pa.actions.v2", "{\"actions\":[{\"action\":\"c2pa.published\"}]}", 0, 0, 0},
      {"c2pa.actions.v2__1", CREATED, 0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-023 c2pa.created behind actions of version 1",
     {BOUND,
      {"c2pa.actions", "{\"actions\":[{\"action\":\"c2pa.published\"}]}", 0, 0, 0},
      {"c2pa.actions.v2", CREATED, 0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-025 an edit without digitalSourceType",
     {BOUND,
      {"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.created\",\"digitalSourceType\":\"x\"},{\"action\":"
       "\"c2pa.edited\"}]}",
       0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"actions of a version that is not there yet",
     {BOUND, {"c2pa.actions.v3", CREATED, 0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"a hash of a version that is not there yet",
     {{"c2pa.hash.bmff.v4", HASH, 0, 0, 0}, {"c2pa.actions.v2", CREATED, 0, 0, 0}},
     C2PA_BINDINGS_MISSING,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-025 nothing asks a claim of version 1 for digitalSourceType",
     {BOUND,
      {"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.created\"},{\"action\":\"c2pa.edited\"}]}", 0, 0, 0}},
     NONE,
     0,
     0,
     "c2pa.claim",
     0},
    {"PRED-ASSE-025 c2pa.created without digitalSourceType",
     {BOUND, {"c2pa.actions.v2", "{\"actions\":[{\"action\":\"c2pa.created\"}]}", 0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-025 actions that need none",
     {BOUND,
      {"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.created\",\"digitalSourceType\":\"x\"},{\"action\":"
       "\"c2pa.repackaged\"},{\"action\":\"c2pa.transcoded\"},{\"action\":\"c2pa.published\"},"
       "{\"action\":\"c2pa.edited.metadata\"},{\"action\":\"c2pa.converted\"},{\"action\":"
       "\"c2pa.enhanced\"},{\"action\":\"c2pa.watermarked.bound\"}]}",
       0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"no action begins it",
     {BOUND, {"c2pa.actions.v2", "{\"actions\":[{\"action\":\"c2pa.published\"}]}", 0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"actions without actions",
     {BOUND, {"c2pa.actions.v2", "{\"actions\":[]}", 0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"an action without a name",
     {BOUND,
      {"c2pa.actions.v2", "{\"actions\":[{\"when\":\"0:2026-01-01T00:00:00Z\"}]}", 0, 0, 0}},
     C2PA_ACTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"c2pa.opened without an ingredient",
     {BOUND, {"c2pa.actions.v2", "{\"actions\":[{\"action\":\"c2pa.opened\"}]}", 0, 0, 0}},
     C2PA_ACTION_MISMATCH,
     0,
     0,
     0,
     0},
    {"c2pa.opened with a parent",
     {BOUND,
      {"c2pa.ingredient.v3", "{\"relationship\":\"parentOf\"}", 0, 0, 0},
      {"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.opened\",\"parameters\":{\"ingredients\":"
       "[\"@c2pa.ingredient.v3\"]}}]}",
       0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"c2pa.opened with a parent that was changed",
     {BOUND,
      {"c2pa.ingredient.v3", "{\"relationship\":\"parentOf\"}", 0, 0, 0},
      {"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.opened\",\"parameters\":{\"ingredients\":"
       "[\"!@c2pa.ingredient.v3\"]}}]}",
       0, 0, 0}},
     C2PA_ACTION_MISMATCH,
     0,
     0,
     0,
     0},
    {"c2pa.opened with a component",
     {BOUND,
      {"c2pa.ingredient.v3", "{\"relationship\":\"componentOf\"}", 0, 0, 0},
      {"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.opened\",\"parameters\":{\"ingredients\":"
       "[\"@c2pa.ingredient.v3\"]}}]}",
       0, 0, 0}},
     C2PA_ACTION_MISMATCH,
     0,
     0,
     0,
     0},
    {"c2pa.placed with a parent",
     {BASE,
      {"c2pa.ingredient.v3", "{\"relationship\":\"parentOf\"}", 0, 0, 0},
      {"c2pa.actions.v2__1",
       "{\"actions\":[{\"action\":\"c2pa.placed\",\"digitalSourceType\":\"x\",\"parameters\":"
       "{\"ingredients\":[\"@c2pa.ingredient.v3\"]}}]}",
       0, 0, 0}},
     C2PA_ACTION_MISMATCH,
     0,
     0,
     0,
     0},
    {"c2pa.redacted without what",
     {BASE, {"c2pa.actions.v2__1", "{\"actions\":[{\"action\":\"c2pa.redacted\"}]}", 0, 0, 0}},
     C2PA_ACTION_REDACTION,
     0,
     0,
     0,
     0},
    {"claims of version 1 need not begin",
     {BOUND, {"c2pa.actions", "{\"actions\":[{\"action\":\"c2pa.edited\"}]}", 0, 0, 0}},
     NONE,
     0,
     0,
     "c2pa.claim",
     0},

    /* ---- ingredients ---- */
    {"PRED-ASSE-017 an ingredient without relationship",
     {BASE, {"c2pa.ingredient.v3", "{\"dc:title\":\"x\"}", 0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-017 an ingredient with a strange relationship",
     {BASE, {"c2pa.ingredient.v3", "{\"relationship\":\"cousinOf\"}", 0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"results that are no map",
     {BASE, {"c2pa.ingredient.v3", RESULTS("[]"), 0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"results without their arrays",
     {BASE, {"c2pa.ingredient.v3", RESULTS("{\"activeManifest\":{}}"), 0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"results with a map for an array",
     {BASE,
      {"c2pa.ingredient.v3",
       RESULTS("{\"activeManifest\":{\"success\":[],\"informational\":[],\"failure\":{}}}"), 0,
       0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"a result that is no map",
     {BASE,
      {"c2pa.ingredient.v3",
       RESULTS("{\"activeManifest\":{\"success\":[],\"informational\":[],\"failure\":[1]}}"), 0,
       0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"a result without a code",
     {BASE,
      {"c2pa.ingredient.v3",
       RESULTS("{\"activeManifest\":{\"success\":[],\"informational\":[],\"failure\":[{\"url\":"
               "\"x\"}]}}"),
       0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"a result whose place is no text",
     {BASE,
      {"c2pa.ingredient.v3",
       RESULTS("{\"activeManifest\":{\"success\":[],\"informational\":[],\"failure\":[{"
               "\"code\":\"x\",\"url\":1}]}}"),
       0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"deltas without results",
     {BASE,
      {"c2pa.ingredient.v3",
       RESULTS("{\"ingredientDeltas\":[{\"ingredientAssertionURI\":\"x\"}]}"), 0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-018 a manifest together with digitalSourceType",
     {BASE,
      {"c2pa.ingredient.v3",
       "{\"relationship\":\"componentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:none\","
       "\"digitalSourceType\":\"x\",\"validationResults\":{}}",
       0, 0, 0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"a manifest without validationResults",
     {BASE,
      {"c2pa.ingredient.v3",
       "{\"relationship\":\"componentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:none\"}", 0, 0,
       0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},
    {"a manifest of an ingredient that is not there",
     {BASE,
      {"c2pa.ingredient.v3",
       "{\"relationship\":\"componentOf\",\"activeManifest\":\"@/c2pa/urn:c2pa:none\","
       "\"validationResults\":{}}",
       0, 0, 0}},
     C2PA_INGREDIENT_MANIFEST_MISSING,
     0,
     0,
     0,
     0},
    {"an ingredient that nobody knows anything of",
     {BASE, {"c2pa.ingredient.v3", "{\"relationship\":\"componentOf\"}", 0, 0, 0}},
     C2PA_INGREDIENT_UNKNOWN,
     0,
     0,
     0,
     0},
    {"two parents",
     {BASE,
      {"c2pa.ingredient.v3", "{\"relationship\":\"parentOf\"}", 0, 0, 0},
      {"c2pa.ingredient.v3__1", "{\"relationship\":\"parentOf\"}", 0, 0, 0}},
     C2PA_MULTIPLE_PARENTS,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-024 ratings of what a person entered",
     {BASE,
      {"org.example.x",
       "{\"dataSource\":{\"type\":\"humanEntry.credentialed\"},\"reviewRatings\":[]}", 0, 0,
       0}},
     C2PA_INGREDIENT_MALFORMED,
     0,
     0,
     0,
     0},

    /* ---- kinds with rules of their own ---- */
    {"PRED-TIME-003 time stamps that are no map",
     {BASE, {"c2pa.time-stamp", "[]", 0, 0, 0}},
     C2PA_STAMP_ASSERTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-TIME-003 time stamps that are an empty map",
     {BASE, {"c2pa.time-stamp", "{}", 0, 0, 0}},
     C2PA_STAMP_ASSERTION_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-027 actions that are elsewhere",
     {BASE,
      {"c2pa.external-reference",
       "{\"label\":\"c2pa.actions\",\"url\":\"https://example.org/\"}", 0, 0, 0}},
     C2PA_EXTERNAL_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-027 a hash that is elsewhere",
     {BASE,
      {"c2pa.external-reference",
       "{\"label\":\"c2pa.hash.data\",\"url\":\"https://example.org/\"}", 0, 0, 0}},
     C2PA_EXTERNAL_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-027 PRED-ASSE-016 a thumbnail that is elsewhere, and is not fetched",
     {BASE,
      {"c2pa.external-reference",
       "{\"label\":\"c2pa.thumbnail.claim\",\"url\":\"https://example.org/\"}", 0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-013 PRED-ASSE-026 another representation, neither part nor image",
     {BASE, {"c2pa.alternative-content-representation", "{}", 0, 0, 0}},
     C2PA_ALTERNATIVE_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-026 another representation, part and image",
     {BASE,
      {"c2pa.alternativeContentRepresentation",
       "{\"parameters\":{\"type\":\"exif.originalPreservationImage\",\"multiAssetPartIndex\":0,"
       "\"embeddedOriginalPreservationImage\":{}}}",
       0, 0, 0},
      {"c2pa.hash.multi-asset", "{\"parts\":[1]}", 0, 0, 0}},
     C2PA_ALTERNATIVE_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-013 another representation beyond the parts",
     {BASE,
      {"c2pa.alternative-content-representation", "{\"multiAssetPartIndex\":1}", 0, 0, 0},
      {"c2pa.hash.multi-asset", "{\"parts\":[1]}", 0, 0, 0}},
     C2PA_ALTERNATIVE_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-013 another representation that is a part",
     {BASE,
      {"c2pa.alternative-content-representation", "{\"multiAssetPartIndex\":0}", 0, 0, 0},
      {"c2pa.hash.multi-asset", "{\"parts\":[1]}", 0, 0, 0}},
     NONE,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-014 PRED-ASSE-026 another representation: an embedded image",
     {BASE, IMAGE("@org.example.image"), PARTS},
     C2PA_ALTERNATIVE_MATCH,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-014 an embedded image that was changed",
     {BASE, IMAGE("!@org.example.image"), PARTS},
     C2PA_HASHED_URI_MISMATCH,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-014 an embedded image that is not there",
     {BASE, IMAGE("@org.example.none"), PARTS},
     C2PA_HASHED_URI_MISMATCH,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-014 an embedded image without a hash",
     {BASE,
      {"c2pa.alternative-content-representation",
       "{\"embeddedOriginalPreservationImage\":{\"url\":\"self#jumbf=c2pa.assertions/"
       "c2pa.actions.v2\"}}",
       0, 0, 0},
      PARTS},
     C2PA_ALTERNATIVE_MALFORMED,
     0,
     0,
     0,
     0},
    {"PRED-ASSE-016 cloud data without size",
     {BASE,
      {"c2pa.cloud-data", "{\"label\":\"x\",\"location\":{},\"content_type\":\"x\"}", 0, 0, 0}},
     C2PA_CLOUD_MALFORMED,
     0,
     0,
     0,
     0},
    {"a hard binding in the cloud",
     {BASE,
      {"c2pa.cloud-data",
       "{\"label\":\"c2pa.hash.data\",\"size\":1,\"location\":{},\"content_type\":\"x\"}", 0, 0,
       0}},
     C2PA_CLOUD_BINDING,
     0,
     0,
     0,
     0},

    /* ---- redactions ---- */
    {"PRED-ASSE-009 a claim that redacts what is its own",
     {BASE},
     C2PA_SELF_REDACTED,
     "{\"redacted_assertions\":[\"self#jumbf=c2pa.assertions/org.example.x\"]}",
     0,
     0,
     0},
    {"PRED-ASSE-003 redacted actions",
     {BASE},
     C2PA_ACTION_REDACTED,
     "{\"redacted_assertions\":[\"self#jumbf=/c2pa/urn:c2pa:a/c2pa.assertions/"
     "c2pa.actions.v2\"]}",
     0,
     0,
     0},
    {"PRED-ASSE-003 a redacted hard binding",
     {BASE},
     C2PA_BINDING_REDACTED,
     "{\"redacted_assertions\":[\"self#jumbf=/c2pa/urn:c2pa:a/c2pa.assertions/"
     "c2pa.hash.bmff.v3\"]}",
     0,
     0,
     0},

    /* ---- updates ---- */
    {"an update with a hash", {BASE}, C2PA_UPDATE_INVALID, 0, 0, 0, "c2um"},
    {"an update without a parent",
     {{"org.example.x", "{}", 0, 0, 0}},
     C2PA_UPDATE_PARENTS,
     0,
     0,
     0,
     "c2um"},
    {"an update that changes content",
     {{"c2pa.actions.v2",
       "{\"actions\":[{\"action\":\"c2pa.edited\",\"digitalSourceType\":\"x\"}]}", 0, 0, 0}},
     C2PA_UPDATE_INVALID,
     0,
     0,
     0,
     "c2um"},
    {"an update with a thumbnail",
     {{"c2pa.thumbnail.claim", "{}", 0, 0, 0}},
     C2PA_UPDATE_INVALID,
     0,
     0,
     0,
     "c2um"},
    {"an update with actions in the cloud",
     {{"c2pa.cloud-data",
       "{\"label\":\"c2pa.actions\",\"size\":1,\"location\":{},\"content_type\":\"x\"}", 0, 0,
       0}},
     C2PA_CLOUD_ACTIONS,
     0,
     0,
     0,
     "c2um"},
};

static void show(const struct c2pa_report *report)
{
    for (const struct c2pa_manifest_report *one = report->manifests; one; one = one->next) {
        for (const struct c2pa_status *s = one->results.first; s; s = s->next)
            print_message("#   %s %.*s (%.*s)\n", c2pa_code_text(s->code), (int)s->url.len,
                          s->url.len ? (const char *)s->url.ptr : "", (int)s->explanation.len,
                          s->explanation.len ? (const char *)s->explanation.ptr : "");
        for (const struct c2pa_ingredient *in = one->ingredients; in; in = in->next)
            for (const struct c2pa_status *s = in->deltas.first; s; s = s->next)
                print_message("#   delta %s %.*s\n", c2pa_code_text(s->code), (int)s->url.len,
                              s->url.len ? (const char *)s->url.ptr : "");
    }
}

static void judge(struct maker *maker, struct arena *arena, struct c2pa_report *report)
{
    const struct c2pa_options options = {.trust = &trust, .now = MAKER_NOW};
    struct bytes store = {0};
    struct why why = {0};

    maker_store(maker, &store);
    arena_init(arena, LIMIT_C2PA_ARENA);
    if (c2pa_verify_store(bytes_view(&store), &options, arena, report, &why) != 0)
        fail_msg("%s", why.text);
    bytes_release(&store); /* the report borrows nothing of it */
}

static void keeps_rule(void **state)
{
    const struct rule *rule = *state;
    struct maker_manifest what = {.label = "urn:c2pa:a",
                                  .type = rule->type,
                                  .claim = rule->claim,
                                  .extra = rule->extra,
                                  .listed = rule->listed,
                                  .assertions = rule->assertions,
                                  .key = &key};
    struct c2pa_report report = {0};
    struct maker maker;
    struct arena arena;

    if (!key.signer)
        skip();
    while (what.count < 6 && rule->assertions[what.count].label)
        what.count++;
    maker_init(&maker);
    maker_add(&maker, &what);
    judge(&maker, &arena, &report);
    if (rule->code == NONE ? report.state != C2PA_TRUSTED
                           : !c2pa_report_has(&report, rule->code) ||
                                 (c2pa_code_kind(rule->code) == C2PA_FAILURE
                                      ? report.state != C2PA_INVALID || !report.cause.len
                                      : report.state != C2PA_TRUSTED)) {
        show(&report);
        fail_msg("%s, and not %s", c2pa_state_text(report.state),
                 rule->code == NONE ? "trusted" : c2pa_code_text(rule->code));
    }
    arena_release(&arena);
}

int main(void)
{
    struct CMUnitTest tests[COUNT_OF(rules)];

    for (size_t i = 0; i < COUNT_OF(rules); i++)
        tests[i] = (struct CMUnitTest){rules[i].name, keeps_rule, NULL, NULL,
                                       (void *)(uintptr_t)&rules[i]};
    return cmocka_run_group_tests(tests, key_open, key_close);
}
