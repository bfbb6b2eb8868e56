import { inputArguments } from './input-arguments.ts'
import { type AudioRendition, type Ladder, segmentSeconds, type VideoRendition } from './rendition.ts'
import type { SourceMedia } from './source-media.ts'

/**
 * Slices of a picture that are encoded side by side, the same number on every machine. x264's usual threads, one a
 * frame, give other bytes at every run once the bit rate is bounded; slices give the same ones, and so the same ids
 * (docs/adr/encode-in-slices.md).
 */
const slices = 4

/**
 * ffmpeg's arguments that turn a source into CMAF segments and a DASH manifest in the current folder: `manifest.mpd`,
 * and a folder for each stream, numbered from 0, with `init.mp4` and `1.m4s`, `2.m4s`, …
 *
 * Damage is an error here (`explode`, `-xerror`): who pays for a film must not get half of it.
 */
export const encodeArguments = (
  source: SourceMedia,
  { video, audio }: Ladder,
  manifest: string,
): readonly string[] => [
  ...['-hide_banner', '-nostdin', '-y', '-v', 'error', '-nostats', '-progress', 'pipe:1'],
  ...['-xerror', '-err_detect', 'explode', ...inputArguments(source.path)],
  ...['-map', `0:${source.video.stream}`, ...(source.audio ? ['-map', `0:${source.audio.stream}`] : [])],
  ...['-map_metadata', '-1', '-map_chapters', '-1', '-sn', '-dn', '-fflags', '+bitexact'],
  ...videoArguments(video, source.video.isInterlaced),
  ...(audio ? audioArguments(audio) : []),
  ...['-f', 'dash', '-dash_segment_type', 'mp4', '-format_options', 'movflags=cmaf'],
  ...['-seg_duration', `${segmentSeconds}`, '-use_template', '1', '-use_timeline', '1'],
  ...['-init_seg_name', '$RepresentationID$/init.mp4', '-media_seg_name', '$RepresentationID$/$Number$.m4s'],
  ...['-adaptation_sets', audio ? 'id=0,streams=v id=1,streams=a' : 'id=0,streams=v', manifest],
]

const videoArguments = (video: VideoRendition, isInterlaced: boolean): readonly string[] => {
  const { width, height, frameRate, framesPerSegment, maxBitsPerSecond } = video
  const filters = [
    ...(isInterlaced ? ['yadif'] : []),
    `fps=${frameRate.frames}/${frameRate.seconds}`,
    `scale=${width}:${height}:flags=bicubic+accurate_rnd+bitexact`,
    'setsar=1',
    'format=yuv420p',
  ]
  return [
    ...['-vf', filters.join(','), '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high'],
    ...['-crf', '21', '-maxrate', `${maxBitsPerSecond}`, '-bufsize', `${2 * maxBitsPerSecond}`],
    // A key frame exactly where a segment begins and nowhere else; no frame looks across it.
    ...['-g', `${framesPerSegment}`, '-keyint_min', `${framesPerSegment}`, '-sc_threshold', '0'],
    ...['-flags:v', '+bitexact+cgop', '-threads:v', `${slices}`, '-x264-params', 'sliced-threads=1'],
  ]
}

const audioArguments = ({ bitsPerSecond, samplesPerSecond, channels }: AudioRendition): readonly string[] => [
  ...['-c:a', 'aac', '-b:a', `${bitsPerSecond}`, '-ar', `${samplesPerSecond}`, '-ac', `${channels}`],
  // Gaps in the sound are filled, so that it never runs ahead of the picture.
  ...['-af', 'aresample=async=1:first_pts=0', '-flags:a', '+bitexact'],
]
