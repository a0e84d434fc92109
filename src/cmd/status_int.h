/* Between the files of `status`: the watch that keeps its state in HOME/private/watch. */
#ifndef CMD_STATUS_INT_H
#define CMD_STATUS_INT_H

#include "cmd/cmd.h"
#include "watch/watch.h"

/* Of the state in folder, or (NULL) beside the channel: all zero where none ever started. */
MUST_CHECK int cmd_status_watch(const struct cmd *cmd, const char *folder,
                                struct watch_status *out, struct why *why);
void cmd_status_watch_text(struct bytes *out, enum lang lang, const struct watch_status *watch);
/* "watch": {...} */
void cmd_status_watch_json(struct json_writer *json, const struct watch_status *watch);

#endif
