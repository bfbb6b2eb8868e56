import * as v from 'valibot'
import { openIndexedDbRecords } from '#adapters/records-indexed-db.ts'
import type { TagEvent } from '#bridge/contract.ts'
import { attentionSchema, earnerMessage } from '#bridge/earning.ts'
import type { nodeCallbacks } from '#bridge/node-contract.ts'
import type { PortHandlers } from '#bridge/port-rpc.ts'
import type { RequestHandlers } from '#bridge/rpc.ts'
import type { Network } from '#bridge/shapes.ts'
import { listEarnings } from '#roles/viewer/earning-records.ts'
import type { Address } from '#std/brand.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Records } from '#std/ports/records.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { findContract } from './chain-glance.ts'
import { type EarnerSession, openEarnerSession } from './earner-session.ts'
import { EarningDesk, type EarningMemory } from './earning-desk.ts'
import type { NodeLink } from './node-link.ts'
import type { PagePort } from './ports.ts'
import { recordsName } from './records-name.ts'
import { createCell } from './store.ts'
import type { StreamGrants } from './stream-grants.ts'
import { viewOfEarning } from './viewing-view.ts'
import type { WalletDesk } from './wallet-desk.ts'

type EarningWiring = {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly wallet: WalletDesk
  readonly keyring: Keyring
  readonly node: NodeLink
  readonly grants: StreamGrants
  readonly changed: () => void
  readonly tellTag: (
    port: PagePort,
    element: string | undefined,
    name: TagEvent['name'],
    detail: TagEvent['detail'],
  ) => void
}
type Callbacks = PortHandlers<typeof nodeCallbacks>

const memorySchema: v.GenericSchema<unknown, EarningMemory> = v.object({
  watched: v.optional(
    v.object({ day: v.number(), seconds: v.number(), ofAdvertiser: v.record(v.string(), v.number()) }),
  ),
  failed: v.record(v.string(), v.number()),
})

/** Wires what is paid for attention: the person's choices, the players that play for it, and what the node stored. */
export function wireEarning(wiring: EarningWiring) {
  const { clock, crypto, wallet, keyring, node, grants, changed, tellTag } = wiring
  const { local } = chrome.storage
  const sessions = new Set<EarnerSession>()
  const records = new Map<string, Promise<Records>>()
  /** The node's own records: it alone writes them. */
  const recordsOf = (network: Network): Promise<Records> => {
    const name = recordsName(network)
    const opened = records.get(name) ?? openIndexedDbRecords(name)
    records.set(name, opened)
    opened.catch(() => records.delete(name))
    return opened
  }
  const desk = new EarningDesk({
    wallet,
    keyring,
    node,
    attention: createCell(local, 'attention', attentionSchema),
    memory: createCell(local, 'attention-memory', memorySchema),
    languages: () => chrome.i18n.getAcceptLanguages(),
    campaigns: network => findContract(network, 'Campaigns'),
    viewings: async (network, payee) =>
      (await listEarnings(await recordsOf(network)))
        .filter(earning => earning.payee === payee)
        .map(earning => viewOfEarning(earning, false)),
    clock,
    crypto,
    changed,
  })

  const handlers = {
    async 'attention-set'(attention) {
      await desk.setAttention(attention)
      for (const session of sessions) session.walletChanged()
      return {}
    },
    'bids-look': async () => ({ bids: [...(await desk.look())] }),
    async 'bid-press'({ bid }) {
      desk.press(bid)
      return {}
    },
    async 'viewing-stop'({ viewing }) {
      await desk.stop(viewing)
      return {}
    },
  } satisfies Partial<RequestHandlers>

  return {
    handlers,
    view: (network: Network, payee: Address) => desk.view(network, payee),
    sign: (async acceptance => ({
      signature: await desk.sign(acceptance),
    })) satisfies Callbacks['sign-acceptance'],
    note: (async viewing => {
      desk.note(viewing)
      for (const session of sessions) session.note(viewing)
      return {}
    }) satisfies Callbacks['viewing'],
    walletChanged(): void {
      for (const session of sessions) session.walletChanged()
    },
    /** Leads a player whose tag wants to be paid for. */
    serve(port: PagePort): void {
      let element: string | undefined
      const session = openEarnerSession(
        {
          wallet: () => wallet.state(),
          attention: () => desk.attention(),
          resume: () => desk.resume(),
          look: async site => desk.pressed ?? desk.look(site),
          choose: bids => desk.choose(bids),
          accept: bid => desk.accept(bid),
          issueTicket: viewing => grants.issue(viewing),
        },
        port.send,
        ({ earnedWei }) => tellTag(port, element, 'paratii-earned', { earnedWei: earnedWei.toString() }),
      )
      sessions.add(session)
      port.closed.addEventListener('abort', () => sessions.delete(session))
      port.listen(earnerMessage, message => {
        if (message.type === 'open') element = message.asked.element
        session.receive(message)
        if (message.type === 'follow') desk.hearOf(message.viewing).then(session.note, () => undefined)
      })
    },
  }
}
