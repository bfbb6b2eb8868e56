import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRpc } from '#chain/http-rpc.ts'
import { lockFolder } from '#daemon/folder-lock.ts'
import { type DevnetChain, startDevnetChain } from '#devnet/chain.ts'
import type { Address } from '#std/brand.ts'
import { lastErrorOf, runProgram } from '#transcode/program.ts'
import { findMediaTools } from '#transcode/tools.ts'
import { runCommandLine } from './program.ts'

let folder: string
let home: string
let chain: DevnetChain
const password = 'correct horse'

type End = { readonly code: number; readonly out: string; readonly err: string }

const paratii = async (words: readonly string[], env: Record<string, string> = {}): Promise<End> => {
  let out = ''
  let err = ''
  const code = await runCommandLine(['--home', home, ...words], {
    env: { PATH: process.env.PATH, PARATII_PASSWORD: password, ...env },
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    columns: undefined,
    keyboard: undefined,
  })
  return { code, out, err }
}

const jsonLines = (text: string): unknown[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

const make = async (name: string, ...args: string[]): Promise<string> => {
  const { ffmpeg } = await findMediaTools()
  const end = await runProgram(ffmpeg, ['-v', 'error', '-y', ...args, join(folder, name)], {
    onLine: () => {},
  })
  if (end.exitCode !== 0) throw new Error(lastErrorOf(end.errors))
  return join(folder, name)
}

/** Every file of the home folder with its content, and how far the chain is. */
const snapshot = async (): Promise<unknown> => {
  const entries = await readdir(home, { recursive: true, withFileTypes: true })
  const listed = entries.map(async entry => {
    const path = join(entry.parentPath, entry.name)
    const content = entry.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : 'folder'
    return `${path} ${content}`
  })
  return [(await Promise.all(listed)).sort(), await connectRpc(chain.rpcUrl).request('eth_blockNumber', [])]
}

let film: string
let account: Address

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-cli-'))
  home = join(folder, 'home')
  chain = await startDevnetChain()
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=2', '-f', 'lavfi', '-i', 'sine=d=2']
  film = await make(
    'film.mp4',
    ...sources,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-c:a',
    'aac',
    '-movflags',
    'faststart',
  )
  const flags = ['--chain-id', `${chain.chainId}`, '--rpc-url', chain.rpcUrl, '--registry', chain.registry]
  const made = await paratii(['publisher', 'init', '--json', ...flags])
  const [result] = jsonLines(made.out) as [{ account: Address }]
  account = result.account
  await chain.faucet(account, 0n, 10n ** 18n)
})
afterAll(async () => {
  await chain?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('paratii', () => {
  it('guesses what a mistyped command or flag was meant to be', async () => {
    expect(await paratii(['publsh', film])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean publish?'),
    })
    expect(await paratii(['publisher', 'int'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean init?'),
    })
    const flag = await paratii(['publish', film, '--prise', '1'])
    expect(flag).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean --price?') })
    expect(jsonLines((await paratii(['publish', film, '--fee', 'much', '--json'])).err)).toMatchObject([
      {
        error: {
          code: 'usage-invalid',
          details: { advice: expect.stringContaining('It is an amount of PTI') },
        },
      },
    ])
    expect(await paratii([])).toMatchObject({ code: 2, err: expect.stringContaining('Usage: paratii') })
  })

  it('prints help and version as results', async () => {
    expect(await paratii(['--help'])).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('publish [options] <file>'),
    })
    expect(await paratii(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})

describe('paratii config', () => {
  it('shows what is in force and writes what is given', async () => {
    expect(await paratii(['config', 'get', 'chain.id'])).toMatchObject({ code: 0, out: '31337\n' })
    expect((await paratii(['config', 'set', 'log.level', 'warn'])).code).toBe(0)
    expect(await paratii(['config', 'set', 'health.port=8080', 'log.level='])).toMatchObject({ code: 0 })
    expect(jsonLines((await paratii(['config', 'get', 'health.port', 'log.level', '--json'])).out)).toEqual([
      { 'health.port': 8080, 'log.level': 'info' },
    ])
    expect((await paratii(['config', 'get', 'log.level'], { PARATII_LOG_LEVEL: 'error' })).out).toBe(
      'error\n',
    )
    await paratii(['config', 'set', 'health.port='])
  })

  it('refuses what is no setting or no value of one, and changes nothing', async () => {
    const before = await snapshot()
    for (const words of [
      ['log.lvl', 'info'],
      ['log.level', 'loud'],
      ['log.level=info', 'chain.id=x'],
      ['log.level'],
    ]) {
      const end = await paratii(['config', 'set', ...words])
      expect(end).toMatchObject({ code: 2, out: '' })
      expect(end.err.trim().split('\n')).toHaveLength(1)
    }
    expect(await snapshot()).toEqual(before)
  })
})

describe('paratii publisher init', () => {
  it('is done once, and changes nothing then or under a bad password', async () => {
    const before = await snapshot()
    expect(await paratii(['publisher', 'init'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('already'),
    })
    expect(await snapshot()).toEqual(before)
    const fresh = join(folder, 'fresh')
    expect(
      await paratii(['--home', fresh, 'publisher', 'init'], { PARATII_PASSWORD: 'short' }),
    ).toMatchObject({ code: 2 })
    expect(await readdir(folder)).not.toContain('fresh')
  })
})

describe('paratii publish', () => {
  it('sells a film: progress and then the video, the same one when asked again', async () => {
    const words = [
      'publish',
      film,
      '--price',
      '0.4',
      '--fee',
      '0.2',
      '--ttl',
      '12h',
      '--title',
      'Two seconds',
      '--json',
    ]
    const first = await paratii(words)
    expect(first).toMatchObject({ code: 0, err: '' })
    const lines = jsonLines(first.out)
    const steps = lines.slice(0, -1) as { step: string; done: number }[]
    expect([...new Set(steps.map(line => line.step))]).toEqual(['package', 'store', 'register'])
    expect(steps.map(line => line.done)).toEqual(steps.map(line => line.done).sort((a, b) => a - b))
    expect(steps.at(-1)?.done).toBe(1)
    expect(lines.at(-1)).toMatchObject({
      video: {
        title: 'Two seconds',
        owner: account,
        duration: 2,
        chunksize: 4,
        formats: { cmaf: { price: `${4n * 10n ** 17n}`, fee: `${2n * 10n ** 8n}`, ttl: 43_200 } },
      },
    })
    const afterFirst = await connectRpc(chain.rpcUrl).request('eth_blockNumber', [])
    const again = await paratii(words)
    expect(jsonLines(again.out).at(-1)).toEqual(lines.at(-1))
    expect(await connectRpc(chain.rpcUrl).request('eth_blockNumber', [])).toBe(afterFirst)
  })

  it('shows people one line a step, and what to do next', async () => {
    const { code, out, err } = await paratii(['publish', film, '--price', '1'])
    expect(code).toBe(0)
    expect(err).toBe('Packaging the film\nStoring its blocks\nRegistering it on the chain\n')
    expect(out).toContain('<paratii-player video="0x')
    expect(out).toContain('Published "film" (2 s) for 1 PTI, and 0.1 PTI/GB to hosts.')
  })

  it('is refused with one line and a code, everything as before', async () => {
    const whole = await readFile(film)
    const damaged = Buffer.from(whole)
    damaged.fill(0, damaged.length / 2, damaged.length / 2 + 3000)
    await writeFile(join(folder, 'damaged.mp4'), damaged)
    await writeFile(join(folder, 'short.mp4'), whole.subarray(0, whole.length / 2))
    await writeFile(join(folder, 'words.mp4'), 'words\n'.repeat(1000))
    const sound = await make('sound.m4a', '-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac')
    const price = ['--price', '1']
    const cases: readonly [words: string[], exit: number, code: string, env?: Record<string, string>][] = [
      [['nowhere.mp4', ...price], 3, 'file-absent'],
      [[join(folder, 'words.mp4'), ...price], 3, 'media-unsupported'],
      [[sound, ...price], 3, 'media-unsupported'],
      [[folder, ...price], 3, 'media-unsupported'],
      [[join(folder, 'short.mp4'), ...price], 3, 'file-corrupt'],
      [[join(folder, 'damaged.mp4'), ...price], 3, 'file-corrupt'],
      [[film, ...price], 3, 'tool-absent', { PATH: '/nowhere' }],
      [[film, ...price], 2, 'password-wrong', { PARATII_PASSWORD: 'incorrect horse' }],
      [[film, ...price, '--rpc-url', 'http://127.0.0.1:9'], 5, 'chain-unreachable'],
      [[film, ...price, '--chain-id', '1'], 3, 'chain-mismatch'],
      [[film, ...price, '--registry', `0x${'11'.repeat(20)}`], 3, 'chain-mismatch'],
      [[film, ...price, '--ttl', '31d'], 2, 'usage-invalid'],
      [[film, ...price, '--fee', '0.0000000001'], 2, 'usage-invalid'],
      [[film, ...price, '--title', ' '], 2, 'usage-invalid'],
    ]
    const before = await snapshot()
    for (const [words, exit, code, env] of cases) {
      const end = await paratii(['publish', '--json', ...words], env)
      const error = jsonLines(end.err).at(-1)
      expect({ words, exit: end.code, error }).toMatchObject({ words, exit, error: { error: { code } } })
    }
    expect(await snapshot()).toEqual(before)
  })

  it('is refused where there is no publisher, no ether, no price, or a publication is going on', async () => {
    const publish = ['publish', film, '--price', '1']
    const elsewhere = ['--home', join(folder, 'elsewhere')]
    expect(await paratii([...publish, ...elsewhere])).toMatchObject({
      code: 2,
      err: expect.stringContaining('chain.id'),
    })
    expect(await readdir(folder)).not.toContain('elsewhere')
    expect(await paratii(['publish', film])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--price'),
    })
    const lock = lockFolder(join(home, 'data/publisher'), 'publish')
    expect(await paratii(publish)).toMatchObject({
      code: 5,
      err: expect.stringContaining('using this folder'),
    })
    lock.release()

    const poor = ['--home', join(folder, 'poor'), '--chain-id', `${chain.chainId}`, '--rpc-url', chain.rpcUrl]
    expect((await paratii([...poor, '--registry', chain.registry, 'publisher', 'init'])).code).toBe(0)
    expect(await paratii([...publish, '--home', join(folder, 'poor')])).toMatchObject({
      code: 3,
      err: expect.stringContaining('ether for gas'),
    })
  })
})

describe('paratii video', () => {
  it('lists what was published here and shows what is registered', async () => {
    const { out } = await paratii(['video', 'list', '--json'])
    const [videos] = jsonLines(out) as [{ id: string; title: string }[]]
    expect(videos.map(video => video.title).sort()).toEqual(['Two seconds', 'film'])
    const shown = await paratii(['video', 'show', videos[0]?.id ?? ''])
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('PTI/GB') })
    expect(await paratii(['video', 'list', '--home', join(folder, 'nobody')])).toMatchObject({
      code: 0,
      out: expect.stringContaining('No videos yet'),
    })
  })

  it('says so of an id that is unknown or none', async () => {
    expect(await paratii(['video', 'show', `0x${'00'.repeat(32)}`])).toMatchObject({
      code: 3,
      err: expect.stringContaining('No such video is registered'),
    })
    expect(await paratii(['video', 'show', '0x12'])).toMatchObject({ code: 2 })
  })
})
