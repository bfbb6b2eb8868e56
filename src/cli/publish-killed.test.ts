import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRpc } from '#chain/http-rpc.ts'
import { type DevnetChain, startDevnetChain } from '#devnet/chain.ts'
import type { Address } from '#std/brand.ts'
import { runProgram } from '#transcode/program.ts'
import { findMediaTools } from '#transcode/tools.ts'

const main = join(import.meta.dirname, 'main.ts')
const password = 'correct horse'
const parts = 3

let folder: string
let chain: DevnetChain
let film: string
let ffmpeg: string
/** An ffmpeg that notes when it is asked for pictures: the beginnings of parts, one a line. */
let noting: string
const notes = () => join(folder, 'notes')

const paratii = (home: string, words: readonly string[]): ChildProcess =>
  spawn(process.execPath, [main, ...words, '--json', '--home', home], {
    env: { ...process.env, PARATII_PASSWORD: password, FFMPEG_PATH: noting },
    stdio: ['ignore', 'pipe', 'inherit'],
  })

type Line = { readonly step?: string; readonly done?: number; readonly video?: { readonly id: string } }

/** Publishes the film as a process of its own; killed without warning at the first line that is told to. */
const publish = async (home: string, isEnough: (line: Line) => boolean = () => false): Promise<Line> => {
  const child = paratii(home, ['publish', film, '--price', '1'])
  const ended = once(child, 'close')
  let last: Line = {}
  if (child.stdout === null) throw new Error('no output')
  for await (const text of createInterface({ input: child.stdout })) {
    last = JSON.parse(text) as Line
    if (isEnough(last)) child.kill('SIGKILL')
  }
  await ended
  return last
}

const makePublisher = async (name: string): Promise<string> => {
  const home = join(folder, name)
  const network = ['--chain-id', `${chain.chainId}`, '--rpc-url', chain.rpcUrl, '--registry', chain.registry]
  const child = paratii(home, ['publisher', 'init', ...network])
  let out = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  await once(child, 'close')
  await chain.faucet((JSON.parse(out) as { account: Address }).account, 0n, 10n ** 18n)
  return home
}

const partsEncoded = async (): Promise<string[]> => {
  const lines = (await readFile(notes(), 'utf8').catch(() => '')).split('\n')
  await rm(notes(), { force: true })
  return lines.filter(line => line !== '')
}
const blockNumber = () => connectRpc(chain.rpcUrl).request('eth_blockNumber', [])

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paratii-killed-'))
  chain = await startDevnetChain()
  ;({ ffmpeg } = await findMediaTools())
  film = join(folder, 'film.mp4')
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=10:d=34', '-f', 'lavfi', '-i', 'sine=d=34']
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30', '-c:a', 'aac']
  await runProgram(ffmpeg, ['-v', 'error', ...sources, ...codecs, film], { onLine: () => undefined })
  noting = join(folder, 'ffmpeg')
  const note = `case "$*" in *libx264*) echo "$*" | sed 's/.*-output_ts_offset \\([0-9]*\\).*/\\1/' >> ${notes()};; esac`
  await writeFile(noting, `#!/bin/sh\n${note}\nexec ${ffmpeg} "$@"\n`, { mode: 0o755 })
}, 60_000)
afterAll(async () => {
  await chain?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('a publication that is killed', () => {
  it('goes on where it was, wherever that was, and ends with the same id, nothing left behind', async () => {
    const home = await makePublisher('killed')
    const publisher = join(home, 'data/publisher')

    // In the middle of packaging, as soon as a part is done.
    const finished = () =>
      globSync('packaging/*/done/pictures-*.json', { cwd: publisher }).map(path => basename(path))
    await publish(home, ({ step }) => step === 'package' && finished().length > 0)
    const kept = finished().length
    expect(kept).toBeGreaterThan(0)
    await partsEncoded()

    // While blocks are stored: the rest was encoded, and only that.
    await publish(home, ({ step }) => step === 'store')
    const rest = await partsEncoded()
    expect(rest).toHaveLength(parts - kept)
    expect(new Set(rest).size).toBe(rest.length)

    // When it is about to be registered, and when it was: nothing is encoded any more.
    const before = await blockNumber()
    await publish(home, ({ step }) => step === 'register')
    const { video } = await publish(home)
    expect(video?.id).toMatch(/^0x[0-9a-f]{64}$/)
    expect(await partsEncoded()).toEqual([])
    expect(Number(await blockNumber())).toBe(Number(before) + 1)
    expect((await readdir(publisher)).sort()).toEqual(['blocks', 'publish.lock', 'records.db', 'serve.lock'])
    expect(await readdir(join(publisher, 'blocks/arriving'))).toEqual([])
  }, 180_000)

  it('stores what one that was let alone stores', async () => {
    const home = await makePublisher('let-alone')
    await publish(home)
    const blocksOf = async (name: string) =>
      (await readdir(join(folder, name, 'data/publisher/blocks'), { recursive: true })).sort()
    expect(await blocksOf('let-alone')).toEqual(await blocksOf('killed'))
  }, 60_000)
})
