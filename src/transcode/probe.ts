import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as v from 'valibot'
import { ParatiiError } from '#std/error.ts'
import { inputArguments } from './input-arguments.ts'
import { lastErrorOf, runProgram } from './program.ts'
import type { FrameRate, SourceMedia } from './source-media.ts'
import type { MediaTools } from './tools.ts'

const maxProbeChars = 1_048_576
const maxStreams = 64
const maxPixels = 16_384

/** MP4 and Matroska with their kin, as ffprobe names them. */
const indexedFormats: readonly string[] = ['mov,mp4,m4a,3gp,3g2,mj2', 'matroska,webm']

const text = v.pipe(v.string(), v.maxLength(200))
const stream = v.object({
  index: v.pipe(v.number(), v.integer(), v.minValue(0)),
  codec_type: v.optional(text),
  codec_name: v.optional(text),
  width: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(maxPixels))),
  height: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(maxPixels))),
  sample_aspect_ratio: v.optional(text),
  avg_frame_rate: v.optional(text),
  r_frame_rate: v.optional(text),
  field_order: v.optional(text),
  disposition: v.optional(v.object({ attached_pic: v.optional(v.number()) })),
  side_data_list: v.optional(
    v.pipe(
      v.array(v.object({ rotation: v.optional(v.pipe(v.number(), v.finite())) })),
      v.maxLength(maxStreams),
    ),
  ),
})
const probed = v.object({
  streams: v.optional(v.pipe(v.array(stream), v.maxLength(maxStreams)), []),
  format: v.object({ format_name: v.optional(text), duration: v.optional(text) }),
})
type Stream = v.InferOutput<typeof stream>

/**
 * What ffprobe says of a file. Nothing is decoded yet, so damage further in shows only when it is packaged.
 * Throws `file-absent`, `file-corrupt` (it begins like a film but cannot be read), `media-unsupported` (it is
 * anything else, or has no moving picture), `tool-absent`, `aborted`; all but the last with `file`.
 */
export const probeFile = async (
  file: string,
  tools: MediaTools,
  signal?: AbortSignal,
): Promise<SourceMedia> => {
  const path = resolve(file)
  const start = await readStart(path, file)
  const lines: string[] = []
  let chars = 0
  const { exitCode, errors } = await runProgram(
    tools.ffprobe,
    ['-v', 'error', '-of', 'json', '-show_format', '-show_streams', ...inputArguments(path)],
    {
      signal,
      onLine: line => {
        chars += line.length
        if (chars <= maxProbeChars) lines.push(line)
      },
    },
  )
  if (exitCode !== 0)
    throw new ParatiiError(isFilmStart(start) ? 'file-corrupt' : 'media-unsupported', {
      file,
      reason: lastErrorOf(errors),
    })
  const parsed = v.safeParse(probed, parseJson(lines.join('\n')))
  if (!parsed.success)
    throw new ParatiiError('media-unsupported', { file, reason: 'not a film that ffprobe can describe' })
  return mediaFrom(path, file, parsed.output)
}

const mediaFrom = (
  path: string,
  file: string,
  { streams, format }: v.InferOutput<typeof probed>,
): SourceMedia => {
  const video = streams.find(
    one => one.codec_type === 'video' && !one.disposition?.attached_pic && one.codec_name,
  )
  const audio = streams.find(one => one.codec_type === 'audio' && one.codec_name)
  if (video?.width === undefined || video.height === undefined)
    throw new ParatiiError('media-unsupported', { file, reason: 'it has no moving picture' })
  return {
    path,
    durationSeconds: parseSeconds(format.duration),
    isIndexed: indexedFormats.includes(format.format_name ?? ''),
    video: { stream: video.index, ...displaySize(video, video.width, video.height), ...timing(video) },
    audio: audio && { stream: audio.index },
  }
}

const displaySize = (
  video: Stream,
  codedWidth: number,
  height: number,
): { width: number; height: number } => {
  const pixel = parseFraction(video.sample_aspect_ratio, ':')
  const width = pixel
    ? Math.min(maxPixels, Math.max(1, Math.round((codedWidth * pixel[0]) / pixel[1])))
    : codedWidth
  const rotation = video.side_data_list?.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0
  return Math.abs(Math.round(rotation / 90)) % 2 === 1 ? { width: height, height: width } : { width, height }
}

const timing = (video: Stream): { frameRate: FrameRate | undefined; isInterlaced: boolean } => {
  const rate = parseFraction(video.avg_frame_rate, '/') ?? parseFraction(video.r_frame_rate, '/')
  return {
    frameRate: rate && { frames: rate[0], seconds: rate[1] },
    isInterlaced: ['tt', 'bb', 'tb', 'bt'].includes(video.field_order ?? ''),
  }
}

const parseFraction = (text: string | undefined, sign: ':' | '/'): readonly [number, number] | undefined => {
  const [above, below] = (text ?? '').split(sign).map(Number)
  if (!above || !below || !Number.isSafeInteger(above) || !Number.isSafeInteger(below)) return undefined
  return above > 0 && below > 0 ? [above, below] : undefined
}

const parseSeconds = (text: string | undefined): number | undefined => {
  const seconds = Number(text)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readStart = async (path: string, file: string): Promise<Buffer> => {
  try {
    await using handle = await open(path)
    const stat = await handle.stat()
    if (!stat.isFile()) throw new ParatiiError('media-unsupported', { file, reason: 'it is not a file' })
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
    return buffer.subarray(0, bytesRead)
  } catch (cause) {
    if (cause instanceof ParatiiError) throw cause
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new ParatiiError('file-absent', { file, reason }, cause)
  }
}

/** How MP4, Matroska, AVI, Ogg, Flash, ASF, MXF and MPEG files begin, in hex; dots stand for any digit. */
const filmStarts: readonly RegExp[] = [
  /^.{8}(?:66747970|6d6f6f76|6d646174|66726565|77696465|736b6970)/,
  /^1a45dfa3/,
  /^52494646.{8}41564920/,
  /^4f676753/,
  /^464c5601/,
  /^3026b275/,
  /^060e2b34/,
  /^000001ba/,
  /^47[45]0/,
]

const isFilmStart = (start: Buffer): boolean =>
  filmStarts.some(pattern => pattern.test(start.toString('hex')))
