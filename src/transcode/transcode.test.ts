import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
const packed = async (file: string, name: string) => (await pack(file, name)).folder
const manifestOf = (film: string) => readFile(join(film, 'manifest.mpd'), 'utf8')
/** Each frame of a rendition as one word, such as `1,320,180`: whether it is a key frame, and its size. */
const framesOf = async (playlist: string, stream: string) => {
  const frames: string[] = []
  const shown = ['-select_streams', stream, '-show_entries', 'frame=key_frame,width,height', '-of', 'csv=p=0']
  await runProgram(tools.ffprobe, ['-v', 'error', ...shown, playlist], {
    onLine: line => line !== '' && frames.push(line),
  })
  return frames
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
  let film: string

  it('gives whole segments of 4 s, the same in every rendition, with a manifest and playlists', async () => {
    const file = await make(
      'wide.mp4',
      ...picture('800x450', 9),
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
    film = packaged.folder
    expect(packaged.durationSeconds).toBeCloseTo(9, 0)
    expect(steps.at(-1)).toBeCloseTo(9, 0)
    const segments = (name: string) =>
      ['1.m4s', '2.m4s', '3.m4s', 'index.m3u8', 'init.mp4'].map(one => `${name}/${one}`)
    expect(await filesUnder(film)).toEqual([
      ...segments('a128'),
      'manifest.mpd',
      'master.m3u8',
      ...segments('v360'),
      ...segments('v450'),
    ])
    const manifest = await manifestOf(film)
    expect(manifest).toContain('<Representation id="v450" codecs="avc1.64')
    expect(manifest).toContain('<Representation id="v360" codecs="avc1.64')
    expect(manifest).toContain('<Representation id="a128" codecs="mp4a.40.2"')
    expect(manifest.match(/<S t="0" d="51200" r="1"\/>\s*<S d="12800"\/>/g)).toHaveLength(2)
    expect((await readFile(join(film, 'v450/init.mp4'))).subarray(4, 28).toString('latin1')).toContain('cmfc')
  })

  it('plays back as long and as large as it says by DASH and HLS, one key frame a segment', async () => {
    const keys = (frames: readonly string[], size: string) =>
      frames.flatMap((line, n) => (line.startsWith(`1,${size}`) ? [n] : []))
    for (const playlist of ['manifest.mpd', 'master.m3u8'])
      for (const [stream, size] of [
        ['v:0', '800,450'],
        ['v:1', '640,360'],
      ] as const) {
        const frames = await framesOf(join(film, playlist), stream)
        expect({ playlist, frames: frames.length }).toEqual({ playlist, frames: 9 * 25 })
        expect(keys(frames, size)).toEqual([0, 100, 200])
      }
  })

  it('tells HLS players what each rendition takes, and with which sound', async () => {
    const master = await readFile(join(film, 'master.m3u8'), 'utf8')
    expect(master).toMatch(
      /#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.64[0-9a-f]{4},mp4a\.40\.2",RESOLUTION=800x450,FRAME-RATE=25\.000,AUDIO="sound"\nv450\/index\.m3u8\n/,
    )
    expect(master).toContain('RESOLUTION=640x360')
    expect(master).toContain('URI="a128/index.m3u8"')
    expect((await readFile(join(film, 'v360/index.m3u8'), 'utf8')).split('\n').slice(1)).toEqual([
      '#EXT-X-VERSION:7',
      '#EXT-X-TARGETDURATION:4',
      '#EXT-X-MEDIA-SEQUENCE:1',
      '#EXT-X-PLAYLIST-TYPE:VOD',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="init.mp4"',
      ...['#EXTINF:4.000000,', '1.m4s', '#EXTINF:4.000000,', '2.m4s', '#EXTINF:1.000000,', '3.m4s'],
      '#EXT-X-ENDLIST',
      '',
    ])
  })

  it('gives the same bytes for the same input', async () => {
    const expected = await hashUnder(film)
    for (const name of ['again', 'and-again'])
      expect(await hashUnder(await packed(at('wide.mp4'), name))).toBe(expected)
  })

  it('takes silent, upright, rotated, odd-sized, stretched and interlaced pictures', async () => {
    const screencast = ['-c:v', 'libvpx', '-b:v', '1M', '-g', '9999']
    const silent = await make('silent.webm', ...picture('512x384'), ...screencast)
    const silentFilm = await pack(silent, 'silent')
    expect(silentFilm.durationSeconds).toBeGreaterThan(0.9)
    expect(await filesUnder(silentFilm.folder)).toEqual([
      'manifest.mpd',
      'master.m3u8',
      'v360/1.m4s',
      'v360/index.m3u8',
      'v360/init.mp4',
      'v384/1.m4s',
      'v384/index.m3u8',
      'v384/init.mp4',
    ])
    expect((await framesOf(join(silentFilm.folder, 'master.m3u8'), 'v:1'))[0]).toMatch(/^1,480,360/)

    const upright = await make('upright.mp4', ...picture('450x800'), ...h264)
    expect(await manifestOf(await packed(upright, 'upright'))).toContain('width="360" height="640"')
    const narrow = await make('narrow.mp4', ...picture('90x160'), ...h264)
    const turned = await make('turned.mp4', '-i', narrow, '-c', 'copy', '-metadata:s:v:0', 'rotate=90')
    expect((await probeFile(narrow, tools)).video).toMatchObject({ width: 90, height: 160 })
    expect((await probeFile(turned, tools)).video).toMatchObject({ width: 160, height: 90 })
    const turnedFilm = await packed(turned, 'turned')
    expect((await framesOf(join(turnedFilm, 'manifest.mpd'), 'v'))[0]).toMatch(/^1,160,90/)

    const odd = await make('odd.avi', ...picture('161x91'), '-c:v', 'mpeg4')
    expect(await manifestOf(await packed(odd, 'odd'))).toContain('width="160" height="90"')

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
    expect(await manifestOf(await packed(fast, 'fast'))).toContain('frameRate="60/1"')
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

describe('an error of ffmpeg', () => {
  it('is told without its inner addresses and the path', () => {
    expect(lastErrorOf('a\n[h264 @ 0x55] error while decoding MB 1 2\n')).toBe('error while decoding MB 1 2')
    expect(lastErrorOf('file:/a b: c.mp4: Invalid data')).toBe('Invalid data')
    expect(lastErrorOf('')).toBe('')
  })
})
