import * as v from 'valibot'
import { transferSchema } from '#bridge/provider.ts'
import type { RequestHandlers } from '#bridge/rpc.ts'
import { type Network, originField } from '#bridge/shapes.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { Clock } from '#std/ports/clock.ts'
import type { Crypto } from '#std/ports/crypto.ts'
import type { Random } from '#std/ports/random.ts'
import type { Keyring } from '#wallet/keyring.ts'
import { createApprovalWindow } from './approval-window.ts'
import { Approvals } from './approvals.ts'
import { type Deployments, findContract, noRegistry, readChainId } from './chain-glance.ts'
import type { OffscreenPlace } from './offscreen-place.ts'
import { PageReach } from './page-reach.ts'
import type { PlayerControls } from './player-controls.ts'
import { ProviderDesk } from './provider-desk.ts'
import { providerErrorOf, unauthorized, userRejected } from './provider-error.ts'
import { documentsSchema, ProviderEvents } from './provider-events.ts'
import { createRateGate } from './rate-gate.ts'
import { type Draft, Sending } from './sending.ts'
import type { SiteBook } from './site-book.ts'
import { SitePermissions } from './site-permissions.ts'
import { createCell } from './store.ts'
import { draftTransfer, type SendAsked } from './transfer-draft.ts'
import type { WalletDesk } from './wallet-desk.ts'

type SiteWiring = {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly random: Random
  readonly wallet: WalletDesk
  readonly keyring: Keyring
  readonly sites: SiteBook
  readonly deployments: Deployments
  readonly place: OffscreenPlace
  readonly controls: PlayerControls
  readonly changed: () => void
}

/** Wires what sites may ask of the wallet, the person's answers, and what is sent in the end. */
export function wireSites(wiring: SiteWiring) {
  const { clock, crypto, random, wallet, keyring, sites, deployments, place, controls, changed } = wiring
  const { local, session } = chrome.storage
  const approvals = new Approvals({ random, changed, show: () => void approvalWindow.show() })
  const approvalWindow = createApprovalWindow(() => approvals.end(userRejected()))
  const sending = new Sending({
    rpc: connectNetwork,
    keyring,
    transfers: createCell(local, 'transfers', v.array(transferSchema)),
    crypto,
    clock,
    changed,
  })
  const tokenOf = async (network: Network): Promise<Address | undefined> =>
    network.registry === noRegistry ? undefined : (await deployments.get(network)).token
  const permissions = new SitePermissions({ sites, approvals })
  const reach = new PageReach({
    permissions,
    place,
    control: (origin, element, control) => controls.control(origin, element, control),
  })
  const provider = new ProviderDesk({
    wallet,
    keyring,
    permissions,
    approvals,
    reach,
    sending,
    crypto,
    rpc: connectNetwork,
    token: tokenOf,
    checkChain: readChainId,
    passes: createRateGate(clock.nowMs, { burst: 100, perSecond: 20 }),
  })
  const events = new ProviderEvents({
    documents: createCell(session, 'documents', documentsSchema),
    sites,
    async send({ tab, document }, event) {
      await chrome.tabs.sendMessage(tab, event, { documentId: document })
    },
  })

  let lastShown: string | undefined
  const disconnect = async (origin: string): Promise<void> => {
    approvals.end(unauthorized(), origin)
    await events.connected(origin, [])
  }
  const draftOf = async (network: Network, asked: SendAsked): Promise<Draft> =>
    draftTransfer(asked, asked.token === 'PTI' ? (await deployments.get(network)).token : undefined, () =>
      findContract(network, 'SendEther'),
    )

  const handlers = {
    async 'site-set'({ origin, rule }) {
      await sites.set(origin, () => rule)
      if (rule.isConnected !== true) await disconnect(origin)
      return {}
    },
    async 'site-forget'({ origin }) {
      await sites.forget(origin)
      await disconnect(origin)
      return {}
    },
    async 'provider-request'(asked, sender) {
      const { origin, frameId } = sender
      if (origin === undefined || frameId !== 0 || !v.is(originField, origin))
        throw new ParatiiError('not-permitted')
      await events.note(sender)
      try {
        await events.changed(await wallet.state())
        const result = await provider.request(origin, asked)
        return { ok: true, result }
      } catch (thrown) {
        const { code, message } = providerErrorOf(thrown)
        return { ok: false, code, message: message.slice(0, 300) }
      }
    },
    async 'approval-answer'({ id, isYes }) {
      if (isYes && !(await keyring.isUnlocked())) throw new ParatiiError('wallet-locked')
      approvals.answer(id, isYes)
      return {}
    },
    async 'send-quote'(asked) {
      const { network, account } = await wallet.stored()
      const { transaction, willFail } = await sending.prepare(
        network,
        account.address,
        await draftOf(network, asked),
      )
      return { feeWei: transaction.gas * transaction.maxFeeWei, willFail }
    },
    async send(asked) {
      const { network, account } = await wallet.stored()
      const prepared = await sending.prepare(network, account.address, await draftOf(network, asked))
      if (prepared.willFail) throw new ParatiiError('transaction-failed')
      const { gas, maxFeeWei } = prepared.transaction
      // Prices of gas move: what was shown is the most that is paid.
      if (gas * maxFeeWei > asked.feeMaxWei) throw new ParatiiError('terms-changed')
      const { token, wei, to, description } = asked
      const memo = { token, wei, to, ...(description === undefined ? {} : { description }) }
      return sending.send(network, account, prepared, memo)
    },
  } satisfies Partial<RequestHandlers>

  return {
    approvals,
    sending,
    handlers,
    /** What waits for a yes was shown for one account on one chain, and while the wallet was open. */
    async walletChanged(): Promise<void> {
      const state = await wallet.state()
      const shown = JSON.stringify(state.status === 'absent' ? [] : [state.address, state.network.chainId])
      if (lastShown !== undefined && lastShown !== shown)
        approvals.end(unauthorized('The account or the chain was changed meanwhile.'))
      lastShown = shown
      await events.changed(state)
    },
    locking: () => approvals.end(unauthorized('The wallet is locked.')),
  }
}
