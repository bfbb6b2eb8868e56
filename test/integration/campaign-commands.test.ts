import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { readProfile } from '#chain/profile-reader.ts'
import { runCommandLine } from '#cli/program.ts'
import { findBidders, gatherBids } from '#roles/viewer/asking.ts'
import { acceptBid, signerOfKey, watchForPay } from '#roles/viewer/earning.ts'
import { parsePti, weiPerPti } from '#std/amount.ts'
import type { Address } from '#std/brand.ts'
import { runProgram } from '#transcode/program.ts'
import { findMediaTools } from '#transcode/tools.ts'
import { ask, openEarner } from './market-stage.ts'
import { forever, type Stage, startStage } from './stage.ts'

const env = { ...process.env, PARATII_PASSWORD: 'correct horse' }
const main = join(import.meta.dirname, '../../src/cli/main.ts')
let stage: Stage
let account: Address
let id: string

const words = (...command: string[]) => {
  const { chainId, registry, rpcUrl } = stage.chain
  const chain = ['--chain-id', String(chainId), '--registry', registry, '--rpc-url', rpcUrl]
  return ['--json', '--home', join(stage.folder, 'home'), ...chain, ...command]
}

/** What a command prints, parsed. */
const run = async (...command: string[]) => {
  let out = ''
  let err = ''
  const code = await runCommandLine(words(...command), {
    env,
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    columns: undefined,
    keyboard: undefined,
  })
  return { code, err, value: JSON.parse(out.trim().split('\n').at(-1) || 'null') }
}

const serve = async (): Promise<ChildProcess> => {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...words('advertiser', 'serve')],
    {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  stage.add(async () => {
    child.kill('SIGKILL')
  })
  if (child.stdout === null) throw new Error('no output')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  expect(JSON.parse(String(line))).toMatchObject({ role: 'advertiser', account })
  return child
}

beforeAll(async () => {
  stage = await startStage(20)
  const { ffmpeg } = await findMediaTools()
  const film = join(stage.folder, 'film.mp4')
  const made = await runProgram(
    ffmpeg,
    ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25:d=2', '-c:v', 'libx264', film],
    { onLine: () => {} },
  )
  expect(made.exitCode).toBe(0)
  account = (await run('advertiser', 'init')).value.account
  await stage.chain.faucet(account, 10n * weiPerPti, weiPerPti)
  id = (await run('publish', film, '--price', '0', '--advertiser')).value.video.id
})

afterAll(() => stage?.close())

describe('paratii campaign', () => {
  it('opens, runs, counts and stops a campaign; a viewer earns from it, and its history shows it', async () => {
    const created = await run(
      'campaign',
      'create',
      '--video',
      id,
      '--budget',
      '2',
      '--max-rate',
      '0.6',
      '--per-viewer',
      '1',
      '--visible',
      '50',
    )
    expect(created.code).toBe(0)
    const { campaign } = created.value
    expect(await stage.balance(account)).toBe(8n * weiPerPti)
    const server = await serve()

    const { actor, ports } = await openEarner(stage, 'earner by command')
    const viewerKey = randomSystem.bytes(32)
    const shown = { ...ask, account: actor.address }
    const bidders = await findBidders(ports, forever)
    const asker = { viewerKey, signingKey: actor.secretKey }
    const [bid] = await gatherBids(ports, shown, asker, bidders, 1000, forever)
    expect(bid).toMatchObject({ rateWei: parsePti('0.01'), payer: account })
    if (bid === undefined) throw new Error('no bid')
    const earning = await acceptBid(
      ports,
      bid,
      viewerKey,
      signerOfKey(ports.crypto, actor.secretKey),
      forever,
    )
    const play = async () => {
      await clockSystem.sleep(1000 * earning.watcher.rate.chunkSeconds)
      return { visibleMs: 1000 * earning.watcher.rate.chunkSeconds, code: '' }
    }
    const { watcher } = await watchForPay(ports, earning, play, forever)
    expect(watcher.promisedWei).toBe(bid.rateWei * BigInt(bid.length))

    server.kill('SIGTERM')
    const [code] = await once(server, 'exit')
    expect(code).toBe(0)
    expect(await stage.balance(actor.address)).toBe(watcher.promisedWei)
    const rpc = connectRpc(stage.chain.rpcUrl)
    expect(await readProfile(rpc, await stage.reader.addresses(), actor.address)).toMatchObject({
      earnedWei: watcher.promisedWei,
      campaigns: 1,
      paidSeconds: 0,
    })
    expect((await run('campaign', 'stats', campaign)).value).toMatchObject([
      { campaign, state: 'open', viewings: 1, finished: 1, lostWei: '0', won: 1 },
    ])
    expect((await run('campaign', 'stop', campaign)).code).toBe(0)
    expect((await run('campaign', 'list')).value).toMatchObject([{ campaign, state: 'stopped' }])
  })

  it('refuses what makes no sense, and nothing is paid', async () => {
    const before = await stage.balance(account)
    const create = (...more: string[]) =>
      run('campaign', 'create', '--video', id, '--max-rate', '0.6', ...more)
    expect((await create('--budget', '1', '--per-viewer', '2')).code).toBe(2)
    expect((await create('--budget', '0.0000001', '--per-viewer', '0.0000001')).code).toBe(2)
    expect((await create('--budget', '1000', '--per-viewer', '1')).code).toBe(3)
    expect((await run('campaign', 'stop', `0x${'00'.repeat(32)}`)).code).toBe(3)
    expect(await stage.balance(account)).toBe(before)
    expect((await run('campaign', 'list')).value).toHaveLength(1)
  })
})
