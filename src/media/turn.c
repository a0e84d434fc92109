/* Quarter turns and mirrors, from a display matrix to pixels. */
#include "media/media_int.h"

#include <libavutil/display.h>

#define TILE 16 /* rows and columns at once: reading down a column costs a cache line each */

int media_even(double pixels, int most)
{
    int even = (int)(pixels / 2 + 0.5) * 2;

    if (even < 2)
        return 2;
    return even > most ? most : even;
}

/*
 * A point (x, y) of the picture is shown at (a x + c y, b x + d y) (14496-12 8.3.2); a, b, c, d
 * are the matrix' 0, 1, 3, 4.
 */
struct media_turn media_turn_of(const AVStream *stream)
{
    const int32_t *matrix =
        (const void *)av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    struct media_turn turn = {0};
    int64_t a, b, c, d;

    if (!matrix)
        return turn;
    a = matrix[0];
    b = matrix[1];
    c = matrix[3];
    d = matrix[4];
    turn.swap = (a < 0 ? -a : a) < (b < 0 ? -b : b);
    turn.mirror = turn.swap ? c < 0 : a < 0;
    turn.flip = turn.swap ? b < 0 : d < 0;
    return turn;
}

/* One plane of a picture; width and height are those of the turned one. */
struct plane {
    const uint8_t *in;
    ptrdiff_t in_pitch;
    uint8_t *out;
    ptrdiff_t out_pitch;
    int width;
    int height;
};

static void tile_turn(const struct plane *plane, struct media_turn turn, int left, int top)
{
    int right = left + TILE < plane->width ? left + TILE : plane->width;
    int bottom = top + TILE < plane->height ? top + TILE : plane->height;
    uint8_t *row;

    for (int y = top; y < bottom; y++) {
        ptrdiff_t from_y = turn.flip ? plane->height - 1 - y : y;

        row = plane->out + y * plane->out_pitch;
        for (int x = left; x < right; x++) {
            ptrdiff_t from_x = turn.mirror ? plane->width - 1 - x : x;

            row[x] = turn.swap ? plane->in[from_x * plane->in_pitch + from_y]
                               : plane->in[from_y * plane->in_pitch + from_x];
        }
    }
}

void media_turn_apply(struct media_turn turn, const AVFrame *from, AVFrame *to)
{
    for (int i = 0; i < 3; i++) {
        struct plane plane = {.in = from->data[i],
                              .in_pitch = from->linesize[i],
                              .out = to->data[i],
                              .out_pitch = to->linesize[i],
                              .width = i ? (to->width + 1) / 2 : to->width,
                              .height = i ? (to->height + 1) / 2 : to->height};

        for (int y = 0; y < plane.height; y += TILE)
            for (int x = 0; x < plane.width; x += TILE)
                tile_turn(&plane, turn, x, y);
    }
}
