import { globSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageMedia } from './package.ts'
import { leastSeconds, partAt } from './part.ts'
import { probeFile } from './probe.ts'
import { runProgram } from './program.ts'
import { ladderFor } from './rendition.ts'
import { findMediaTools, type MediaTools } from './tools.ts'

let folder: string
let tools: MediaTools
const at = (name: string) => join(folder, name)

const ffmpeg = async (...args: string[]) => {
  const end = await runProgram(tools.ffmpeg, ['-v', 'error', '-y', ...args], { onLine: () => undefined })
  if (end.exitCode !== 0) throw new Error(end.errors)
}

/** A film whose n-th frame is one grey, a step of 7 of 220 brighter than the last, so that each frame tells which it is. */
const make = async (name: string, seconds: number, ...codec: string[]) => {
  const picture = `color=s=64x64:r=10:d=${seconds},format=yuv420p,geq=lum='mod(N*7,220)+16':cb=128:cr=128`
  const sources = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=d=${seconds}`]
  await ffmpeg(...sources, ...codec, '-c:a', 'aac', at(name))
  return at(name)
}
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '35']

const pack = async (file: string, name: string) => {
  const source = await probeFile(file, tools)
  return packageMedia(source, ladderFor(source), at(name), tools)
}

/** Mean brightness of each frame. */
const greysOf = async (film: string): Promise<number[]> => {
  const raw = `${film}.raw`
  const filters = 'format=gray,scale=1:1:flags=area'
  await ffmpeg('-i', film, '-map', '0:v', '-vf', filters, '-vsync', 'passthrough', '-f', 'rawvideo', raw)
  return [...(await readFile(raw))]
}

const expectSameFrames = async (film: string, source: string) => {
  const [found, wanted] = [await greysOf(join(film, 'manifest.mpd')), await greysOf(source)]
  expect(found).toHaveLength(wanted.length)
  expect(found.filter((grey, n) => Math.abs(grey - (wanted[n] ?? -99)) > 3)).toEqual([])
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-parts-'))
  tools = await findMediaTools()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('partAt', () => {
  const [video] = ladderFor({
    video: {
      stream: 0,
      width: 640,
      height: 360,
      frameRate: { frames: 30_000, seconds: 1001 },
      isInterlaced: false,
    },
    audio: undefined,
  }).video

  it('cuts a film into parts of whole segments that meet, 32 of them at most', () => {
    expect(partAt(0, { durationSeconds: 60 }, video)).toMatchObject({
      startSeconds: 0,
      frames: 360,
      firstSegment: 1,
    })
    expect(partAt(1, { durationSeconds: 60 }, video)).toMatchObject({ startSeconds: 12.012, firstSegment: 4 })
    expect(partAt(1, { durationSeconds: undefined }, video)).toMatchObject({ firstSegment: 16 })
    expect(partAt(32, { durationSeconds: 7200 }, video).startSeconds).toBeGreaterThanOrEqual(7200)
  })

  it('counts on nearly all of the length that a container promises', () => {
    expect(leastSeconds({ durationSeconds: 100 })).toBe(94)
    expect(leastSeconds({ durationSeconds: 1 })).toBe(0)
    expect(leastSeconds({ durationSeconds: undefined })).toBe(0)
  })
})

describe('a film of several parts', () => {
  it('shows every frame once, in one unbroken time', async () => {
    const file = await make('plain.mp4', 27, ...h264)
    const { folder: film, durationSeconds } = await pack(file, 'plain')
    expect(durationSeconds).toBeCloseTo(27, 0)
    await expectSameFrames(film, file)
    expect(await readFile(join(film, 'manifest.mpd'), 'utf8')).toMatch(
      /<S t="0" d="40960" r="5"\/>\s*<S d="30720"\/>/,
    )
    expect((await readdir(join(film, 'v64'))).sort()).toEqual(
      [...[1, 2, 3, 4, 5, 6, 7].map(n => `${n}.m4s`), 'index.m3u8', 'init.mp4'].sort(),
    )
  })

  it('may end exactly where a part does', async () => {
    const { folder: film, durationSeconds } = await pack(await make('even.mkv', 24, ...h264), 'even')
    expect(durationSeconds).toBeCloseTo(24, 0)
    expect(await greysOf(join(film, 'manifest.mpd'))).toHaveLength(240)
  })

  it('may be decodable from few of its key frames, or from its start alone', async () => {
    const open = ['-c:v', 'libx264', '-preset', 'medium', '-x264-params', 'open-gop=1:keyint=35:log-level=0']
    const long = ['-c:v', 'libvpx', '-b:v', '1M', '-g', '9999', '-auto-alt-ref', '1', '-lag-in-frames', '16']
    for (const file of [
      await make('open.mp4', 27, ...open),
      await make('stream.ts', 27, ...h264),
      await make('long.mkv', 27, ...long),
    ]) {
      const { folder: film } = await pack(file, `${file.slice(folder.length + 1)}-film`)
      await expectSameFrames(film, file)
    }
  }, 60_000)

  it('may have pictures for a part of its sound only', async () => {
    const file = await make('picture.mp4', 14, ...h264)
    await ffmpeg(
      '-i',
      file,
      '-f',
      'lavfi',
      '-i',
      'sine=d=40',
      '-map',
      '0:v',
      '-map',
      '1:a',
      '-c:v',
      'copy',
      at('more.mp4'),
    )
    const { folder: film, durationSeconds } = await pack(at('more.mp4'), 'more')
    expect(durationSeconds).toBeCloseTo(40, 0)
    expect(await greysOf(join(film, 'manifest.mpd'))).toHaveLength(140)
  })
})

describe('packaging that was stopped', () => {
  /** An ffmpeg that notes which part it is asked for. */
  const watched = async (name: string): Promise<MediaTools> => {
    const script = at(`${name}.sh`)
    await writeFile(script, `#!/bin/sh\necho "$*" >> ${at(name)}\nexec ${tools.ffmpeg} "$@"\n`, {
      mode: 0o755,
    })
    return { ...tools, ffmpeg: script }
  }
  const partsRun = async (name: string) =>
    (await readFile(at(name), 'utf8').catch(() => ''))
      .split('\n')
      .flatMap(line => (line.includes('libx264') ? [/-ss (\d+)/.exec(line)?.[1] ?? '0'] : []))

  it('goes on where it was, with the same bytes in the end', async () => {
    const file = await make('stopped.mp4', 39, ...h264)
    const source = await probeFile(file, tools)
    const stop = new AbortController()
    const finished = () => globSync('*/done/pictures-*.json', { cwd: at('stopped') }).length
    const first = packageMedia(source, ladderFor(source), at('stopped'), await watched('first'), {
      signal: stop.signal,
      onProgress: () => finished() > 0 && stop.abort(),
    })
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    const kept = finished()
    expect(kept).toBeGreaterThan(0)
    const { folder: film } = await packageMedia(
      source,
      ladderFor(source),
      at('stopped'),
      await watched('second'),
    )
    expect(await partsRun('second')).toHaveLength(4 - kept)
    expect(globSync('*/scratch-*', { cwd: at('stopped') })).toEqual([])
    const { folder: whole } = await pack(file, 'not-stopped')
    for (const path of ['manifest.mpd', 'v64/4.m4s', 'v64/10.m4s', 'a128/3.m4s'])
      expect((await readFile(join(film, path))).equals(await readFile(join(whole, path)))).toBe(true)
  })

  it('begins anew for another film, and forgets the one that was not finished', async () => {
    const source = await probeFile(await make('other.mp4', 2, ...h264), tools)
    const { folder: film } = await packageMedia(source, ladderFor(source), at('stopped'), tools)
    expect(await readdir(at('stopped'))).toHaveLength(1)
    expect(film.startsWith(at('stopped'))).toBe(true)
  })
})
