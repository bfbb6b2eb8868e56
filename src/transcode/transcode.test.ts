import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '#std/error.ts'
import { manifestSeconds, nameRepresentations } from './manifest.ts'
import { packageMedia } from './package.ts'
import { probeFile } from './probe.ts'
import { lastErrorOf, runProgram } from './program.ts'
import { ladderFor } from './rendition.ts'
import { findMediaTools, type MediaTools } from './tools.ts'

let folder: string
let tools: MediaTools
const at = (name: string) => join(folder, name)

const make = async (name: string, ...args: string[]) => {
  const end = await runProgram(tools.ffmpeg, ['-v', 'error', '-y', ...args, at(name)], {
    onLine: () => undefined,
  })
  if (end.exitCode !== 0) throw new Error(end.errors)
  return at(name)
}
const picture = (size: string, seconds = 1, rate = 25) => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=s=${size}:r=${rate}:d=${seconds}`,
]
const tone = (seconds = 1) => ['-f', 'lavfi', '-i', `sine=f=440:d=${seconds}`]
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p']

const pack = async (file: string, name: string, signal?: AbortSignal) => {
  const source = await probeFile(file, tools)
  return packageMedia(source, ladderFor(source), at(name), tools, signal ? { signal } : {})
}
const filesUnder = async (path: string) =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort()
const hashUnder = async (path: string) => {
  const hash = createHash('sha256')
  for (const file of await filesUnder(path)) hash.update(file).update(await readFile(join(path, file)))
  return hash.digest('hex')
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-transcode-'))
  tools = await findMediaTools()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('publishing a film', () => {
  it('gives whole segments of 4 s, init segments and a manifest that names them', async () => {
    const file = await make(
      'wide.mp4',
      ...picture('320x180', 9),
      ...tone(9),
      ...h264,
      '-c:a',
      'aac',
      '-shortest',
    )
    const steps: number[] = []
    const source = await probeFile(file, tools)
    const packaged = await packageMedia(source, ladderFor(source), at('wide'), tools, {
      onProgress: s => steps.push(s),
    })
    expect(packaged.durationSeconds).toBeCloseTo(9, 0)
    expect(steps.at(-1)).toBeCloseTo(9, 0)
    expect(await filesUnder(at('wide'))).toEqual([
      'a128/1.m4s',
      'a128/2.m4s',
      'a128/3.m4s',
      'a128/init.mp4',
      'manifest.mpd',
      'v180/1.m4s',
      'v180/2.m4s',
      'v180/3.m4s',
      'v180/init.mp4',
    ])
    const manifest = await readFile(at('wide/manifest.mpd'), 'utf8')
    expect(manifest).toContain('<Representation id="v180" mimeType="video/mp4" codecs="avc1.64')
    expect(manifest).toContain('<Representation id="a128" mimeType="audio/mp4" codecs="mp4a.40.2"')
    expect(manifest).toContain(
      'initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s"',
    )
    expect((await readFile(at('wide/v180/init.mp4'))).subarray(4, 28).toString('latin1')).toContain('cmfc')
  })

  it('plays back as long and as large as it says, one key frame at the start of each segment', async () => {
    const frames: string[] = []
    const args = [
      '-v',
      'error',
      '-select_streams',
      'v',
      '-show_entries',
      'frame=key_frame,width,height',
      '-of',
      'csv=p=0',
    ]
    await runProgram(tools.ffprobe, [...args, at('wide/manifest.mpd')], {
      onLine: line => line !== '' && frames.push(line),
    })
    expect(frames).toHaveLength(9 * 25)
    expect(frames.flatMap((line, n) => (line.startsWith('1,320,180') ? [n] : []))).toEqual([0, 100, 200])
  })

  it('gives the same bytes for the same input', async () => {
    const expected = await hashUnder(at('wide'))
    for (const name of ['again', 'and-again']) {
      await pack(at('wide.mp4'), name)
      expect(await hashUnder(at(name))).toBe(expected)
    }
  })

  it('takes silent, upright, rotated, odd-sized, stretched and interlaced pictures', async () => {
    const silent = await make('silent.webm', ...picture('322x242'), '-c:v', 'libvpx', '-b:v', '1M')
    expect((await pack(silent, 'silent')).durationSeconds).toBeGreaterThan(0.9)
    expect(await filesUnder(at('silent'))).toEqual(['manifest.mpd', 'v242/1.m4s', 'v242/init.mp4'])

    const upright = await make('upright.mp4', ...picture('90x160'), ...h264)
    const turned = await make('turned.mp4', '-i', upright, '-c', 'copy', '-metadata:s:v:0', 'rotate=90')
    expect((await probeFile(upright, tools)).video).toMatchObject({ width: 90, height: 160 })
    expect((await probeFile(turned, tools)).video).toMatchObject({ width: 160, height: 90 })
    await pack(turned, 'turned')
    expect(await readFile(at('turned/manifest.mpd'), 'utf8')).toContain('width="160" height="90" sar="1:1"')

    const odd = await make('odd.avi', ...picture('161x91'), '-c:v', 'mpeg4')
    await pack(odd, 'odd')
    expect(await readFile(at('odd/manifest.mpd'), 'utf8')).toContain('width="160" height="90"')

    const stretched = await make('stretched.mp4', ...picture('160x180'), '-vf', 'setsar=2/1', ...h264)
    expect((await probeFile(stretched, tools)).video).toMatchObject({ width: 320, height: 180 })

    const fields = await make(
      'fields.mp4',
      ...picture('320x180'),
      '-vf',
      'tinterlace=4',
      '-flags',
      '+ildct+ilme',
      ...h264,
    )
    expect((await probeFile(fields, tools)).video.isInterlaced).toBe(true)
    await pack(fields, 'fields')
  })

  it('bounds the frame rate', async () => {
    const fast = await make('fast.mp4', ...picture('64x64', 1, 120), ...h264)
    await pack(fast, 'fast')
    expect(await readFile(at('fast/manifest.mpd'), 'utf8')).toContain('frameRate="60/1"')
  })
})

describe('what cannot be published', () => {
  const refusals = async (file: string) => {
    const before = await filesUnder(folder)
    const error = await pack(file, 'refused').catch((thrown: unknown) => thrown)
    expect(await filesUnder(folder)).toEqual(before)
    expect(await readdir(folder)).not.toContain('refused')
    return error
  }

  it('is an absent file', async () => {
    expect(await refusals(at('nowhere.mp4'))).toMatchObject({
      code: 'file-absent',
      details: { file: at('nowhere.mp4') },
    })
  })

  it('is a file that is no film', async () => {
    await writeFile(at('words.mp4'), 'not a film\n'.repeat(500))
    await writeFile(at('empty.mp4'), '')
    await mkdir(at('folder.mp4'))
    await writeFile(at('list.m3u8'), '#EXTM3U\n#EXTINF:1,\nwide.mp4\n#EXT-X-ENDLIST\n')
    await make('still.png', ...picture('64x64'), '-frames:v', '1')
    await make('sound.m4a', ...tone(), '-c:a', 'aac')
    for (const name of ['words.mp4', 'empty.mp4', 'folder.mp4', 'list.m3u8', 'still.png', 'sound.m4a'])
      expect(await refusals(at(name))).toMatchObject({
        code: 'media-unsupported',
        details: { file: at(name) },
      })
  })

  it('is a film that is cut short or damaged', async () => {
    const whole = await readFile(
      await make('whole.mp4', '-i', at('wide.mp4'), '-c', 'copy', '-movflags', 'faststart'),
    )
    await writeFile(at('short.mp4'), whole.subarray(0, whole.length / 2))
    const late = await readFile(at('wide.mp4'))
    await writeFile(at('endless.mp4'), late.subarray(0, late.length / 2))
    const damaged = Buffer.from(whole)
    await writeFile(at('damaged.mp4'), damaged.fill(0, damaged.length / 2, damaged.length / 2 + 5000))
    for (const name of ['short.mp4', 'endless.mp4', 'damaged.mp4'])
      expect(await refusals(at(name))).toMatchObject({ code: 'file-corrupt', details: { file: at(name) } })
  })

  it('is a film whose publisher changed their mind', async () => {
    const long = await make('long.mp4', ...picture('640x360', 20), ...h264)
    const source = await probeFile(long, tools)
    const stop = new AbortController()
    const packaging = packageMedia(source, ladderFor(source), at('stopped'), tools, {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    await expect(packaging).rejects.toMatchObject({ code: 'aborted' })
    expect((await readdir(folder)).filter(name => name.includes('stopped'))).toEqual([])
    await expect(pack(long, 'stopped', AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
  })

  it('is any film where ffmpeg is missing, and the error says what to install', async () => {
    await expect(findMediaTools({ PATH: at('none') })).rejects.toMatchObject({
      code: 'tool-absent',
      details: { program: 'ffmpeg', advice: expect.stringContaining('apt-get install') },
    })
    await expect(findMediaTools({ PATH: process.env.PATH, FFMPEG_PATH: at('none') })).rejects.toMatchObject({
      details: { advice: expect.stringContaining('FFMPEG_PATH names no program') },
    })
  })
})

describe('a manifest', () => {
  it('gets names for numbers, and is refused when a representation is missing', () => {
    const manifest = '<A><Representation id="0" w="1"/></A><Representation id="1"/>'
    expect(orThrow(nameRepresentations(manifest, ['v720', 'a128']))).toBe(
      '<A><Representation id="v720" w="1"/></A><Representation id="a128"/>',
    )
    expect(nameRepresentations(manifest, ['v720'])).toMatchObject({ error: { code: 'file-corrupt' } })
  })

  it('says how long it lasts', () => {
    expect(manifestSeconds('mediaPresentationDuration="PT1H2M3.5S"')).toBe(3723.5)
    expect(manifestSeconds('mediaPresentationDuration="PT59.0S"')).toBe(59)
    expect(manifestSeconds('type="dynamic"')).toBeUndefined()
  })
})

describe('an error of ffmpeg', () => {
  it('is told without its inner addresses and the path', () => {
    expect(lastErrorOf('a\n[h264 @ 0x55] error while decoding MB 1 2\n')).toBe('error while decoding MB 1 2')
    expect(lastErrorOf('file:/a b: c.mp4: Invalid data')).toBe('Invalid data')
    expect(lastErrorOf('')).toBe('')
  })
})
