/*
 * What a clip tells, for a person and for a program: inspect, and post --dry-run.
 */
#ifndef CMD_INSPECT_INT_H
#define CMD_INSPECT_INT_H

#include "cmd/cmd.h"
#include "role/role.h"

struct inspected {
    const char *name;  /* as it was typed */
    uint64_t bytes;    /* of the file */
    uint64_t modified; /* its time, seconds since 1970 */
    bool keeps;        /* post would keep a sealed copy of the clip as it is */
    bool carries;      /* post would carry the clip's content credentials over, if it has any */
    struct role_inspection what;
};

/* Look at the clip, in a cage. */
MUST_CHECK int inspect_clip(const char *name, struct inspected *out, struct why *why);

/* Of what it tells, the values that stand in one place ("C2PA"), a kind a line. */
void inspect_values(const struct cmd *cmd, struct bytes *out, const struct inspected *clip,
                    const char *where);
/* One screen. */
void inspect_text(const struct cmd *cmd, struct bytes *out, const struct inspected *clip);
/* Has the clip content credentials, which go along? */
bool inspect_carries(const struct inspected *clip);
/* Kinds of things that are left out, as bits. */
uint32_t inspect_removed(const struct inspected *clip);
/* Members of the object at hand: clip, kind, ..., "leaks". */
void inspect_json(struct json_writer *json, const struct inspected *clip);

#endif
