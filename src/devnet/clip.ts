import { createHash } from 'node:crypto'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ParatiiError } from '#std/error.ts'
import { lastErrorOf, runProgram } from '#transcode/program.ts'
import { findMediaTools } from '#transcode/tools.ts'

export type ClipOptions = {
  /** Default 60, which is about 25 MB for its best picture and sound once packaged. */
  readonly seconds?: number
  /** Where clips are kept between runs. Default `.cache` in the current folder. */
  readonly cacheFolder?: string
  readonly signal?: AbortSignal
}

const framesPerSecond = 30

/** A flight into the Mandelbrot set with grain, so that it fills its bit rate, a clock in the corner, and a melody. */
const recipe = (seconds: number): readonly string[] => [
  ...[
    '-f',
    'lavfi',
    '-i',
    `mandelbrot=s=640x360:r=${framesPerSecond}:maxiter=700:start_scale=2.5:end_scale=2e-5:end_pts=1800`,
  ],
  ...['-f', 'lavfi', '-i', `testsrc2=s=320x180:r=${framesPerSecond}`],
  ...['-f', 'lavfi', '-i', `aevalsrc='${melody}':s=48000:c=stereo`],
  ...['-filter_complex', `[0:v]scale=1280:720,noise=alls=4:allf=t:all_seed=7[picture];${clock}`],
  ...[
    '-t',
    `${seconds}`,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '120',
    '-crf',
    '24',
    '-c:a',
    'aac',
    '-b:a',
    '128k',
  ],
  ...['-fflags', '+bitexact', '-f', 'mp4'],
]
// ffmpeg's test picture carries a timecode and a frame number in a font of its own; none need be installed.
const clock =
  '[1:v]crop=102:34:0:0,scale=306:102:flags=neighbor[clock];[picture][clock]overlay=32:586,format=yuv420p'
const melody = '0.12*sin(2*PI*(220+110*floor(mod(t,4)))*t)*exp(-2*mod(t,1))+0.06*sin(2*PI*110*t)'

/**
 * The path of the demo film: 1280 x 720, 30 frames a second, burnt-in timecode, stereo sound. Made by ffmpeg once for
 * each recipe and length (some 15 s of work for 60 s) and kept. Throws `tool-absent`, `tool-failed`, `aborted`.
 */
export const makeDemoClip = async ({
  seconds = 60,
  cacheFolder = '.cache',
  signal,
}: ClipOptions = {}): Promise<string> => {
  const args = recipe(seconds)
  const name = createHash('sha256').update(args.join('\0')).digest('hex').slice(0, 16)
  const clip = join(cacheFolder, `clip-${name}.mp4`)
  if (await exists(clip)) return clip
  const { ffmpeg } = await findMediaTools()
  await mkdir(cacheFolder, { recursive: true })
  // Suites that start together may both make it; each writes its own file, and the last rename wins.
  const part = join(cacheFolder, `clip-${name}-${process.pid}.part`)
  try {
    const end = await runProgram(ffmpeg, ['-v', 'error', '-nostdin', '-y', ...args, part], {
      signal,
      onLine: () => undefined,
    })
    if (end.exitCode !== 0)
      throw new ParatiiError('tool-failed', { program: 'ffmpeg', reason: lastErrorOf(end.errors) })
    await rename(part, clip)
    return clip
  } finally {
    await rm(part, { force: true })
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
