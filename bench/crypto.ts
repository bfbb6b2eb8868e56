/**
 * Signatures and envelopes a second for each adapter, in Node and in Chromium, and messages a second through a pair of
 * mailboxes: `node bench/crypto.ts`. The last line is JSON; it is kept in bench/results/crypto.json.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import { MailRelay } from '#network/mail-relay.ts'
import { createMessageNode, createRelayNode } from '#network/node.ts'
import { PeerScores } from '#network/peer-scores.ts'
import { PostOffice } from '#network/post-office.ts'
import type { Hash, PurchaseNonce, Signature } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { findTool } from '../scripts/find-tools.mjs'
import { type CryptoRates, measureCrypto } from './crypto-run.ts'
import { describeMachine } from './machine.ts'

const milliseconds = 1_500
const messages = 200
const say = (text: string) => process.stderr.write(`${text}\n`)

const measureChromium = async (): Promise<{ version: string; rates: CryptoRates }> => {
  const bundle = await build({
    entryPoints: [join(import.meta.dirname, 'crypto-page.ts')],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  })
  const browser = await chromium.launch({
    executablePath: findTool('chromium') ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
  try {
    const page = await browser.newPage()
    await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' })
    const rates = (await page.evaluate(`measure(${milliseconds})`)) as CryptoRates
    return { version: browser.version(), rates }
  } finally {
    await browser.close()
  }
}

/** Messages stored by the sender, carried, handled and stored by the receiver, acknowledged and reported, a second. */
const measureMailboxes = async (byRelay: boolean): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'paratii-bench-'))
  const base = { crypto: cryptoNative, clock: clockSystem, random: randomSystem }
  const open = (name: string) => openSqliteRecords(join(folder, `${name}.sqlite`))
  const stops: (() => Promise<unknown>)[] = []
  try {
    const relays: string[] = []
    if (byRelay) {
      const nodeKey = randomSystem.bytes(32)
      const scores = new PeerScores(clockSystem)
      const node = await createRelayNode({ nodeKey, listen: ['/ip4/127.0.0.1/tcp/0'] }, scores)
      const relay = await MailRelay.start(
        { ...base, node, nodeKey, records: open('relay'), scores },
        { relays: [] },
      )
      stops.push(
        async () => node.stop(),
        () => relay.stop(),
      )
      relays.push(String(node.getMultiaddrs()[0]))
    }
    const start = async (name: string) => {
      const node = await createMessageNode({ listen: ['/ip4/127.0.0.1/tcp/0'] })
      const office = await PostOffice.start({ ...base, node, records: open(name), relays })
      stops.push(
        async () => node.stop(),
        () => office.stop(),
      )
      return { node, office, box: office.open(randomSystem.bytes(32)) }
    }
    const [sender, receiver] = [await start('sender'), await start('receiver')]
    receiver.box.onMessage('close', async () => {})
    let delivered = 0
    const done = Promise.withResolvers<void>()
    await sender.office.resume(({ outcome }) => {
      if (outcome !== 'delivered') done.reject(new Error(outcome))
      if (++delivered === messages) done.resolve()
    })
    while (byRelay && !(sender.office.isConnected && receiver.office.isConnected)) await clockSystem.sleep(10)
    const addresses = byRelay ? [] : receiver.node.getMultiaddrs().map(String)
    const body = {
      nonce: hexFromBytes(new Uint8Array(32).fill(1)) as Hash as PurchaseNonce,
      signature: hexFromBytes(new Uint8Array(64).fill(1)) as Signature,
    }
    const started = performance.now()
    for (let i = 0; i < messages; i++)
      await sender.box.send({ type: 'close', body }, receiver.box.key, { addresses })
    await done.promise
    return Math.round((1000 * messages) / (performance.now() - started))
  } finally {
    for (const stop of stops.reverse()) await stop()
    await rm(folder, { recursive: true, force: true })
  }
}

say('signatures and envelopes in Node')
const native = measureCrypto(cryptoNative, milliseconds)
const noble = measureCrypto(cryptoNoble, milliseconds)
say('signatures and envelopes in Chromium')
const { version, rates } = await measureChromium()
say('messages through a pair of mailboxes')
const direct = await measureMailboxes(false)
const byRelay = await measureMailboxes(true)
const result = {
  machine: describeMachine(version),
  perSecond: { 'native, Node': native, 'noble, Node': noble, 'noble, Chromium': rates },
  messagesPerSecond: { direct, 'by a relay': byRelay },
}
await mkdir(join(import.meta.dirname, 'results'), { recursive: true })
await writeFile(join(import.meta.dirname, 'results/crypto.json'), `${JSON.stringify(result, undefined, 2)}\n`)
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)
