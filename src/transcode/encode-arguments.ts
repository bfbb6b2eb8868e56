import { inputArguments } from './input-arguments.ts'
import type { Part } from './part.ts'
import { type AudioRendition, type Ladder, segmentSeconds, type VideoRendition } from './rendition.ts'
import type { SourceMedia } from './source-media.ts'

/**
 * How the beginning of a part is reached. `seek`: the container's index leads to the key frame before it. `read`: all
 * before it is decoded; that always works.
 */
export type Approach = 'seek' | 'read'

const aacFrameSamples = 1024

/** Name of the DASH manifest that ffmpeg writes; its facts are read, it is not published. */
export const writtenManifest = 'written.mpd'

/**
 * ffmpeg's arguments that encode a part of a film's pictures in every size of the ladder, decoding once: into
 * `folder`, a folder for each rendition, numbered from 0, with `init.mp4` and `1.m4s`, `2.m4s`, …
 *
 * Damage is an error here (`explode`, `-xerror`): who pays for a film must not get half of it.
 */
export const pictureArguments = (
  source: SourceMedia,
  { video }: Pick<Ladder, 'video'>,
  part: Part,
  approach: Approach,
  folder: string,
): readonly string[] => [
  ...beginning,
  ...partInput(source, part, approach),
  ...['-filter_complex', pictureGraph(source, video, part, approach)],
  ...video.flatMap((_, at) => ['-map', `[v${at}]`]),
  ...['-output_ts_offset', seconds(part.startSeconds)],
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-crf', '21'],
  // A key frame exactly where a segment begins and nowhere else; no frame looks across it.
  ...[
    '-g',
    `${video[0].framesPerSegment}`,
    '-keyint_min',
    `${video[0].framesPerSegment}`,
    '-sc_threshold',
    '0',
  ],
  // One thread: with a bound on the bit rate several give other bytes, and so other ids, at every run.
  ...['-flags:v', '+bitexact+cgop', '-threads:v', '1'],
  ...video.flatMap(({ maxBitsPerSecond }, at) => [
    ...[`-maxrate:v:${at}`, `${maxBitsPerSecond}`, `-bufsize:v:${at}`, `${2 * maxBitsPerSecond}`],
  ]),
  ...segmentArguments('cmaf+frag_discont', segmentSeconds, folder),
]

/** The same for all of a film's sound, in segments as long as those of the pictures. */
export const soundArguments = (
  source: SourceMedia,
  stream: number,
  { bitsPerSecond, samplesPerSecond, channels }: AudioRendition,
  { frameRate, framesPerSegment }: VideoRendition,
  folder: string,
): readonly string[] => [
  ...[...beginning, ...inputArguments(source.path), '-map', `0:${stream}`],
  ...['-c:a', 'aac', '-b:a', `${bitsPerSecond}`, '-ar', `${samplesPerSecond}`, '-ac', `${channels}`],
  // Gaps in the sound are filled, so that it never runs ahead of the picture. The encoder puts a frame of silence before
  // it; as much is cut off, so that it does not fall behind either.
  ...['-af', `aresample=async=1:first_pts=0,atrim=start_sample=${aacFrameSamples},asetpts=PTS-STARTPTS`],
  ...['-flags:a', '+bitexact'],
  ...segmentArguments('cmaf', (framesPerSegment * frameRate.seconds) / frameRate.frames, folder),
]

/** Decodes one frame of a part and forgets it: `frame=1` is reported if the film goes on there. */
export const glimpseArguments = (
  source: SourceMedia,
  { video }: Pick<Ladder, 'video'>,
  part: Part,
  approach: Approach,
): readonly string[] => [
  ...beginning,
  ...partInput(source, part, approach),
  ...[
    '-filter_complex',
    `[0:${source.video.stream}]${frameFilters(source, video[0], part, approach, 1)}[v0]`,
  ],
  ...['-map', '[v0]', '-f', 'null', '-'],
]

const beginning = [
  ...['-hide_banner', '-nostdin', '-y', '-v', 'error', '-nostats', '-progress', 'pipe:1'],
  ...['-xerror', '-err_detect', 'explode'],
]

const partInput = (source: SourceMedia, part: Part, approach: Approach): readonly string[] =>
  // Not accurate: the frame that is on show when the part begins may have begun long before.
  approach === 'seek' && part.number > 0
    ? ['-ss', seconds(part.startSeconds), '-noaccurate_seek', ...inputArguments(source.path)]
    : inputArguments(source.path)

const pictureGraph = (
  source: SourceMedia,
  video: Ladder['video'],
  part: Part,
  approach: Approach,
): string => {
  const [high, ...lower] = video
  const frames = frameFilters(source, high, part, approach, part.frames)
  const branches = lower.map((_, at) => `[s${at + 1}]`).join('')
  const split = lower.length > 0 ? `,split=${video.length}[v0]${branches}` : '[v0]'
  return [
    `[0:${source.video.stream}]${frames},${scale(high)},setsar=1,format=yuv420p${split}`,
    ...lower.map((one, at) => `[s${at + 1}]${scale(one)},setsar=1[v${at + 1}]`),
  ].join(';')
}

/** Exactly the frames of the part at a steady rate, from time 0; the one before its start is shown until the next. */
const frameFilters = (
  { video: { isInterlaced } }: SourceMedia,
  { frameRate }: VideoRendition,
  { startSeconds }: Part,
  approach: Approach,
  frames: number,
): string => {
  const start = approach === 'seek' ? 0 : startSeconds
  const rate = `${frameRate.frames}/${frameRate.seconds}`
  return [
    ...(isInterlaced ? ['yadif'] : []),
    `fps=${rate}:start_time=${seconds(start)}`,
    `trim=end_frame=${frames}`,
    'setpts=PTS-STARTPTS',
  ].join()
}

const scale = ({ width, height }: VideoRendition): string =>
  `scale=${width}:${height}:flags=bicubic+accurate_rnd+bitexact`

/** `frag_discont` among the flags: times in a segment count from the start of the film, not of its part. */
const segmentArguments = (flags: string, segmentLength: number, folder: string): readonly string[] => [
  ...['-map_metadata', '-1', '-map_chapters', '-1', '-sn', '-dn', '-fflags', '+bitexact'],
  ...['-f', 'dash', '-dash_segment_type', 'mp4', '-format_options', `movflags=${flags}`],
  ...['-seg_duration', seconds(segmentLength), '-use_template', '1', '-use_timeline', '1'],
  ...['-init_seg_name', '$RepresentationID$/init.mp4', '-media_seg_name', '$RepresentationID$/$Number$.m4s'],
  `${folder}/${writtenManifest}`,
]

const seconds = (value: number): string => value.toFixed(6)
