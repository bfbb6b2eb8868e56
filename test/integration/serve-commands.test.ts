import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DevnetChain, startDevnetChain } from '#devnet/chain.ts'
import type { Address } from '#std/brand.ts'
import { runProgram } from '#transcode/program.ts'
import { findMediaTools } from '#transcode/tools.ts'

const root = join(import.meta.dirname, '../..')
const main = join(root, 'src/cli/main.ts')
const shim = join(root, 'scripts/paratii.mjs')
const env = { ...process.env, PARATII_PASSWORD: 'correct horse' }
const running = new Set<ChildProcess>()
let home: string
let chain: DevnetChain

/** A `paratii` process: its results and log lines as they come, and how it ends. */
class Process {
  readonly child: ChildProcess
  readonly #lines: Record<string, unknown>[] = []
  readonly #waiting = new Set<() => void>()
  readonly ended: Promise<number>

  constructor(words: readonly string[], program: string = main) {
    this.child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, '--json', '--home', home, ...words],
      {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    running.add(this.child)
    for (const input of [this.child.stdout, this.child.stderr]) {
      if (input === null) throw new Error('no pipe')
      createInterface({ input }).on('line', line => {
        this.#lines.push(JSON.parse(line))
        for (const wake of this.#waiting) wake()
      })
    }
    this.ended = once(this.child, 'close').then(([code]) => {
      running.delete(this.child)
      for (const wake of this.#waiting) wake()
      return Number(code)
    })
  }

  /** The first line with these fields, once it is there. */
  async line(fields: Record<string, unknown>): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.#lines.find(line =>
        Object.entries(fields).every(([name, value]) => line[name] === value),
      )
      if (found !== undefined) return found
      if (this.child.exitCode !== null) throw new Error(`ended without it: ${JSON.stringify(this.#lines)}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      await promise
      this.#waiting.delete(resolve)
    }
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.child.kill(signal)
    return this.ended
  }
}

const run = async (...words: string[]): Promise<Record<string, unknown>> => {
  const started = new Process(words)
  const last = await started.line(words[0] === 'publish' ? { done: 1 } : { role: words[0] })
  expect(await started.ended).toBe(0)
  return last
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'paratii-serve-'))
  chain = await startDevnetChain()
}, 60_000)
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await chain?.stop()
  await rm(home, { recursive: true, force: true })
})

describe('paratii publisher serve and host serve', () => {
  it('hand a film over, tell their status, and end in order on SIGTERM; killed, they start again', async () => {
    const { rpcUrl, chainId, registry } = chain
    const flags = ['--rpc-url', rpcUrl, '--chain-id', `${chainId}`, '--registry', registry]
    const { account } = await run('publisher', 'init', ...flags)
    await chain.faucet(account as Address, 0n, 10n ** 18n)
    const film = join(home, 'film.mp4')
    const { ffmpeg } = await findMediaTools()
    await runProgram(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=160x90:d=1', film], {
      onLine: () => {},
    })

    const publisher = new Process(['publisher', 'serve'])
    const { url } = await publisher.line({ role: 'publisher', msg: 'serving' })
    expect((await fetch(`${url}/nowhere`)).ok).toBe(false)
    // Beside the daemon: a film is published while it serves.
    await run('publish', film, '--price', '0.1')

    const { account: hostAccount } = await run('host', 'init', '--publisher', String(account))
    await chain.faucet(hostAccount as Address, 0n, 10n ** 18n)
    const host = new Process(['host', 'serve'])
    await host.line({ msg: 'video-kept' })
    const { health } = await host.line({ role: 'host', msg: 'serving' })
    expect(await (await fetch(`${health}/readyz`)).json()).toEqual({ status: 'ready' })
    expect(await run('host', 'status')).toMatchObject({ videos: 1, purchases: 0, receipts: 0 })
    expect(await run('publisher', 'status')).toMatchObject({ videos: 1, open: 0, receipts: 0 })

    const second = new Process(['host', 'serve'])
    expect(await second.ended).toBe(5)
    expect(await host.stop()).toBe(0)

    expect(await new Process(['config', 'set', 'host.http=no']).ended).toBe(0)
    const quiet = new Process(['host', 'serve'])
    const serving = await quiet.line({ role: 'host', msg: 'serving' })
    expect(serving).not.toHaveProperty('url')
    expect(serving.addresses).toEqual([expect.stringMatching(/\/ws\/p2p\//)])
    expect(await quiet.stop()).toBe(0)

    await publisher.stop('SIGKILL')
    const again = new Process(['publisher', 'serve'])
    await again.line({ role: 'publisher', msg: 'serving' })
    expect(await again.stop('SIGINT')).toBe(0)
  }, 120_000)

  it('are stopped by stopping the command that started them, even by killing it', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const devnet = new Process(['devnet'], shim)
      const { rpcUrl } = await devnet.line({ chainId: 31_337 })
      // Ends when the last process that holds its output has ended: the program behind the shim.
      await devnet.stop(signal)
      await expect(fetch(String(rpcUrl))).rejects.toThrow()
    }
  }, 60_000)

  it('say what lacks before they begin', async () => {
    const other = ['--home', join(home, 'other')]
    expect(await new Process(['host', 'serve', ...other]).ended).toBe(2)
    expect(await new Process(['publisher', 'serve', '--rpc-url', 'http://127.0.0.1:9']).ended).toBe(5)
  }, 30_000)
})
