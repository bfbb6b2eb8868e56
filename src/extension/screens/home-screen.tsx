import { type ReactElement, useState } from 'react'
import type { EarningView } from '#bridge/earning.ts'
import type { Transfer } from '#bridge/provider.ts'
import type { Home, WalletState } from '#bridge/shapes.ts'
import { formatPti } from '#std/amount.ts'
import { Amount } from '#ui/amount.tsx'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Icon } from '#ui/icon.tsx'
import { Notice } from '#ui/notice.tsx'
import { type TextKey, text } from '#ui/texts.ts'
import { AccountsScreen } from './accounts-screen.tsx'
import { Activity } from './activity.tsx'
import { BackupScreen } from './backup-screen.tsx'
import { BidsScreen } from './bids-screen.tsx'
import { EarningNow } from './earning-now.tsx'
import { heldWei } from './held.ts'
import { HeldScreen } from './held-screen.tsx'
import { NetworkScreen } from './network-screen.tsx'
import { ReceiveScreen } from './receive-screen.tsx'
import { SendScreen } from './send-screen.tsx'
import { SettingsScreen } from './settings-screen.tsx'
import { SitesScreen } from './sites-screen.tsx'
import { SpendingNow } from './spending-now.tsx'

type UnlockedWallet = Exclude<WalletState, { status: 'absent' }>
type HomeScreenProps = {
  readonly home: Home
  readonly wallet: UnlockedWallet
  readonly transfers: readonly Transfer[]
  readonly earning: EarningView
}
type Tab = 'home' | 'bids' | 'held' | 'sites' | 'settings'
type Place = Tab | 'receive' | 'send' | 'network' | 'accounts' | 'backup'

const tabs: readonly (readonly [Tab, TextKey])[] = [
  ['home', 'tabHome'],
  ['bids', 'bids'],
  ['held', 'held'],
  ['sites', 'sites'],
  ['settings', 'settings'],
]

export function HomeScreen({ home, wallet, transfers, earning }: HomeScreenProps): ReactElement {
  const [place, setPlace] = useState<Place>(location.search === '?window=bids' ? 'bids' : 'home')
  const goHome = (): void => setPlace('home')
  switch (place) {
    case 'receive':
      return <ReceiveScreen wallet={wallet} back={goHome} />
    case 'send':
      return <SendScreen home={home} back={goHome} />
    case 'network':
      return <NetworkScreen networks={wallet.networks} network={wallet.network} back={goHome} />
    case 'accounts':
      return <AccountsScreen wallet={wallet} back={goHome} />
    case 'backup':
      return <BackupScreen settings={wallet.settings} back={goHome} />
    default:
      return (
        <>
          <HomeHead wallet={wallet} go={setPlace} />
          <div className="tab-body" key={place}>
            {place === 'bids' ? (
              <BidsScreen attention={earning.attention} />
            ) : place === 'held' ? (
              <HeldScreen purchases={home.purchases} />
            ) : place === 'sites' ? (
              <SitesScreen sites={home.sites} />
            ) : place === 'settings' ? (
              <SettingsScreen home={home} wallet={wallet} />
            ) : (
              <Overview home={home} wallet={wallet} transfers={transfers} earning={earning} go={setPlace} />
            )}
          </div>
          <nav className="tabs" aria-label={text('tabs')}>
            {tabs.map(([tab, name]) => (
              <button
                key={tab}
                type="button"
                className="tab"
                aria-current={tab === place ? 'page' : undefined}
                onClick={() => setPlace(tab)}
              >
                {text(name)}
              </button>
            ))}
          </nav>
        </>
      )
  }
}

type HeadProps = { readonly wallet: UnlockedWallet; readonly go: (place: Place) => void }

function HomeHead({ wallet, go }: HeadProps): ReactElement {
  const account = wallet.accounts.find(({ address }) => address === wallet.address)
  return (
    <header className="row apart home-head">
      <button
        type="button"
        className="button plain account"
        onClick={() => go('accounts')}
        title={wallet.address}
      >
        <img src={chrome.runtime.getURL('mark.svg')} alt="" width="20" height="20" />
        {text('accountNumber', String((account?.index ?? 0) + 1))}
      </button>
      <span className="row">
        <button
          type="button"
          className="button plain chip"
          aria-label={`${text('network')}: ${wallet.network.name}`}
          title={wallet.network.rpcUrl}
          data-testid="network"
          onClick={() => go('network')}
        >
          <Icon name="network" />
          {wallet.network.name}
        </button>
        <button
          type="button"
          className="button plain icon-only"
          aria-label={text('lock')}
          title={text('lock')}
          onClick={() => void askBackground('wallet-lock', {})}
        >
          <Icon name="lock" />
        </button>
      </span>
    </header>
  )
}

function Overview({
  home,
  wallet,
  transfers,
  earning,
  go,
}: HomeScreenProps & { readonly go: (place: Place) => void }): ReactElement {
  const playing = home.purchases.filter(purchase => purchase.state === 'playing')
  const holdingWei = home.purchases.reduce((sum, purchase) => sum + heldWei(purchase), 0n)
  return (
    <>
      <h1 className="sr-only">{text('tabHome')}</h1>
      {!wallet.settings.isBackedUp && (
        <div className="padded">
          <Notice loss>
            <p>{text('backupReminder')}</p>
            <Button onClick={() => go('backup')}>{text('backupNow')}</Button>
          </Notice>
        </div>
      )}
      <section className="stack padded" aria-label={text('balance')}>
        <Balance home={home} />
        {holdingWei > 0n && (
          <button type="button" className="link small" onClick={() => go('held')}>
            {text('heldLine', formatPti(holdingWei))}
          </button>
        )}
        <div className="row">
          <Button onClick={() => go('receive')}>
            <Icon name="receive" />
            {text('receive')}
          </Button>
          <Button onClick={() => go('send')}>
            <Icon name="send" />
            {text('send')}
          </Button>
        </div>
      </section>
      <EarningNow running={earning.viewings.filter(({ isRunning }) => isRunning)} />
      <SpendingNow playing={playing} />
      <Activity purchases={home.purchases} transfers={transfers} viewings={earning.viewings} />
    </>
  )
}

function Balance({ home }: { readonly home: Home }): ReactElement {
  if (!home.chainReachable) return <Notice loss>{text('chainAway')}</Notice>
  if (home.balanceWei === undefined)
    return <span className="skeleton" style={{ width: 190, height: 30 }} aria-hidden="true" />
  return (
    <>
      <p>
        <Amount wei={home.balanceWei} kind="large" testId="balance" />
      </p>
      {home.etherWei !== undefined && home.etherWei > 0n && (
        <p className="quiet small">
          <Amount wei={home.etherWei} unit="ETH" testId="ether" />
        </p>
      )}
      {!home.hasParatii ? (
        <Notice>{text('noParatiiHere')}</Notice>
      ) : (
        home.balanceWei === 0n && <p className="quiet">{text('lowBalance')}</p>
      )}
    </>
  )
}
