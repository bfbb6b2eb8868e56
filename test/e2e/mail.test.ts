import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { createMemoryRecords } from '#adapters/records-memory.ts'
import { MailRelay } from '#network/mail-relay.ts'
import { createMessageNode, createRelayNode } from '#network/node.ts'
import { PeerScores } from '#network/peer-scores.ts'
import { PostOffice } from '#network/post-office.ts'
import { identityOf } from '#protocol/signature.ts'
import type { Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { findTool } from '../../scripts/find-tools.mjs'
import type { MailPage } from './mail-page.ts'

declare const mail: MailPage

const base = { crypto: cryptoNative, clock: clockSystem, random: randomSystem }
const close = {
  nonce: hexFromBytes(new Uint8Array(32).fill(1)) as Hash as PurchaseNonce,
  signature: hexFromBytes(new Uint8Array(64).fill(1)) as Signature,
}
const stops: (() => Promise<unknown>)[] = []
let relay: string
let waiting: () => number
let browser: Browser
let site: Server

beforeAll(async () => {
  const nodeKey = randomSystem.bytes(32)
  const scores = new PeerScores(clockSystem)
  const node = await createRelayNode({ nodeKey, listen: ['/ip4/127.0.0.1/tcp/0/ws'] }, scores)
  const ports = { ...base, node, nodeKey, records: createMemoryRecords(), scores }
  const mailRelay = await MailRelay.start(ports, { relays: [] })
  stops.push(
    async () => node.stop(),
    () => mailRelay.stop(),
  )
  waiting = () => mailRelay.status.waiting
  relay = String(node.getMultiaddrs()[0])

  const bundle = await build({
    entryPoints: [join(import.meta.dirname, 'mail-page.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  })
  const script = bundle.outputFiles[0]?.text ?? ''
  site = createServer((request, response) => {
    const isScript = request.url === '/mail.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? script : '<!doctype html><script type="module" src="/mail.js"></script>')
  })
  await new Promise<void>(done => site.listen(0, '127.0.0.1', done))
  stops.push(() => new Promise(done => site.close(done)))
  browser = await chromium.launch({
    executablePath: findTool('chromium') ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      // Candidates with names that only mDNS resolves need a network; loopback has none.
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  })
  stops.push(() => browser.close())
}, 120_000)
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

/** Runs in the page before its script: keeps the servers that WebRTC is told to ask. */
const noteIceServers = (): void => {
  const asked: unknown[] = []
  const Connection = globalThis.RTCPeerConnection
  globalThis.RTCPeerConnection = class extends Connection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      asked.push(configuration?.iceServers)
    }
  }
  Object.assign(globalThis, { iceServers: asked })
}

/** A page of a browser profile of its own. */
const openPage = async (): Promise<Page> => {
  const page = await (await browser.newContext()).newPage()
  await page.addInitScript(noteIceServers)
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`)
  await page.waitForFunction('globalThis.mail !== undefined')
  return page
}

describe('mail with Chromium', () => {
  it('goes between a page and a Node daemon by a relay, both ways', async () => {
    const node = await createMessageNode()
    const office = await PostOffice.start({ ...base, node, records: createMemoryRecords(), relays: [relay] })
    stops.push(
      async () => node.stop(),
      () => office.stop(),
    )
    const box = office.open(randomSystem.bytes(32))
    const got: string[] = []
    const reports: string[] = []
    box.onMessage('close', async ({ message }) => {
      got.push(message.id)
    })
    await office.resume(({ id, outcome }) => void reports.push(`${id} ${outcome}`))

    const page = await openPage()
    const pageKey = await page.evaluate(address => mail.start([address]), relay)
    const sent = await page.evaluate(to => mail.send(to), box.key)
    await expect.poll(() => got).toEqual([sent])
    await expect.poll(() => page.evaluate(() => mail.reports())).toEqual([`${sent} delivered`])

    const answer = await box.send({ type: 'close', body: close }, pageKey as PublicKey)
    await expect.poll(() => page.evaluate(() => mail.received())).toEqual([answer])
    await expect.poll(() => reports).toEqual([`${answer} delivered`])
  })

  it('goes between two pages by a relay, the receiver coming later', async () => {
    const secret = randomSystem.bytes(32)
    const { publicKey } = identityOf(cryptoNative, secret)
    const sender = await openPage()
    await sender.evaluate(address => mail.start([address]), relay)
    const id = await sender.evaluate(to => mail.send(to), publicKey)
    await expect.poll(() => waiting()).toBe(1)
    const receiver = await openPage()
    await receiver.evaluate(([address, key]) => mail.start([address], undefined, key), [
      relay,
      hexFromBytes(secret),
    ] as const)
    await expect.poll(() => receiver.evaluate(() => mail.received())).toEqual([id])
    await expect.poll(() => sender.evaluate(() => mail.reports())).toEqual([`${id} delivered`])
    await expect.poll(() => waiting()).toBe(0)
  })

  it('goes between two pages by WebRTC, which a circuit of the relay introduces', async () => {
    const [sender, receiver] = await Promise.all([openPage(), openPage()])
    const key = await receiver.evaluate(address => mail.start([], [address]), relay)
    const reachable = () =>
      receiver.evaluate(() => mail.addresses().filter(address => address.includes('/webrtc/p2p/')))
    await expect.poll(async () => (await reachable()).length).toBeGreaterThan(0)
    await sender.evaluate(address => mail.start([], [address]), relay)
    const id = await sender.evaluate(([to, addresses]) => mail.send(to, addresses), [
      key,
      await reachable(),
    ] as const)
    await expect.poll(() => receiver.evaluate(() => mail.received())).toEqual([id])
    await expect.poll(() => sender.evaluate(() => mail.reports())).toEqual([`${id} delivered`])
    // Neither listens at a relay for mail: it came over the connection between the two.
    const direct = await sender.evaluate(() =>
      mail.connections().filter(address => address.includes('/webrtc')),
    )
    expect(direct.length).toBeGreaterThan(0)
    // Nothing public was asked for the way.
    for (const page of [sender, receiver]) {
      const asked = await page.evaluate('iceServers')
      expect(asked).toContainEqual([])
      expect(new Set((asked as unknown[]).map(each => JSON.stringify(each)))).toEqual(new Set(['[]']))
    }
  })
})
