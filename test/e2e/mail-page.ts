/** What the pages of mail.test.ts run: a mailbox in a browser, steered from the test. */
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { openIndexedDbRecords } from '#adapters/records-indexed-db.ts'
import { createBrowserNode } from '#network/browser-node.ts'
import { createBrowserPeer } from '#network/browser-peer.ts'
import { type PostBox, PostOffice } from '#network/post-office.ts'
import type { Hash, PublicKey, PurchaseNonce, Signature } from '#std/brand.ts'
import { hexFromBytes, parseHex } from '#std/bytes.ts'

export type MailPage = {
  /** Opens a mailbox; `circuits`: relays through which other browsers may reach this one; `secret`: its key as hex. */
  start(relays: readonly string[], circuits?: readonly string[], secret?: string): Promise<string>
  send(to: string, addresses?: readonly string[]): Promise<string>
  received(): readonly string[]
  reports(): readonly string[]
  /** Where this page can be reached, and where its connections lead. */
  addresses(): readonly string[]
  connections(): readonly string[]
}

let box: PostBox | undefined
let node: Awaited<ReturnType<typeof createBrowserNode>> | undefined
const received: string[] = []
const reports: string[] = []

const page: MailPage = {
  async start(relays, circuits, secret) {
    node = circuits === undefined ? await createBrowserNode() : await createBrowserPeer(circuits)
    const records = await openIndexedDbRecords('mail-page')
    const ports = { node, crypto: cryptoNoble, random: randomSystem, clock: clockSystem, records }
    const office = await PostOffice.start({ ...ports, relays })
    box = office.open(parseHex(secret ?? '') ?? randomSystem.bytes(32))
    box.onMessage('close', async ({ message }) => {
      received.push(message.id)
    })
    await office.resume(({ id, outcome }) => {
      reports.push(`${id} ${outcome}`)
    })
    return box.key
  },
  async send(to, addresses = []) {
    if (box === undefined) throw new Error('not started')
    const body = {
      nonce: hexFromBytes(new Uint8Array(32).fill(1)) as Hash as PurchaseNonce,
      signature: hexFromBytes(new Uint8Array(64).fill(1)) as Signature,
    }
    return box.send({ type: 'close', body }, to as PublicKey, { addresses })
  },
  received: () => received,
  reports: () => reports,
  addresses: () => node?.getMultiaddrs().map(String) ?? [],
  connections: () => node?.getConnections().map(({ remoteAddr }) => String(remoteAddr)) ?? [],
}

Object.assign(globalThis, { mail: page })
