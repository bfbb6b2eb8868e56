import { type ReactElement, useState } from 'react'
import type { Home, WalletState } from '#bridge/shapes.ts'
import { Amount } from '#ui/amount.tsx'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Icon } from '#ui/icon.tsx'
import { Notice } from '#ui/notice.tsx'
import { text } from '#ui/texts.ts'
import { Activity } from './activity.tsx'
import { NetworkScreen } from './network-screen.tsx'
import { ReceiveScreen } from './receive-screen.tsx'
import { SpendingNow } from './spending-now.tsx'

type UnlockedWallet = Exclude<WalletState, { status: 'absent' }>
type HomeScreenProps = { readonly home: Home; readonly wallet: UnlockedWallet }

export function HomeScreen({ home, wallet }: HomeScreenProps): ReactElement {
  const [screen, setScreen] = useState<'home' | 'receive' | 'network'>('home')
  if (screen === 'receive') return <ReceiveScreen wallet={wallet} back={() => setScreen('home')} />
  if (screen === 'network') return <NetworkScreen network={wallet.network} back={() => setScreen('home')} />
  const playing = home.purchases.filter(purchase => purchase.state === 'playing')
  return (
    <>
      <header className="row apart home-head">
        <span className="row account">
          <img src={chrome.runtime.getURL('mark.svg')} alt="" width="20" height="20" />
          {text('account')}
        </span>
        <span className="row">
          <button
            type="button"
            className="button plain chip"
            aria-label={`${text('network')}: ${wallet.network.name}`}
            title={wallet.network.rpcUrl}
            data-testid="network"
            onClick={() => setScreen('network')}
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
      <section className="stack padded" aria-label={text('balance')}>
        <Balance home={home} />
        <div className="row">
          <Button onClick={() => setScreen('receive')}>
            <Icon name="receive" />
            {text('receive')}
          </Button>
        </div>
      </section>
      <SpendingNow playing={playing} />
      <Activity purchases={home.purchases} />
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
      {home.balanceWei === 0n && <p className="quiet">{text('lowBalance')}</p>}
    </>
  )
}
