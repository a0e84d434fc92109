"""Five ways to look for what was hidden: exiftool, mat2, ffprobe, a search of the bytes, the walker.

Each answers with a list of finds; an empty one is "clean".
"""
import json
import os
import re
import struct
import subprocess
import sys
import zlib

import walker

# exiftool -ee -G3 -a -u -s: what it may say of a file with nothing to say, and with which values.
EXIFTOOL = {
    'ExifToolVersion': '.*', 'FileName': '.*', 'Directory': '.*', 'FileSize': '.*',
    'FileModifyDate': '.*', 'FileAccessDate': '.*', 'FileInodeChangeDate': '.*',
    'FilePermissions': '.*', 'FileType': 'MP4', 'FileTypeExtension': 'mp4', 'MIMEType': 'video/mp4',
    'MajorBrand': r'MP4 +Base Media v1 \[IS0 14496-12:2003\]', 'MinorVersion': r'0\.2\.0',
    'CompatibleBrands': 'isom, iso2, (iso4, )?(iso6, )?(avc1, )?(av01, )?mp41',
    'MovieHeaderVersion': '[01]', 'TrackHeaderVersion': '[01]', 'MediaHeaderVersion': '[01]',
    'CreateDate': '0000:00:00 00:00:00', 'ModifyDate': '0000:00:00 00:00:00',
    'TrackCreateDate': '0000:00:00 00:00:00', 'TrackModifyDate': '0000:00:00 00:00:00',
    'MediaCreateDate': '0000:00:00 00:00:00', 'MediaModifyDate': '0000:00:00 00:00:00',
    'TimeScale': r'\d+', 'Duration': '.*s', 'PreferredRate': '1', 'PreferredVolume': r'100\.00%',
    'MatrixStructure': r'(0|-?1) (0|-?1) 0 (0|-?1) (0|-?1) 0 \d+ \d+ 1', 'PreviewTime': '0 s',
    'PreviewDuration': '0 s', 'PosterTime': '0 s', 'SelectionTime': '0 s', 'SelectionDuration': '0 s',
    'CurrentTime': '0 s', 'NextTrackID': '[23]', 'TrackID': '[12]', 'TrackDuration': '.*s',
    'TrackLayer': '0', 'TrackVolume': r'(0|100)\.00%', 'ImageWidth': r'\d+', 'ImageHeight': r'\d+',
    'MediaTimeScale': r'\d+', 'MediaDuration': '.*s', 'MediaLanguageCode': 'und',
    'HandlerType': '(Video|Audio) Track', 'HandlerDescription': '', 'GraphicsMode': 'srcCopy',
    'OpColor': '0 0 0', 'CompressorID': '(avc1|avc3|hvc1|hev1|av01|vp09)', 'SourceImageWidth': r'\d+',
    'SourceImageHeight': r'\d+', 'XResolution': '72', 'YResolution': '72', 'BitDepth': '24',
    'CompressorName': '', 'PixelAspectRatio': r'\d+:\d+', 'ColorRepresentation': r'nclx \d+ \d+ \d+',
    'CleanAperture': '.*', 'VideoFrameRate': r'[\d.]+', 'Balance': '0',
    'AudioFormat': '(mp4a|Opus|alac)', 'AudioChannels': r'\d+', 'AudioBitsPerSample': '16',
    'AudioSampleRate': r'\d+', 'MediaDataSize': r'\d+', 'MediaDataOffset': r'\d+',
    'ImageSize': r'\d+x\d+', 'Megapixels': r'[\d.]+', 'AvgBitrate': '.*', 'Rotation': r'\d+',
    'ColorProfiles': 'nclx', 'ColorPrimaries': '.*', 'TransferCharacteristics': '.*',
    'MatrixCoefficients': '.*', 'VideoFullRangeFlag': '.*',
    'CleanApertureWidth': r'\d+', 'CleanApertureHeight': r'\d+', 'CleanApertureOffsetX': r'-?[\d.]+',
    'CleanApertureOffsetY': r'-?[\d.]+',
    # Tables and records that it does not read, named by -u: the walker and the search read them.
    **dict.fromkeys(('UUID-Unknown', 'Unknown_edts', 'AVCConfiguration', 'Unknown_avcC', 'Unknown_hvcC', 'Unknown_av1C',
                     'Unknown_vpcC', 'Unknown_dOps', 'Unknown_alac', 'Unknown_esds', 'MediaData',
                     'CompositionTimeToSample', 'SyncSampleTable', 'SampleToChunk', 'SampleSizes',
                     'ChunkOffset', 'ChunkOffset64', 'TimeToSampleTable'),
                    r'\(Binary data \d+ bytes, use -b option to extract\)'),
}
PROBE_TAGS = {'major_brand': 'isom', 'minor_version': '512', 'language': 'und',
              'vendor_id': '[0][0][0][0]', 'handler_name': ''}
SIDE_DATA = {'Display Matrix', 'Mastering display metadata', 'Content light level metadata'}
MAT2 = '/usr/lib/python3/dist-packages'


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors='replace')


# ---- exiftool ----

def exiftool_dump(files):
    """One start for all files: {path: [(tag, value)]}."""
    _, out, _ = run('exiftool', '-ee', '-G3', '-a', '-u', '-s', '-progress:===== %f', *files)
    found, rows = {}, []
    for line in out.decode(errors='replace').splitlines():
        if line.startswith('======== '):
            rows = found.setdefault(line[9:].split(' [')[0], [])
        elif ':' in line:
            tag, value = line.split(':', 1)
            rows.append((tag.split(']')[-1].strip(), value.strip(), line))
    if len(files) == 1 and not found:
        found[files[0]] = rows
    return found


def exiftool(rows):
    return [f'{tag}: {value[:80]}' for tag, value, _ in rows
            if not re.fullmatch(EXIFTOOL.get(tag, 'never'), value)] or ([] if rows else ['no answer'])


# ---- mat2 ----

def mat2_show(files):
    """What mat2 --show lists: its own code, asking exiftool once for all files."""
    sys.path.append(MAT2)
    from libmat2 import exiftool as asking, video  # pylint: disable=import-outside-toplevel
    _, out, _ = run('exiftool', '-json', *files)
    known = {item['SourceFile']: item for item in json.loads(out or b'[]')}

    class Answer:
        Popen, PIPE, CalledProcessError = None, None, subprocess.CalledProcessError

        @staticmethod
        def run(command, **_):
            return type('Done', (), {'stdout': json.dumps([known[command[-1]]]).encode()})

    asking.subprocess, kept = Answer, asking.subprocess
    try:
        shown = {}
        for file in files:
            parser = video.MP4Parser(file)
            parser.sandbox = False
            shown[file] = parser.get_meta()
        return shown
    finally:
        asking.subprocess = kept


# mat2's own list lacks these constants of the format (it lists them of its own output too).
MAT2_FORMAT = {
    'MajorBrand': ('MP4 Base Media v1 [IS0 14496-12:2003]', 'MP4  Base Media v1 [IS0 14496-12:2003]'),
    'MinorVersion': '0.2.0', 'PreferredRate': 1,
    'MovieHeaderVersion': (0, 1), 'TrackHeaderVersion': (0, 1), 'MediaHeaderVersion': (0, 1),
    'TrackLayer': 0, 'HandlerDescription': '', 'CompressorName': '', 'Rotation': (0, 90, 180, 270),
    'TrackVolume': ('0.00%', '100.00%'), 'GraphicsMode': 'srcCopy',
}
MAT2_NUMBERS = {'CompatibleBrands', 'TimeScale', 'NextTrackID', 'TrackID', 'HandlerType', 'CompressorID',
                'MediaDataSize', 'MediaDataOffset', 'PixelAspectRatio', 'ColorRepresentation',
                'ColorProfiles', 'ColorPrimaries', 'TransferCharacteristics', 'MatrixCoefficients',
                'VideoFullRangeFlag', 'CleanApertureWidth', 'CleanApertureHeight',
                'CleanApertureOffsetX', 'CleanApertureOffsetY'}


def mat2(shown):
    found = []
    for tag, value in shown.items():
        fixed = MAT2_FORMAT.get(tag)
        if tag in MAT2_NUMBERS or value == fixed or isinstance(fixed, tuple) and value in fixed:
            continue
        found.append(f'{tag}: {str(value)[:80]}')
    return found


# ---- ffprobe ----

def probe_dump(file):
    _, out, _ = run('ffprobe', '-v', 'error', '-show_streams', '-show_format', '-show_chapters', '-of',
                    'json', file)
    return json.loads(out or b'{}')


def ffprobe(shown):
    streams = shown.get('streams', [])
    found = [] if 1 <= len(streams) <= 2 else [f'{len(streams)} streams']
    found += ['chapters'] * bool(shown.get('chapters'))
    for part in streams + [shown.get('format', {})]:
        for tag, value in part.get('tags', {}).items():
            if tag != 'compatible_brands' and PROBE_TAGS.get(tag) != value:
                found.append(f'{tag}={value[:80]}')
        for side in part.get('side_data_list', []):
            if side.get('side_data_type') not in SIDE_DATA:
                found.append(f'side data {side.get("side_data_type")}')
    return found


# ---- bytes ----

def forms(canary):
    """{what: bytes} of everything by which the canary can be known again."""
    out = {'ISO 6709': canary.iso, 'a number': struct.pack('>I', canary.u32),
           'a number, little-endian': struct.pack('<I', canary.u32),
           'a time': struct.pack('>I', canary.time), 'short': canary.short, 'short, cut': canary.short[:6],
           'a time of 1970': struct.pack('>I', canary.time - 2082844800)}
    for name, value in (('latitude', canary.lat), ('longitude', canary.lon)):
        out.update({f'{name} as a double': struct.pack('>d', value),
                    f'{name} as a double, little-endian': struct.pack('<d', value),
                    f'{name} as a float': struct.pack('>f', value),
                    f'{name} as a float, little-endian': struct.pack('<f', value),
                    f'{name} x 10^7': struct.pack('>i', round(value * 1e7)),
                    f'{name} x 10^7, little-endian': struct.pack('<i', round(value * 1e7)),
                    f'{name} in 16.16': struct.pack('>i', round(value * 65536)),
                    f'{name} in words': f'{value:.4f}'.encode()})
    text = canary.text.decode()
    for part in (text, text[-13:]):
        out.update({f'text {part}': part.encode(), f'UTF-16BE {part}': part.encode('utf-16-be'),
                    f'UTF-16LE {part}': part.encode('utf-16-le')})
    return out


def unpacked(data):
    """Whatever inflates: a compressed index, a compressed box."""
    out, at = b'', data.find(b'\x78')
    while at >= 0:
        if data[at + 1:at + 2] in (b'\x01', b'\x5e', b'\x9c', b'\xda'):
            try:
                out += zlib.decompressobj().decompress(data[at:], 1 << 20)
            except zlib.error:
                pass
        at = data.find(b'\x78', at + 1)
    return out


def search(data, canary):
    """The canary in the bytes, without emulation prevention, inflated, and beside the bytes."""
    wanted = forms(canary)
    whole = data + b'\n' + data.replace(b'\0\0\3', b'\0\0') + b'\n' + unpacked(data)
    found = [name for name, form in wanted.items() if form in whole]
    if not found:
        number, text = int.from_bytes(data, 'big'), canary.text
        for shift in range(1, 8):
            if text in (number << shift).to_bytes(len(data) + 1, 'big'):
                found.append(f'text, {shift} bits beside the bytes')
    return found


def walk(data):
    return walker.finds(data)


def versions():
    """The tools by name and version, for the page."""
    return {'exiftool': run('exiftool', '-ver')[1].decode().strip(),
            'mat2': run('mat2', '--version')[1].decode().split()[-1],
            'ffmpeg': run('ffmpeg', '-version')[1].decode().split()[2].split('-')[0]}


def name_of(path):
    return os.path.basename(path)
