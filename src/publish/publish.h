/*
 * publish -- brings the pages of a channel up to its log: which pages an entry touches, and
 * their files in the public tree.
 *
 * Spec:    FORMATS.md, "Public tree": index*, p/, w/ are derived; "The same pages" after a
 *          rebuild.
 * Shapes:  each page is index.{en,zh,uk,ru}.html and index.html, the copy in the channel's
 *          language.  A file whose bytes stay the same is not touched.
 * Memory:  nothing outlives a call.
 * Errors:  of channel and pages.  What was written stays; the mark of how far the pages are is
 *          set last, so the next call does what this one left.
 * Threads: the channel's own rules; needs a channel opened with CHANNEL_WRITE.
 */
#ifndef PUBLISH_PUBLISH_H
#define PUBLISH_PUBLISH_H

#include "base/base.h"
#include "channel/channel.h"

/*
 * Show the entries that the pages do not show yet: each new dispatch's page, the pages of what
 * is newly withdrawn, timeline pages that became full, the front page.  Everything, when the
 * pages were made by another version of the program.
 */
MUST_CHECK int publish_pages(struct channel *channel, struct why *why);
/* Make every page anew; files that hold the right bytes already are left alone. */
MUST_CHECK int publish_all(struct channel *channel, struct why *why);

#endif
