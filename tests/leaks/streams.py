"""Hiding places inside of the coded picture and sound: NAL units, OBUs, bits of AAC and Opus."""
import struct


def nals(sample):
    out, at = [], 0
    while at + 4 <= len(sample):
        size = struct.unpack('>I', sample[at:at + 4])[0]
        out.append(sample[at + 4:at + 4 + size])
        at += 4 + size
    return out


def sample_of(units):
    return b''.join(struct.pack('>I', len(u)) + u for u in units)


def escaped(rbsp):
    """Emulation prevention (H.264 7.4.1): no 000000 to 000003 inside of a NAL unit."""
    out, zeros = bytearray(), 0
    for byte in rbsp:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def message(kind, payload):
    out = b'\xff' * (kind // 255) + bytes([kind % 255])
    out += b'\xff' * (len(payload) // 255) + bytes([len(payload) % 255])
    return out + payload


def sei(header, *messages):
    """A SEI NAL unit of (type, payload) pairs."""
    return header + escaped(b''.join(message(k, p) for k, p in messages) + b'\x80')


def unregistered(text):
    return 5, bytes(range(0x60, 0x70)) + text


def leb128(value):
    out = bytearray()
    while True:
        out.append(value & 0x7f | (0x80 if value > 0x7f else 0))
        value >>= 7
        if not value:
            return bytes(out)


def obu(kind, payload):
    return bytes([kind << 3 | 2]) + leb128(len(payload)) + payload


def obus(sample):
    """[(type, whole)] of a sample whose OBUs all have a size."""
    out, at = [], 0
    while at < len(sample):
        start, kind, extension = at, sample[at] >> 3 & 15, sample[at] & 4
        has_size = sample[at] & 2
        at += 2 if extension else 1
        size = len(sample) - at
        if has_size:
            size = shift = 0
            while True:
                byte = sample[at]
                at += 1
                size |= (byte & 0x7f) << shift
                shift += 7
                if not byte & 0x80:
                    break
        at += size
        out.append((kind, sample[start:at]))
    return out


# ---- bits ----

def bits_of(data):
    return ''.join(f'{byte:08b}' for byte in data)


def bytes_of(bits):
    bits += '0' * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def data_element(text, align, at=0):
    """data_stream_element (14496-3 table 4.10); at: bits before it, for the alignment."""
    bits = '100' + '0000' + ('1' if align else '0')
    bits += f'{min(len(text), 255):08b}'
    if len(text) >= 255:
        bits += f'{len(text) - 255:08b}'
    if align:
        bits += '0' * (-(at + len(bits)) % 8)
    return bits + bits_of(text)


def fill_element(payload):
    """fill_element (table 4.11)."""
    bits = '110'
    if len(payload) < 15:
        bits += f'{len(payload):04b}'
    else:
        bits += '1111' + f'{len(payload) - 14:08b}'
    return bits + bits_of(payload)


def in_front(frame, bits):
    return bytes_of(bits + bits_of(frame))


def before_end(frame, bits):
    """Between the channel elements and ID_END."""
    old = bits_of(frame).rstrip('0')
    assert old.endswith('111')
    return bytes_of(old[:-3] + bits + '111')


def padded_opus(packet, text):
    """RFC 6716 3.2.5: one frame said as "code 3", with padding."""
    assert packet[0] & 3 == 0 and len(text) < 255
    return bytes([packet[0] | 3, 0x41, len(text)]) + packet[1:] + text
