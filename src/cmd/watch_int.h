/* What `watch` shows: one screen for people, one object for programs, one exit code. */
#ifndef CMD_WATCH_INT_H
#define CMD_WATCH_INT_H

#include "cmd/cmd.h"
#include "watch/watch.h"

void cmd_watch_text(struct bytes *out, enum lang lang, const struct watch *watch);
void cmd_watch_json(struct bytes *out, const struct watch *watch);
/* CMD_DONE: all is well; CMD_WANTING; CMD_UNCHECKED. */
enum cmd_exit cmd_watch_exit(const struct watch *watch);

#endif
