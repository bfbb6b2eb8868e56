import * as v from 'valibot'
import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { type ClientMessage, clientMessage, playerMessage, type TagEvent } from '#bridge/contract.ts'
import { failureOf } from '#bridge/failure.ts'
import { createLockLifelines } from '#bridge/lifeline.ts'
import { transferSchema } from '#bridge/provider.ts'
import { answer, type RequestHandlers } from '#bridge/rpc.ts'
import { contextOf } from '#bridge/sender.ts'
import { type Network, originField } from '#bridge/shapes.ts'
import { connectNetwork } from '#chain/failover-rpc.ts'
import type { Address, PurchaseNonce } from '#std/brand.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { ParatiiError } from '#std/error.ts'
import { Keyring } from '#wallet/keyring.ts'
import { ledgerSchema } from '#wallet/ledger.ts'
import { createApprovalWindow } from './approval-window.ts'
import { Approvals } from './approvals.ts'
import { BudgetDesk } from './budget-desk.ts'
import { Buying } from './buying.ts'
import {
  createDeployments,
  findContract,
  findDeployment,
  isUsedAccount,
  noRegistry,
  readBalance,
  readChainId,
  readChainTime,
  readPurchaseEnd,
} from './chain-glance.ts'
import { findHandler } from './fetch-handlers.ts'
import { HomeDesk } from './home-desk.ts'
import { NodeLink } from './node-link.ts'
import { createOffscreenPlace } from './offscreen-place.ts'
import { openSession, type PlayerSession } from './player-desk.ts'
import { acceptPort, type PagePort } from './ports.ts'
import { ProviderDesk } from './provider-desk.ts'
import { providerErrorOf, unauthorized, userRejected } from './provider-error.ts'
import { documentsSchema, ProviderEvents } from './provider-events.ts'
import { PurchaseBook, purchaseListSchema } from './purchase-book.ts'
import { createRateGate } from './rate-gate.ts'
import { type Draft, Sending } from './sending.ts'
import { Settlements } from './settlements.ts'
import { SiteBook, siteRulesSchema } from './site-book.ts'
import { createCell } from './store.ts'
import { grantsSchema, StreamGrants } from './stream-grants.ts'
import { createStreamHandler } from './stream-handler.ts'
import { openStream } from './stream-reader.ts'
import { draftTransfer, type SendAsked } from './transfer-draft.ts'
import { findUsedAccounts } from './used-accounts.ts'
import { WalletDesk } from './wallet-desk.ts'
import { firstSettings, walletSchema } from './wallet-record.ts'
import { showWindow } from './windows.ts'

declare const self: ServiceWorkerGlobalScope

const lockAlarm = 'lock'

/** Wires the background worker. Listeners are set before it returns: an event that woke the worker must find them. */
export function startBackground(): void {
  const { local, session } = chrome.storage
  const origin = `chrome-extension://${chrome.runtime.id}`
  const [clock, crypto, random] = [clockSystem, cryptoNoble, randomSystem]
  const sessions = new Set<PlayerSession>()

  const changed = (): void => {
    home.changed()
    void showBadge()
  }
  /** The icon says that something waits for the person: a question of a site, or the phrase that is not written down. */
  const showBadge = async (): Promise<void> => {
    const state = await wallet.state()
    const isWaiting = approvals.list().length > 0 || (state.status !== 'absent' && !state.settings.isBackedUp)
    await chrome.action.setBadgeText({ text: isWaiting ? '!' : '' })
  }
  const seed = createCell(session, 'keyring', v.unknown())
  const walletCell = createCell(local, 'wallet', walletSchema)
  const idleMs = async (): Promise<number> => {
    const { autoLockMinutes } = (await walletCell.read())?.settings ?? firstSettings
    return autoLockMinutes === 0 ? Number.POSITIVE_INFINITY : autoLockMinutes * 60_000
  }
  const keyring = new Keyring(
    {
      clock,
      crypto,
      secrets: {
        read: seed.read,
        async write(value) {
          await seed.update(() => value)
          const delayMs = await idleMs()
          if (Number.isFinite(delayMs))
            await chrome.alarms.create(lockAlarm, { when: clock.nowMs() + delayMs })
        },
        clear: seed.remove,
      },
    },
    idleMs,
  )
  const wallet = new WalletDesk({
    keyring,
    random,
    wallet: walletCell,
    changed: () => {
      changed()
      void home.refreshBalance()
      for (const player of sessions) player.walletChanged()
      void toldPages()
    },
  })
  /** What waits for a yes was shown for one account on one chain, and while the wallet was open. */
  const toldPages = async (): Promise<void> => {
    const state = await wallet.state()
    const shown = JSON.stringify(state.status === 'absent' ? [] : [state.address, state.network.chainId])
    if (lastShown !== undefined && lastShown !== shown)
      approvals.end(unauthorized('The account or the chain was changed meanwhile.'))
    lastShown = shown
    await events.changed(state)
  }
  let lastShown: string | undefined
  const book = new PurchaseBook(createCell(local, 'purchases', purchaseListSchema), changed)
  const grants = new StreamGrants(createCell(session, 'grants', grantsSchema), random)
  const deployments = createDeployments()
  const node = new NodeLink(createOffscreenPlace(), createLockLifelines(), {
    async 'node-key'({ purchase }) {
      const entry = await book.get(purchase)
      if (entry === undefined) throw new ParatiiError('purchase-unknown')
      return { nodeKey: hexFromBytes(await keyring.purchaseKey(entry.chainId, entry.buyer, entry.salt)) }
    },
    async meter(meter) {
      book.note(meter)
      for (const player of sessions) player.noteMeter(meter)
      return {}
    },
  })
  const endOf = async (network: Network, purchase: PurchaseNonce): Promise<number | undefined> => {
    const { store } = await deployments.get(network)
    return readPurchaseEnd(connectNetwork(network), store, purchase)
  }
  const sites = new SiteBook(createCell(local, 'sites', siteRulesSchema), changed)
  const budgets = new BudgetDesk({ ledger: createCell(local, 'ledger', ledgerSchema), sites, changed })
  const buying = new Buying({
    wallet,
    keyring,
    book,
    node,
    async funds(network, account) {
      const deployment = await deployments.get(network)
      const rpc = connectNetwork(network)
      const [balanceWei, chainTimeMs] = await Promise.all([
        readBalance(rpc, deployment.token, account),
        readChainTime(rpc),
      ])
      return { deployment, balanceWei, chainTimeMs }
    },
    crypto,
    random,
    clock,
    isOnChain: async (network, purchase) => (await endOf(network, purchase)) !== undefined,
    budgets,
    sites,
  })
  const settlements = new Settlements({ wallet, book, node, budgets, endOf, nowMs: clock.nowMs })
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
  const provider = new ProviderDesk({
    wallet,
    keyring,
    sites,
    approvals,
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
  const home = new HomeDesk({
    wallet,
    book,
    deployments,
    sites,
    budgets,
    approvals,
    sending,
    nowMs: clock.nowMs,
    isPlaying: purchase => [...sessions].some(player => player.purchase === purchase),
  })

  const handlers: RequestHandlers = {
    'wallet-state': () => wallet.state(),
    async 'wallet-create'(params) {
      const state = await wallet.create(params)
      // What a phrase that was brought along had in use shows itself as it is found; without the chain it can be added.
      restoreAccounts().catch(() => undefined)
      return state
    },
    'wallet-unlock': ({ password }) => wallet.unlock(password),
    async 'wallet-lock'() {
      approvals.end(unauthorized('The wallet is locked.'))
      return wallet.lock()
    },
    'wallet-restore': params => wallet.restore(params),
    'wallet-reveal': async ({ password }) => ({ phrase: await wallet.reveal(password) }),
    'settings-set': settings => wallet.setSettings(settings),
    'account-add': () => wallet.addAccount(),
    'account-use': ({ index }) => wallet.chooseAccount(index),
    'network-check': async place => ({ chainId: (await findDeployment(place)).chainId }),
    'network-set': network => wallet.setNetwork(network),
    'budget-set': budget => wallet.setBudget(budget),
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
    async 'purchase-stop'({ purchase }) {
      const { network } = await wallet.stored()
      await node.ask('stop', { network, purchase })
      await book.settle(purchase, 'closed')
      await grants.revoke(purchase)
      for (const player of sessions) player.stopped(purchase)
      return {}
    },
    async 'window-open'(asked) {
      await showWindow(asked)
      return {}
    },
  }

  const restoreAccounts = async (): Promise<void> => {
    const { network } = await wallet.stored()
    const { token } = await deployments.get(network)
    const used = await findUsedAccounts(
      async index => (await keyring.account(index)).address,
      address => isUsedAccount(connectNetwork(network), token, address),
    )
    if (used.length > 0) await wallet.addAccounts(used)
  }
  const disconnect = async (origin: string): Promise<void> => {
    approvals.end(unauthorized(), origin)
    await events.connected(origin, [])
  }
  const draftOf = async (network: Network, asked: SendAsked): Promise<Draft> =>
    draftTransfer(asked, asked.token === 'PTI' ? (await deployments.get(network)).token : undefined, () =>
      findContract(network, 'SendEther'),
    )

  chrome.runtime.onMessage.addListener((message: unknown, sender, respond) => {
    const from = contextOf(sender, origin)
    if (from === undefined) return false
    void answer(handlers, from, message, sender).then(respond)
    return true
  })

  // The vault, budgets and decisions lie in `local`: no content script, which lives with its site, may touch them.
  void local.setAccessLevel({ accessLevel: chrome.storage.AccessLevel.TRUSTED_CONTEXTS })

  // An idle wallet is locked when its time has come, and not only when somebody next looks.
  chrome.alarms.onAlarm.addListener(({ name }) => {
    if (name === lockAlarm)
      void keyring.isUnlocked().then(unlocked => {
        if (!unlocked) changed()
      })
  })

  chrome.runtime.onConnect.addListener(raw => {
    const port = acceptPort(raw, origin)
    if (port?.name === 'home') {
      const stop = home.watch(told => port.send({ type: 'home', ...told }))
      port.closed.addEventListener('abort', stop)
      // What cannot be asked now is asked when the popup is opened again.
      settlements.check().catch(() => undefined)
      buying.sweep().catch(() => undefined)
    } else if (port?.name === 'player') {
      servePlayer(port)
    }
  })

  function servePlayer(port: PagePort): void {
    let element: string | undefined
    const player = openSession(
      {
        wallet: () => wallet.state(),
        prepare: (asked, place) => buying.prepare(asked, place),
        buy: (asked, prepared, agreedWei) => buying.buy(asked, prepared, agreedWei),
        reopen: bought => buying.reopen(bought),
        allowAlways: (site, alwaysWei) => sites.set(site, rule => ({ ...rule, alwaysWei })),
        issueTicket: purchase => grants.issue(purchase),
      },
      {
        send: update => {
          port.send(update)
          if (update.type === 'state') changed()
        },
        tell: (name, detail) => tellTag(port, element, name, detail),
      },
    )
    sessions.add(player)
    port.closed.addEventListener('abort', () => {
      sessions.delete(player)
      changed()
    })
    port.listen(playerMessage, message => {
      if (message.type === 'open') element = message.asked.element
      player.receive(message)
      changed()
      // Bytes go past us: a worker that was restarted hears of the node again only once it has asked something.
      if (message.type === 'follow') hearOf(message.purchase).catch(() => undefined)
    })
  }

  async function hearOf(purchase: PurchaseNonce): Promise<void> {
    const { network } = await wallet.stored()
    const meter = await node.ask('open', { network, purchase })
    book.note(meter)
    for (const player of sessions) player.noteMeter(meter)
  }

  const fetchHandlers = [
    createStreamHandler({
      allows: (clientId, purchase) => grants.allows(clientId, purchase),
      open: async (purchase, path, range) => {
        const { network } = await wallet.stored()
        const { port, ended } = await node.stream({
          network,
          purchase,
          path,
          ...(range === undefined ? {} : { range }),
        })
        return openStream(port, ended)
      },
    }),
  ]
  self.addEventListener('fetch', event => {
    const url = new URL(event.request.url)
    if (url.origin !== origin) return
    const asked = { request: event.request, url, clientId: event.clientId }
    const handler = findHandler(fetchHandlers, asked)
    if (handler !== undefined) event.respondWith(handler.handle(asked))
  })

  async function serveClient(id: string, message: ClientMessage, channel?: MessagePort): Promise<void> {
    if (message.type === 'claim') {
      // A page that was there before this worker is not its client yet, and its first request would pass it by.
      await self.clients.claim()
      if (!(await grants.claim(message.ticket, id))) throw new ParatiiError('not-permitted')
      return
    }
    const { purchase } = message
    if (channel === undefined) throw new ParatiiError('request-malformed')
    if (!(await grants.allows(id, purchase))) throw new ParatiiError('not-permitted')
    const { network } = await wallet.stored()
    await node.channel({ network, purchase }, channel)
  }

  self.addEventListener('message', event => {
    const message = v.safeParse(clientMessage, event.data)
    if (!message.success || !(event.source instanceof Client)) return
    const { id, url } = event.source
    if (!url.startsWith(`${origin}/tabs/player.html`)) return
    const [reply, channel] = event.ports
    event.waitUntil(
      serveClient(id, message.output, channel).then(
        () => reply?.postMessage({ ok: true }),
        thrown => reply?.postMessage({ ok: false, failure: failureOf(thrown) }),
      ),
    )
  })

  self.addEventListener('install', () => void self.skipWaiting())
  self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))
  chrome.runtime.onInstalled.addListener(({ reason }) => {
    if (reason === chrome.runtime.OnInstalledReason.INSTALL) void showWindow({ show: 'onboarding' })
  })
}

/** Tells the content script of the tab: it knows which of its tags `element` names, and any other page does not. */
function tellTag(
  port: PagePort,
  element: string | undefined,
  name: TagEvent['name'],
  detail: TagEvent['detail'],
): void {
  const tab = port.sender.tab?.id
  if (tab === undefined || element === undefined) return
  const event: TagEvent = { type: 'tag-event', element, name, detail }
  // Nobody listens any more where the page has just gone.
  chrome.tabs.sendMessage(tab, event).catch(() => undefined)
}
