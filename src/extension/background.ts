import { clockSystem } from '#adapters/clock-system.ts'
import { cryptoNoble } from '#adapters/crypto-noble.ts'
import { randomSystem } from '#adapters/random-system.ts'
import { playerMessage, type TagEvent } from '#bridge/contract.ts'
import { answer, type RequestHandlers } from '#bridge/rpc.ts'
import { contextOf } from '#bridge/sender.ts'
import { createDeployments } from './chain-glance.ts'
import { wireClients } from './client-wiring.ts'
import { wireEarning } from './earning-wiring.ts'
import { HomeDesk } from './home-desk.ts'
import { createOffscreenPlace } from './offscreen-place.ts'
import { PlayerControls } from './player-controls.ts'
import { openSession, type PlayerSession } from './player-desk.ts'
import { acceptPort, type PagePort } from './ports.ts'
import { wirePurchases } from './purchase-wiring.ts'
import { SiteBook, siteRulesSchema } from './site-book.ts'
import { wireSites } from './site-wiring.ts'
import { createCell } from './store.ts'
import { wireWallet } from './wallet-wiring.ts'
import { showWindow } from './windows.ts'

/** Wires the background worker. Listeners are set before it returns: an event that woke the worker must find them. */
export function startBackground(): void {
  const { local } = chrome.storage
  const origin = `chrome-extension://${chrome.runtime.id}`
  const [clock, crypto, random] = [clockSystem, cryptoNoble, randomSystem]
  const sessions = new Set<PlayerSession>()
  const deployments = createDeployments()
  const controls = new PlayerControls(random)
  const place = createOffscreenPlace()

  const changed = (): void => {
    home.changed()
    void showBadge()
  }
  /** The icon says that something waits for the person: a question of a site, or the phrase that is not written down. */
  const showBadge = async (): Promise<void> => {
    const state = await wallet.state()
    const isWaiting =
      asking.approvals.list().length > 0 || (state.status !== 'absent' && !state.settings.isBackedUp)
    await chrome.action.setBadgeText({ text: isWaiting ? '!' : '' })
  }
  const {
    wallet,
    keyring,
    handlers: walletHandlers,
  } = wireWallet({
    clock,
    crypto,
    random,
    deployments,
    changed,
    walletChanged() {
      changed()
      void home.refreshBalance()
      for (const player of sessions) player.walletChanged()
      shop.settingsChanged()
      void asking.walletChanged()
      shop.restore()
      earning.walletChanged()
    },
    locking: () => asking.locking(),
  })
  const sites = new SiteBook(createCell(local, 'sites', siteRulesSchema), changed)
  const shared = { clock, crypto, random, wallet, keyring, sites, deployments, changed }
  const shop = wirePurchases({
    ...shared,
    sessions,
    place,
    earning: {
      'sign-acceptance': acceptance => earning.sign(acceptance),
      viewing: viewing => earning.note(viewing),
    },
  })
  const earning = wireEarning({ ...shared, node: shop.node, grants: shop.grants, tellTag })
  const asking = wireSites({ ...shared, place, controls })
  const home = new HomeDesk({
    wallet,
    book: shop.book,
    deployments,
    sites,
    budgets: shop.budgets,
    approvals: asking.approvals,
    sending: asking.sending,
    earning: earning.view,
    nowMs: clock.nowMs,
    isPlaying: purchase => [...sessions].some(player => player.purchase === purchase),
  })

  const handlers: RequestHandlers = {
    ...walletHandlers,
    ...shop.handlers,
    ...asking.handlers,
    ...earning.handlers,
    async 'window-open'(asked) {
      await showWindow(asked)
      return {}
    },
  }

  chrome.runtime.onMessage.addListener((message: unknown, sender, respond) => {
    const from = contextOf(sender, origin)
    if (from === undefined) return false
    void answer(handlers, from, message, sender).then(respond)
    return true
  })

  // The vault, budgets and decisions lie in `local`: no content script, which lives with its site, may touch them.
  void local.setAccessLevel({ accessLevel: chrome.storage.AccessLevel.TRUSTED_CONTEXTS })

  chrome.runtime.onConnect.addListener(raw => {
    const port = acceptPort(raw, origin)
    if (port?.name === 'home') {
      const stop = home.watch(told => port.send({ type: 'home', ...told }))
      port.closed.addEventListener('abort', stop)
      shop.checkAll()
    } else if (port?.name === 'player') {
      servePlayer(port)
    } else if (port?.name === 'earner') {
      earning.serve(port)
    }
  })

  function servePlayer(port: PagePort): void {
    let element: string | undefined
    const player = openSession(
      {
        wallet: () => wallet.state(),
        prepare: (asked, place) => shop.buying.prepare(asked, place),
        buy: (asked, prepared, agreedWei, onReadable) =>
          shop.buying.buy(asked, prepared, agreedWei, onReadable),
        reopen: (bought, onReadable) => shop.buying.reopen(bought, onReadable),
        warm: prepared => void shop.buying.warm(prepared),
        allowAlways: (site, alwaysWei) => sites.set(site, rule => ({ ...rule, alwaysWei })),
        issueTicket: purchase => shop.grants.issue(purchase),
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
      if (message.type === 'controlled') return controls.answered(message.id, message.media)
      if (message.type !== 'watch') {
        element = message.asked.element
        controls.note(message.asked, message.place, port.send, port.closed)
      }
      player.receive(message)
      changed()
      // Bytes go past us.
      if (message.type === 'follow') shop.hearOf(message.purchase).catch(() => undefined)
    })
  }

  wireClients({ origin, wallet, grants: shop.grants, node: shop.node })
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
