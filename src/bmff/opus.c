/* Opus samples: the padding of packets (RFC 6716 3.2, appendix B). */
#include "bmff/bmff_int.h"

#define HEAD_BYTES 4096 /* Not a cap: padding of 1 MB has a head as long. */

/* One packet inside of a sample: what it holds behind its head. */
struct packet {
    struct cursor cur;
    uint64_t left;    /* bytes of the sample from its head on */
    uint64_t content; /* bytes of frames */
    uint64_t padding;
    bool delimited; /* it says its own length */
    bool open;      /* the frames go to the end of the sample */
};

/* A length of one or two bytes (3.2.1). */
static uint32_t rd_length(struct cursor *cur)
{
    uint32_t first = rd_u8(cur);

    return first < 252 ? first : first + 4u * rd_u8(cur);
}

/* Code 3: any number of frames (3.2.5). */
static void read_many(struct packet *packet)
{
    struct cursor *cur = &packet->cur;
    uint8_t head = rd_u8(cur);
    unsigned count = head & 63;
    uint8_t byte = 255;

    while (head & 64 && byte == 255 && !cur->failed) {
        byte = rd_u8(cur);
        packet->padding += byte == 255 ? 254 : byte;
    }
    if (head & 128) {
        for (unsigned i = 1; i < count; i++)
            packet->content += rd_length(cur);
        if (packet->delimited)
            packet->content += rd_length(cur);
    } else if (packet->delimited) {
        packet->content = (uint64_t)count * rd_length(cur);
    }
}

static void read_packet(struct packet *packet)
{
    struct cursor *cur = &packet->cur;
    unsigned code = rd_u8(cur) & 3;

    packet->open = !packet->delimited;
    if (code == 3) {
        read_many(packet);
    } else {
        if (code == 2)
            packet->content = rd_length(cur);
        if (packet->delimited)
            packet->content += (uint64_t)rd_length(cur) * (code == 1 ? 2 : 1);
    }
}

static int zero_padding(struct bmff_scan *scan, uint64_t at, uint64_t len, struct why *why)
{
    struct slice seen;
    bool clean = true;
    int rc = SH_OK;

    for (uint64_t done = 0; done < len && clean && rc == SH_OK; done += seen.len) {
        size_t part = len - done < HEAD_BYTES ? (size_t)(len - done) : HEAD_BYTES;

        rc = bmff_scan_see(scan, at + done, part, &seen, why);
        for (size_t i = 0; i < part && rc == SH_OK; i++)
            clean = clean && !seen.ptr[i];
    }
    if (rc == SH_OK && !clean)
        bmff_scan_zero(scan, at, len);
    return rc;
}

int bmff_scan_opus(struct bmff_scan *scan, struct why *why)
{
    /* dOps: the number of streams stands behind ChannelMappingFamily when that is not 0. */
    unsigned streams = scan->record.len > 11 && scan->record.ptr[10] ? scan->record.ptr[11] : 1;
    uint64_t at = scan->at;
    int rc = SH_OK;

    for (unsigned i = 0; i < streams && rc == SH_OK; i++) {
        struct packet packet = {.left = scan->end - at, .delimited = i + 1 < streams};
        struct slice seen;

        rc = bmff_scan_see(
            scan, at, packet.left < HEAD_BYTES ? (size_t)packet.left : HEAD_BYTES, &seen, why);
        if (rc < 0)
            return rc;
        packet.cur = cursor_of(seen);
        read_packet(&packet);
        if (packet.cur.failed || packet.content > packet.left - packet.cur.at ||
            packet.padding > packet.left - packet.cur.at - packet.content)
            return bmff_scan_bad(scan, "a packet is longer than it (RFC 6716 3.2)", why);
        if (packet.open)
            packet.content = packet.left - packet.cur.at - packet.padding;
        at += packet.cur.at + packet.content;
        rc = zero_padding(scan, at, packet.padding, why);
        at += packet.padding;
    }
    return rc;
}
