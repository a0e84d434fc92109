/* bench_rebuild CLIP DRAFT: the clip through both readers, as post does it before it signs. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "role/role.h"

int main(int argc, char **argv)
{
    int clip = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    int draft = argc == 3 ? open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    struct bmff_facts facts;
    struct why why = {0};

    if (clip < 0 || draft < 0) {
        (void)fprintf(stderr, "bench_rebuild CLIP DRAFT\n");
        return 2;
    }
    if (role_read(clip, draft, NULL, &facts, &why) != SH_OK ||
        role_check(draft, &facts, &why) != SH_OK) {
        (void)fprintf(stderr, "bench_rebuild: %s\n", why.text);
        return 1;
    }
    return printf("{\"bytes\": %" PRIu64 ", \"head\": %" PRIu64 ", \"samples\": %u}\n",
                  facts.file_bytes, facts.head_bytes,
                  facts.video_samples + facts.audio_samples) < 0;
}
